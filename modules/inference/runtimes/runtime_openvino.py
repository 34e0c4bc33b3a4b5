"""Models run by OpenVINO in this process, on the CPU or another device that it finds: the home of its SDK.

Only its reader of ONNX files and its plugins are used; the converter, which reports its use, is never called.
"""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import properties
from openvino.properties import hint

from edge_common.errors import InferenceError, PackageError, RuntimeUnavailable
from edge_common.service import give_back_memory
from modules.inference.runtimes.compiled import CompiledModels
from modules.inference.vpu_worker import told

log = logging.getLogger(__name__)


class OpenvinoRuntime:
    """A `Runtime`."""

    def __init__(
        self, model: Path, threads: int, device: str = "CPU", compiled_models: CompiledModels | None = None
    ) -> None:
        settings: dict[str, object] = {
            hint.performance_mode: hint.PerformanceMode.LATENCY,
            # Arm and newer Intel processors would otherwise compute in 16 bits, and scores differ from those measured.
            hint.inference_precision: openvino.Type.f32,
        }
        if device == "CPU":
            settings[properties.inference_num_threads] = threads
        core = openvino.Core()
        # As in GPU.0 and AUTO:GPU,CPU; only names of devices are among those that it finds.
        kind, _, inner = device.partition(":")
        wanted = inner.split(",") if inner else [kind]
        found = {name.partition(".")[0] for name in core.available_devices}
        if missing := [name for name in wanted if name.partition(".")[0] not in found]:
            raise RuntimeUnavailable(f"OpenVINO finds no device {', '.join(missing)} here, only {', '.join(found)}")
        try:
            compiled = _compiled(core, model, device, settings, compiled_models)
        except (RuntimeError, TypeError, ValueError) as error:
            raise PackageError(f"OpenVINO cannot load {model}: {told(error)}") from error
        # Compiling leaves behind half of what the model takes, on top of which the first image would come.
        give_back_memory()
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
            raise InferenceError(f"OpenVINO failed: {told(error)}") from error
        return {name: value for names, value in zip(self._outputs, values, strict=True) for name in names}

    def close(self) -> None:
        self._request = None


def _compiled(
    core: openvino.Core, model: Path, device: str, settings: dict[str, object], kept: CompiledModels | None
) -> openvino.CompiledModel:
    if kept is not None:
        try:
            folder = kept.folder(model)
            compiled = core.compile_model(model, device, settings | {properties.cache_dir: str(folder)})
            kept.keep(folder)
        except (OSError, RuntimeError) as error:
            log.warning("%s is compiled without the models that are kept: %s", model, error)
        else:
            return compiled
    return core.compile_model(core.read_model(model), device, settings)
