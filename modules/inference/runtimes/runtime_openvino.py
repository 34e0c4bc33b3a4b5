"""Models run by OpenVINO on the CPU: the one home of its SDK.

Only its reader of ONNX files and its CPU plugin are used; the converter, which reports its use, is never called.
"""

from pathlib import Path
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import properties
from openvino.properties import hint

from edge_common.errors import InferenceError, PackageError


class OpenvinoRuntime:
    """A `Runtime`."""

    def __init__(self, model: Path, threads: int) -> None:
        settings = {
            hint.performance_mode: hint.PerformanceMode.LATENCY,
            # Arm and newer Intel processors would otherwise compute in 16 bits, and scores differ from those measured.
            hint.inference_precision: openvino.Type.f32,
            properties.inference_num_threads: threads,
        }
        try:
            core = openvino.Core()
            compiled = core.compile_model(core.read_model(model), "CPU", settings)
        except (RuntimeError, TypeError, ValueError) as error:
            raise PackageError(f"OpenVINO cannot load {model}: {_told(error)}") from error
        names = [sorted(port.get_names()) for port in compiled.inputs]
        if len(names) != 1 or "image" not in names[0]:
            raise PackageError(f"{model}: one input named 'image' expected, got {names}")
        # A port keeps the names of the layers that were merged into it, so each output may have more than one.
        self._outputs = [sorted(port.get_names()) for port in compiled.outputs]
        self._request: openvino.InferRequest | None = compiled.create_infer_request()

    def infer(self, image: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
        if self._request is None:
            raise InferenceError("OpenVINO: the model is closed")
        try:
            # The image is read in place during the call; outputs are copied, as the next call writes over them.
            values = self._request.infer({"image": image}, share_inputs=True, share_outputs=False).to_tuple()
        except (RuntimeError, TypeError, ValueError) as error:
            raise InferenceError(f"OpenVINO failed: {_told(error)}") from error
        return {name: value for names, value in zip(self._outputs, values, strict=True) for name in names}

    def close(self) -> None:
        self._request = None


def _told(error: Exception) -> str:
    """The lines that say what happened, without those that say where in the SDK."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith("Exception from")]
    return " ".join(telling or lines)[:400]
