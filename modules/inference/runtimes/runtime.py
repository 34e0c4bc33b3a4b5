"""What inference asks of a runtime, and the choice of one by its name."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_common.errors import ConfigError, PackageError, RuntimeUnavailable
from edge_common.tflite_facts import TfliteFacts
from modules.inference.runtimes.compiled import CompiledModels
from modules.inference.vpu import Vpu
from modules.inference.vpu_process import Sdk

RuntimeKind = Literal["openvino", "onnx", "tflite", "vpu", "fake"]
VPU_DEVICE = "MYRIAD"


Image = NDArray[np.float32]
"""What a model takes: [1, 3, size, size], BGR, 0-255."""
Outputs = dict[str, NDArray[Any]]
"""What it gives, by name."""


class Runtime(Protocol):
    """One loaded model. Arrays handed in or out belong to the caller; used by one thread at a time."""

    def infer(self, image: Image) -> Outputs:
        """Every output for an image; raises InferenceError."""
        ...

    def close(self) -> None:
        """Give back what the model holds; it may be called again."""
        ...


@dataclass(frozen=True)
class Machine:
    """What runtimes use of this machine beside the processor."""

    vpu: Vpu | None = None
    """The process that holds it; closed by whoever made it."""
    compiled: CompiledModels | None = None
    """Where models are kept as they were compiled."""


NOTHING_MORE = Machine()


def open_runtime(
    kind: str,
    model: Path,
    threads: int,
    device: str | None = None,
    machine: Machine = NOTHING_MORE,
    sdk: Sdk = "openvino",
    tflite: TfliteFacts | None = None,
) -> Runtime:
    """Load a model file, TFLite for `tflite` and ONNX for all else, with the runtime asked for, never another one.

    device: as OpenVINO calls it; None is the one that the runtime is made for. sdk: that of the VPU's process. tflite:
    what the package's manifest tells of its TFLite file.
    Raises RuntimeUnavailable if this machine does not have it, PackageError if it cannot take the model and DeviceLost
    if the device beside the processor does not take it now.
    """
    try:
        match kind:
            case "openvino":
                from modules.inference.runtimes.runtime_openvino import OpenvinoRuntime

                return OpenvinoRuntime(model, threads, device or "CPU", machine.compiled)
            case "onnx":
                from modules.inference.runtimes.runtime_onnx import OnnxRuntime

                return OnnxRuntime(model, threads)
            case "tflite":
                from modules.inference.runtimes.runtime_tflite import TfliteRuntime

                if tflite is None:
                    raise PackageError(f"{model}: facts of a TFLite file expected in its package's manifest, got none")
                return TfliteRuntime(model, threads, tflite)
            case "vpu":
                from modules.inference.runtimes.runtime_vpu import VpuRuntime

                if machine.vpu is None:
                    raise RuntimeUnavailable("runtime 'vpu': no process is set up that could hold the device")
                return VpuRuntime(machine.vpu, model, threads, device or VPU_DEVICE, sdk)
            case "fake":
                from modules.inference.runtimes.runtime_fake import FakeRuntime

                return FakeRuntime(model)
            case _:
                raise ConfigError([f"backend: openvino, onnx, tflite, vpu or fake expected, got {kind!r}"])
    except ImportError as error:
        raise RuntimeUnavailable(f"runtime {kind!r} is not installed here: {error}") from error
