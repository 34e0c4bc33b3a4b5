"""Looks at the newest frame of each camera with every live model and publishes what they find; swaps between frames."""

import logging
import threading
import time
from collections import deque

from edge_common.errors import InferenceError
from edge_common.frames import Frame, FrameSubscriber
from edge_common.results import InferenceState, ResultPublisher
from edge_common.settings import InferenceSettings
from modules.inference.loader import ModelLoader, Models

log = logging.getLogger(__name__)

STATE_EVERY_S = 1.0
ERROR_LASTS_S = 10.0
_MEASURED_OVER_S = 3.0
_WAIT_S = 0.1


class InferenceLoop:
    """The thread that owns the models in use and the socket of results."""

    def __init__(
        self, frames: FrameSubscriber, results: ResultPublisher, loader: ModelLoader, settings: InferenceSettings
    ) -> None:
        self.settings = settings
        """Replaced whole by whoever gets new ones; read once for each frame."""
        self.state = InferenceState(models=(), runtime=settings.backend, frames_per_s=0, inference_ms=0, last_error="")
        self._frames = frames
        self._results = results
        self._loader = loader
        self._models: Models = ()
        self._pace = Pace()
        self._failing: dict[tuple[str, str], tuple[float, str]] = {}
        self._stated_s = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def alive(self) -> bool:
        return self._thread.is_alive()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._swap()
            # Before any result of a new version, so that a reader knows the version when its results come.
            self._state(time.monotonic())
            taken = self._frames.frames.take(_WAIT_S)
            if taken is not None:
                self._look(taken[1])
        self._swap()
        for model in self._models:
            model.runtime.close()

    def _swap(self) -> None:
        """Take the newest set that the loader has ready; models that no set holds any more are closed."""
        while not self._loader.ready.empty():
            old, self._models = self._models, self._loader.ready.get()
            for model in old:
                if model not in self._models:
                    model.runtime.close()

    def _look(self, frame: Frame) -> None:
        self._loader.recent = frame
        for model in self._models:
            try:
                result = model.look(frame, self.settings)
            except InferenceError as error:
                self._fail(model.manifest.model_name, frame.camera, error)
            else:
                self._results.publish(result)
                self._pace.looked(result.inference_ms)
        if self._models:
            self._pace.frame(time.monotonic())

    def _fail(self, model: str, camera: str, error: InferenceError) -> None:
        message = f"model {model} on camera {camera}: {error}"
        # A model that fails on every frame would fill the log: one line while it lasts.
        if (model, camera) not in self._failing:
            log.error("%s", message)
        self._failing[model, camera] = (time.monotonic(), message)

    def _state(self, now_s: float) -> None:
        self._failing = {key: seen for key, seen in self._failing.items() if now_s - seen[0] < ERROR_LASTS_S}
        failures = [message for _, message in self._failing.values()] + list(self._loader.failures.values())
        kinds = sorted({model.key.backend for model in self._models})
        state = InferenceState(
            models=tuple(model.describe(self.settings) for model in self._models),
            runtime=", ".join(kinds) or self.settings.backend,
            frames_per_s=round(self._pace.frames_per_s(now_s), 2),
            inference_ms=round(self._pace.inference_ms(), 2),
            last_error=failures[0] if failures else "",
        )
        if now_s - self._stated_s >= STATE_EVERY_S or reportable(state) != reportable(self.state):
            self._results.publish_state(state)
            self._stated_s = now_s
            self.state = state


class Pace:
    """How many frames a second, and how long a model takes for one, over the last seconds."""

    def __init__(self) -> None:
        self._frames_s: deque[float] = deque()
        self._took_ms: deque[float] = deque(maxlen=100)

    def frame(self, now_s: float) -> None:
        self._frames_s.append(now_s)

    def looked(self, inference_ms: float) -> None:
        self._took_ms.append(inference_ms)

    def frames_per_s(self, now_s: float) -> float:
        while self._frames_s and now_s - self._frames_s[0] > _MEASURED_OVER_S:
            self._frames_s.popleft()
        return len(self._frames_s) / _MEASURED_OVER_S

    def inference_ms(self) -> float:
        return sum(self._took_ms) / len(self._took_ms) if self._took_ms else 0.0


def reportable(state: InferenceState) -> dict[str, object]:
    """What is worth a twin update: everything but the figures that change all the time."""
    return state.model_dump(mode="json", exclude={"version", "frames_per_s", "inference_ms"})
