"""What inference asks of a runtime, and the choice of one by its name."""

from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_common.errors import ConfigError, RuntimeUnavailable

RuntimeKind = Literal["openvino", "onnx", "fake"]


class Runtime(Protocol):
    """One loaded model. Arrays handed in or out belong to the caller; used by one thread at a time."""

    def infer(self, image: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
        """Every output by its name, for an image [1, 3, size, size], BGR, 0-255; raises InferenceError."""
        ...

    def close(self) -> None:
        """Give back what the model holds; it may be called again."""
        ...


def open_runtime(kind: str, model: Path, threads: int) -> Runtime:
    """Load an ONNX file with the runtime asked for, never with another one.

    Raises RuntimeUnavailable if this machine does not have it and PackageError if it cannot take the model.
    """
    try:
        match kind:
            case "openvino":
                from modules.inference.runtimes.runtime_openvino import OpenvinoRuntime

                return OpenvinoRuntime(model, threads)
            case "onnx":
                from modules.inference.runtimes.runtime_onnx import OnnxRuntime

                return OnnxRuntime(model, threads)
            case "fake":
                from modules.inference.runtimes.runtime_fake import FakeRuntime

                return FakeRuntime(model)
            case _:
                raise ConfigError([f"backend: openvino, onnx or fake expected, got {kind!r}"])
    except ImportError as error:
        raise RuntimeUnavailable(f"runtime {kind!r} is not installed here: {error}") from error
