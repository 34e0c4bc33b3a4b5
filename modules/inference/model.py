"""A model package loaded into a runtime: loading with a trial run, and looking at frames."""

import logging
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edge_common.detections import MOST_WEAK, WEAKEST, Result
from edge_common.errors import EdgeError, PackageError
from edge_common.frames import Frame
from edge_common.geometry import Letterbox
from edge_common.model_io import Floats, decode, to_input
from edge_common.packages import INT8_FILE, MODEL_FILE, TFLITE_FILE, Manifest, PackageStore
from edge_common.results import Choice, LiveModel
from edge_common.settings import InferenceSettings, VpuSettings
from modules.inference.fallback import Fallback, Tell
from modules.inference.memory import check_memory
from modules.inference.runtimes.runtime import VPU_DEVICE, Machine, Outputs, Runtime, open_runtime

log = logging.getLogger(__name__)

STANDS_IN = "openvino"
"""What looks on the processor while the VPU is lost."""
AUTO = "auto"
UNTIL_MEASURED = ("openvino", "onnx")
"""What runs a model of `auto` of which nothing is known yet, or whose fastest candidate fails: the first that does."""


@dataclass(frozen=True)
class ModelKey:
    """What has to be loaded anew when any of it changes."""

    model_id: str
    version: str
    backend: str
    threads: int
    device: str | None = None
    vpu: VpuSettings | None = None
    """Of `vpu` and `auto` alone, as nothing else depends on them."""
    precision: str = "int8"


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """One version of a model, ready to look. From any thread: its runtime does one thing at a time."""

    key: ModelKey
    manifest: Manifest
    runtime: Runtime
    """Of the VPU, a `Fallback`."""
    backend: str
    """What it is, also where the key says `auto`."""
    device: str = "CPU"
    choice: Choice | None = None
    """Of `auto`, once it was measured."""
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def look(self, frame: Frame, settings: InferenceSettings) -> Result:
        """What this model finds in a frame; raises InferenceError."""
        began_s = time.perf_counter()
        outputs = self.run(to_input(frame.pixels, self.manifest.input_size_px))
        return self.read(frame, outputs, time.perf_counter() - began_s, settings)

    def run(self, image: Floats) -> Outputs:
        """What the runtime gives for an input, float32 [1, 3, size, size]; raises InferenceError."""
        with self._turn:
            return self.runtime.infer(image)

    def close(self) -> None:
        """Give back what the runtime holds, once it is idle; whoever looks with it later is told by InferenceError."""
        with self._turn:
            self.runtime.close()

    def read(self, frame: Frame, outputs: Outputs, took_s: float, settings: InferenceSettings) -> Result:
        """What outputs that came after `took_s` say of a frame; raises InferenceError. For any thread."""
        began_s = time.perf_counter()
        height, width = frame.pixels.shape[:2]
        thresholds = thresholds_of(self.manifest, settings)
        found = decode(
            outputs,
            kind=self.manifest.kind,
            labels=self.manifest.labels,
            thresholds=thresholds,
            overlap=settings.overlap,
            place=Letterbox(width, height, self.manifest.input_size_px),
            weakest=WEAKEST,
        )
        least = dict(zip(self.manifest.labels, thresholds, strict=True))
        detections = tuple(one for one in found if one.confidence >= least[one.label])
        return Result(
            camera=frame.camera,
            frame_id=frame.id,
            taken_ns=frame.taken_ns,
            model_id=self.manifest.model_id,
            model_version=self.manifest.version,
            kind=self.manifest.kind,
            detections=detections,
            inference_ms=(took_s + time.perf_counter() - began_s) * 1000,
            weak=found[len(detections) :][:MOST_WEAK],
        )

    def describe(self, settings: InferenceSettings) -> LiveModel:
        manifest = self.manifest
        return LiveModel(
            id=manifest.model_id,
            name=manifest.model_name,
            version=manifest.version,
            kind=manifest.kind,
            labels=manifest.labels,
            created=manifest.created,
            threshold=float(thresholds_of(manifest, settings).min()),
            device=self._device(),
            vpu=self.runtime.state if isinstance(self.runtime, Fallback) else None,
            backend=self.backend,
            choice=self.choice,
        )

    def _device(self) -> str:
        if isinstance(self.runtime, Fallback):
            state = self.runtime.state
            return state.device if state.phase == "running" else "CPU"
        return self.device


def key_of(model_id: str, version: str, settings: InferenceSettings) -> ModelKey:
    vpu = settings.vpu if settings.backend in ("vpu", AUTO) else None
    return ModelKey(model_id, version, settings.backend, settings.threads, settings.device, vpu, settings.precision)


def load_model(
    store: PackageStore,
    key: ModelKey,
    trial: Frame,
    settings: InferenceSettings,
    machine: Machine,
    tell: Tell,
    choice: Choice | None = None,
) -> LoadedModel:
    """Verify a package, load it and try it on a frame; raises an EdgeError if any of it fails, leaving nothing open.

    tell: is told when the VPU is lost or back, from any thread. choice: what was measured of it, for `auto`.
    """
    manifest = store.verify(key.model_id, key.version)
    without = [label for label in manifest.labels if label not in manifest.thresholds]
    if without:
        raise PackageError(f"package {key.model_id} {key.version}: no threshold for {', '.join(without)}")
    folder = store.model_file(key.model_id, key.version).parent
    check_memory((folder / MODEL_FILE).stat().st_size)
    wanted = _wanted(key, manifest, choice)
    for backend, file, device in wanted:
        try:
            runtime = _opened(key, manifest, backend, folder / file, device, machine, tell)
            model = LoadedModel(key, manifest, runtime, backend, device, choice)
            try:
                model.look(trial, settings)
            except BaseException:
                runtime.close()
                raise
        except EdgeError as error:
            if (backend, file, device) == wanted[-1]:
                raise
            log.warning("model %s version %s does not run on %s: %s", key.model_id, key.version, backend, error)
        else:
            return model
    raise AssertionError("there is always one to try")


def _wanted(key: ModelKey, manifest: Manifest, choice: Choice | None) -> list[tuple[str, str, str]]:
    """Backend, file and device, what is to be tried first before the rest."""
    file = INT8_FILE if in_int8(key, manifest) else MODEL_FILE
    match key.backend:
        case "auto":
            best = [(choice.best.backend, choice.best.file, choice.best.device)] if choice is not None else []
            return list(dict.fromkeys([*best, *((backend, file, "CPU") for backend in UNTIL_MEASURED)]))
        case "openvino":
            return [(key.backend, file, key.device or "CPU")]
        case "vpu":
            return [(key.backend, file, key.device or VPU_DEVICE)]
        case "tflite":
            return [(key.backend, TFLITE_FILE, "CPU")]
        case _:
            return [(key.backend, file, "CPU")]


def in_int8(key: ModelKey, manifest: Manifest) -> bool:
    """Whether it was found to be faster and as good in whole numbers: that was measured on a processor."""
    on_processor = key.backend in ("onnx", AUTO) or (key.backend == "openvino" and key.device in (None, "CPU"))
    return on_processor and key.precision == "int8" and manifest.has_int8


def _opened(
    key: ModelKey, manifest: Manifest, backend: str, file: Path, device: str, machine: Machine, tell: Tell
) -> Runtime:
    if backend == "tflite" and manifest.tflite is None:
        raise PackageError(
            f"package {key.model_id} {key.version} has no {TFLITE_FILE}, which backend tflite runs; "
            "ready-made models that were published for TFLite have one, trained models have none"
        )
    if backend != "vpu":
        return open_runtime(backend, file, key.threads, device, machine, tflite=manifest.tflite)
    vpu, how = machine.vpu, key.vpu or VpuSettings()
    processor = open_runtime(STANDS_IN, file, key.threads, machine=machine)
    if vpu is not None:
        vpu.join()
    return Fallback(
        processor,
        lambda: open_runtime(backend, file, key.threads, device, machine, how.sdk),
        device,
        how,
        tell,
        vpu.leave if vpu is not None else lambda: None,
    )


def thresholds_of(manifest: Manifest, settings: InferenceSettings) -> Floats:
    """Minimum confidence of each label, float32 [labels]: the one set for all, or what the package recommends."""
    if settings.minimum_confidence is not None:
        return np.full(len(manifest.labels), settings.minimum_confidence, dtype=np.float32)
    return np.array([manifest.thresholds[label] for label in manifest.labels], dtype=np.float32)
