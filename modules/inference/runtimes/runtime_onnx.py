"""Models run by ONNX Runtime on the CPU."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_common.errors import InferenceError, PackageError
from edge_common.onnx_session import OnnxSession


class OnnxRuntime:
    """A `Runtime`."""

    def __init__(self, model: Path, threads: int) -> None:
        session = OnnxSession(model, threads=threads)
        if list(session.inputs) != ["image"]:
            raise PackageError(f"{model}: one input named 'image' expected, got {list(session.inputs)}")
        self._session: OnnxSession | None = session

    def infer(self, image: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
        if self._session is None:
            raise InferenceError("ONNX Runtime: the model is closed")
        return self._session.run({"image": image})

    def close(self) -> None:
        self._session = None
