"""What could run a model on this machine, and all that the fastest of it depends on."""

import functools
import importlib.metadata
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_common.images import digest_of
from edge_common.packages import INT8_FILE, MODEL_FILE, TFLITE_FILE, Manifest
from modules.inference.agreement import FP16, FP32, INT8, Tolerance
from modules.inference.runtimes.runtime import Machine

_LIBRARIES = ("onnxruntime", "openvino", "ai-edge-litert")
_CPU_INFO = Path("/proc/cpuinfo")
_CPU_FACTS = frozenset(
    {"vendor_id", "cpu family", "model", "model name", "stepping", "flags"}
    | {"CPU implementer", "CPU architecture", "CPU variant", "CPU part", "CPU revision", "Features", "Hardware"}
)
"""Those of its lines that do not change from one moment to the next."""
_GPUS = Path("/dev/dri")

Circumstances = dict[str, object]
"""In JSON; the same as long as a measurement says something."""


@dataclass(frozen=True)
class Candidate:
    """A backend with a file of the package."""

    backend: str
    file: str = MODEL_FILE
    device: str = "CPU"
    """As OpenVINO calls it."""
    like: str = MODEL_FILE
    """The file whose first candidate says what is right."""
    tolerance: Tolerance = FP32


def candidates_of(
    manifest: Manifest, machine: Machine, vpu_device: str, *, int8: bool = False, gpus: Path = _GPUS
) -> tuple[Candidate, ...]:
    """All that is worth a try, the reference first; int8: also in whole numbers, which training has judged."""
    found = [Candidate("onnx"), Candidate("openvino")]
    if any(gpus.glob("renderD*")):
        found.append(Candidate("openvino", device="GPU"))
    if int8:
        found += [Candidate(backend, INT8_FILE, like=INT8_FILE, tolerance=INT8) for backend in ("onnx", "openvino")]
    if manifest.tflite is not None:
        found.append(Candidate("tflite", TFLITE_FILE))
    if machine.vpu is not None and machine.vpu.set_up:
        found.append(Candidate("vpu", device=vpu_device, tolerance=FP16))
    return tuple(found)


def circumstances(
    manifest: Manifest, candidates: Sequence[Candidate], threads: int, sdk: str | None, cpu_info: Path = _CPU_INFO
) -> Circumstances:
    """sdk: the VPU's; None where a VPU is not to be tried."""
    return {
        "files": {one.file: manifest.files.get(one.file) for one in candidates},
        "candidates": [[one.backend, one.file, one.device] for one in candidates],
        "machine": _machine(cpu_info),
        "threads": threads,
        "versions": {name: _version(name) for name in _LIBRARIES},
        "sdk": sdk,
    }


@functools.cache
def _machine(cpu_info: Path) -> dict[str, object]:
    """The kind of processor, not the one machine: a disk that moves to another of the same kind needs no new trial."""
    try:
        lines = cpu_info.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    facts = sorted({line.strip() for line in lines if line.partition(":")[0].strip() in _CPU_FACTS})
    return {
        "architecture": platform.machine(),
        "processors": os.cpu_count(),
        "facts_sha256": digest_of("\n".join(facts).encode()),
    }


def _version(library: str) -> str | None:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None
