"""The VPU as models see it: loading into the one process that holds it, looking, letting go.

All models of this program share that process, as no second one can have the device. It is started when a model needs
it, and again after it was ended because it hung, crashed or talked nonsense. It is ended no sooner than it must be:
whoever boots an Azure Eye has it until it is switched off, so another process would not get it.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from edge_common.errors import DeviceBusy, DeviceLost, LossKind, PackageError, RuntimeUnavailable
from modules.inference.vpu_process import WORKER, Sdk, Worker, left
from modules.inference.vpu_usb import USB_DEVICES, instead_of_device, usb_ids

log = logging.getLogger(__name__)

LOAD_WITHIN_S = 600.0
"""Compiling for a Myriad X takes half a minute on a device's processor, and several with azure-percept."""
INFER_WITHIN_S = 4.0
FAULTS_FORGIVEN = 3
"""So many answers of no use end the process."""
_LOOK_AGAIN_S = 0.02

Outputs = dict[str, NDArray[np.float32]]


class Vpu:
    """What models ask for the device. Methods may be called from any thread; one at a time has the process."""

    def __init__(
        self,
        python: str | None,
        *,
        program: Path = WORKER,
        usb: Path = USB_DEVICES,
        infer_within_s: float = INFER_WITHIN_S,
    ) -> None:
        """python: the interpreter that has the SDK; None: there is none. Nothing is started yet."""
        self.infer_within_s = infer_within_s
        self._python = python
        self._program = program
        self._usb = usb
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        self._loading = False
        self._unwanted: deque[tuple[Worker, int]] = deque()
        self._members = 0
        self._counting = threading.Lock()
        self._closed = False

    @property
    def set_up(self) -> bool:
        """Whether there is an interpreter that may have the SDK."""
        return bool(self._python)

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        worker = self._worker
        return worker.pid if worker is not None and not worker.over else None

    def load(self, model: Path, sdk: Sdk, device: str, threads: int) -> "VpuModel":
        """Have a model loaded, which may take minutes; raises DeviceLost, PackageError and RuntimeUnavailable."""
        with self._lock:
            self._loading = True
            try:
                worker = self._started(sdk)
                self._forget_unwanted(self.infer_within_s)
                question = {
                    "do": "load",
                    "path": str(model.absolute()),
                    "sdk": sdk,
                    "device": device,
                    "threads": threads,
                }
                head, _ = worker.ask("loading a model", question, LOAD_WITHIN_S)
                if "error" in head:
                    if not worker.models and (head["error"] in ("no_sdk", "no_device") or self._members == 0):
                        worker.end("it holds no model")
                    self._refused(str(head["error"]), str(head.get("message", "")))
                return VpuModel(self, worker, head)
            finally:
                self._loading = False

    def infer(self, model: "VpuModel", image: NDArray[np.float32]) -> Outputs:
        """Raises DeviceBusy and DeviceLost, no later than after `infer_within_s` and the moment that ending takes."""
        deadline_s = time.monotonic() + self.infer_within_s
        with self._taken(deadline_s):
            worker = model.worker
            if worker.over:
                raise DeviceLost(worker.kind, f"the VPU's process was ended before: {worker.over}")
            self._forget_unwanted(left(deadline_s))
            question = {"do": "infer", "model": model.number}
            head, body = worker.ask("looking at an image", question, left(deadline_s), image.data.cast("B"))
            if "error" in head:
                kind: LossKind = "out_of_memory" if head["error"] == "out_of_memory" else "inference_failed"
                self.mistrust(model, kind, f"the VPU failed: {head.get('message')}")
            try:
                return outputs_of(head["outputs"], body)
            except (LookupError, TypeError, ValueError) as error:
                worker.fail("bad_answer", f"the VPU's process gave what is no answer: {error!r}")

    def mistrust(self, model: "VpuModel", kind: LossKind, message: str) -> NoReturn:
        """Raise DeviceLost for an answer that came but is of no use.

        The process stays, since an Eye takes no other until it is switched off, unless it has happened too often.
        """
        model.worker.faults += 1
        if model.worker.faults >= FAULTS_FORGIVEN:
            model.worker.fail(kind, message)
        raise DeviceLost(kind, message)

    def unload(self, model: "VpuModel") -> None:
        """Let go of a model, without waiting for the process: it is told when it is asked for something next."""
        self._unwanted.append((model.worker, model.number))
        model.worker.models.discard(model.number)
        self._end_if_unneeded()

    def join(self) -> None:
        """Keep the process, once it runs, also while it holds no model."""
        with self._counting:
            self._members += 1

    def leave(self) -> None:
        """Undo `join`; the process ends with the last who needs it."""
        with self._counting:
            self._members -= 1
        self._end_if_unneeded()

    def _end_if_unneeded(self) -> None:
        # Where it is at work for somebody, that one lets go of its model later.
        if self._lock.acquire(blocking=False):
            try:
                worker = self._worker
                if worker is not None and not worker.models and self._members == 0:
                    worker.end("no model needs it any more")
            finally:
                self._lock.release()

    def close(self) -> None:
        """End the process, whatever it is at, and start no other."""
        self._closed = True
        if (worker := self._worker) is not None:
            worker.end("this program ends")

    @contextmanager
    def _taken(self, deadline_s: float) -> Iterator[None]:
        # What another model's image takes is waited for; what loading takes is too long for a frame.
        while self._loading or not self._lock.acquire(timeout=_LOOK_AGAIN_S):
            if self._loading or time.monotonic() > deadline_s:
                raise DeviceBusy("the VPU is at work for another model")
        try:
            yield
        finally:
            self._lock.release()

    def _started(self, sdk: Sdk) -> Worker:
        worker = self._worker
        if worker is not None and worker.sdk != sdk:
            worker.end("another SDK was asked for")
        if worker is None or worker.over:
            if self._closed:
                raise RuntimeUnavailable("the VPU is closed")
            if not self._python:
                raise RuntimeUnavailable("no Python for the VPU is named: FIFTEEN_VPU_PYTHON is not set")
            worker = self._worker = Worker(self._python, self._program, sdk)
            worker.greet()
            log.info("the VPU's process is %d, of %s", worker.pid, self._python)
        return worker

    def _forget_unwanted(self, within_s: float) -> None:
        while self._unwanted:
            worker, number = self._unwanted.popleft()
            if not worker.over:
                worker.ask("letting go of a model", {"do": "unload", "model": number}, within_s)

    def _refused(self, kind: str, message: str) -> NoReturn:
        if kind == "no_sdk":
            raise RuntimeUnavailable(message)
        if kind == "bad_model":
            raise PackageError(message)
        if kind == "no_device":
            told, seen = instead_of_device(usb_ids(self._usb))
            raise DeviceLost(told, f"{message}; {seen}")
        known: dict[str, LossKind] = {"out_of_memory": "out_of_memory", "compile_failed": "compile_failed"}
        raise DeviceLost(known.get(kind, "bad_answer"), message)


class VpuModel:
    """A model that the process holds."""

    def __init__(self, vpu: Vpu, worker: Worker, head: dict[str, Any]) -> None:
        number, shape = head.get("model"), head.get("input")
        if not isinstance(number, int) or not (shape is None or isinstance(shape, list)):
            worker.fail("bad_answer", f"the VPU's process said of the model that it loaded: {head}")
        self.number = number
        self.shape = None if shape is None else tuple(shape)
        """Of images; None: any."""
        self.worker = worker
        self._vpu = vpu
        worker.models.add(number)


def outputs_of(about: Sequence[tuple[Sequence[str], Sequence[int]]], body: bytearray) -> Outputs:
    """Outputs by all their names, from one body; raises ValueError if it is not as long as their shapes say."""
    outputs: Outputs = {}
    offset = 0
    for names, shape in about:
        count = int(np.prod(shape, dtype=np.int64))
        values = np.frombuffer(body, dtype=np.float32, count=count, offset=offset).reshape(shape)
        offset += values.nbytes
        outputs |= dict.fromkeys(names, values)
    if offset != len(body):
        raise ValueError(f"{offset} bytes expected, got {len(body)}")
    return outputs
