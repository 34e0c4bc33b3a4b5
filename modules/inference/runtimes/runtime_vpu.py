"""Models run on a VPU, by the process that holds it; what it answers is held to be wrong until it looks right."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_common.errors import InferenceError
from modules.inference.vpu import Vpu, VpuModel
from modules.inference.vpu_process import Sdk


class VpuRuntime:
    """A `Runtime`. Each call ends within a bounded time; `infer` raises DeviceLost when the device is of no use now."""

    def __init__(self, vpu: Vpu, model: Path, threads: int, device: str, sdk: Sdk = "openvino") -> None:
        self._vpu = vpu
        self._model: VpuModel | None = vpu.load(model, sdk, device, threads)
        self._shapes: dict[str, tuple[int, ...]] = {}

    def infer(self, image: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
        if self._model is None:
            raise InferenceError("VPU: the model is closed")
        if self._model.shape not in (None, image.shape):
            raise InferenceError(f"VPU: an image of shape {self._model.shape} expected, got {image.shape}")
        outputs = self._vpu.infer(self._model, np.ascontiguousarray(image, dtype=np.float32))
        self._check(self._model, outputs)
        return dict(outputs)

    def close(self) -> None:
        model, self._model = self._model, None
        if model is not None:
            self._vpu.unload(model)

    def _check(self, model: VpuModel, outputs: dict[str, NDArray[np.float32]]) -> None:
        shapes = {name: value.shape for name, value in outputs.items()}
        self._shapes = self._shapes or shapes
        if shapes != self._shapes:
            self._vpu.mistrust(model, "bad_answer", f"the VPU gave outputs of shapes {shapes} after {self._shapes}")
        for name, value in outputs.items():
            if not np.isfinite(value).all():
                self._vpu.mistrust(model, "bad_answer", f"the VPU gave numbers that are not finite for {name}")
