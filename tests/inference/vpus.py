"""Workers to test with: the real program over today's OpenVINO on the processor, which stands for the device."""

import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from modules.inference.vpu import Vpu
from tests.inference.tiny_models import SIZE

MISBEHAVING = Path(__file__).with_name("misbehaving_worker.py")
WITHIN_S = 1.0
"""What a test gives the worker for an image; the product gives INFER_WITHIN_S."""


class Rig:
    """A VPU that can be told to misbehave."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *, infer_within_s: float = WITHIN_S) -> None:
        self.usb = folder / "usb"
        self.usb.mkdir()
        self._script = folder / "behaviour"
        monkeypatch.setenv("BEHAVIOUR", str(self._script))
        self.vpu = Vpu(sys.executable, program=MISBEHAVING, usb=self.usb, infer_within_s=infer_within_s)

    def do(self, behaviour: str) -> None:
        # Whole or not at all: the worker may be reading it.
        written = self._script.with_suffix(".new")
        written.write_text(behaviour)
        written.replace(self._script)

    def plug(self, *ids: str) -> None:
        """Have USB show these devices and no other."""
        for number, one in enumerate(ids):
            device = self.usb / f"1-{number}"
            device.mkdir()
            vendor, product = one.split(":")
            (device / "idVendor").write_text(vendor + "\n")
            (device / "idProduct").write_text(product + "\n")


def image(*colour: float) -> NDArray[np.float32]:
    return np.broadcast_to(np.array(colour, dtype=np.float32).reshape(1, 3, 1, 1), (1, 3, SIZE, SIZE)).copy()


def running(pid: int) -> bool:
    """Whether there is such a process that still does something; one that only waits to be buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
