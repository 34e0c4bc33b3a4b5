"""Looks at the newest frame of each camera with every live model and publishes what they find; swaps between frames.

Three threads work side by side: one makes inputs of the next frame, one runs the models, one reads what they gave and
publishes it. So a runtime waits for neither pictures nor sockets.
"""

import contextlib
import logging
import queue
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from edge_common.detections import Result
from edge_common.errors import InferenceError
from edge_common.frames import Frame, FrameSubscriber
from edge_common.latest import LatestByKey
from edge_common.results import AzureEyeState, InferenceState, ResultPublisher, result_key
from edge_common.settings import InferenceSettings
from edge_common.skills.told import SkillStanding
from modules.inference.loader import ModelLoader, Models
from modules.inference.model import LoadedModel
from modules.inference.preparing import Prepared, Preparer
from modules.inference.runtimes.runtime import Outputs

log = logging.getLogger(__name__)

STATE_EVERY_S = 1.0
ERROR_LASTS_S = 10.0
SELDOM_S = 1.0
"""Between two whole pictures of a camera, for models that skills use on parts of them alone."""
_STATE_LOOK_S = 0.2
_MEASURED_OVER_S = 3.0
_WAIT_S = 0.1
_MOST_UNREAD = 4
"""Outputs that may wait to be read; then the models wait."""


@dataclass(frozen=True, eq=False)
class _Looked:
    """What a model gave for a frame, or why it gave nothing."""

    frame: Frame
    model: LoadedModel
    outputs: Outputs | InferenceError
    took_s: float
    last: bool
    """Whether no other model will look at this frame."""


@dataclass(frozen=True, eq=False)
class _Found:
    """What another program found in a frame; None where it is of no picture."""

    result: Result
    frame: Frame | None


class Watcher(Protocol):
    """Who makes something of results; nothing here ever waits for it."""

    standings: tuple[SkillStanding, ...]
    seldom: frozenset[str]
    """Models of which whole pictures are of little use: they look at them seldom."""

    @property
    def missed(self) -> int: ...

    def saw(self, frame: Frame | None, results: tuple[Result, ...]) -> None:
        """What every model that looked at a frame found in it."""
        ...


class InferenceLoop:
    """Owns the models in use and the socket of results, each used by one thread of its own."""

    def __init__(
        self, frames: FrameSubscriber, results: ResultPublisher, loader: ModelLoader, settings: InferenceSettings
    ) -> None:
        self.settings = settings
        """Replaced whole by whoever gets new ones; read once for each frame."""
        self.state = InferenceState(models=(), runtime=settings.backend, frames_per_s=0, inference_ms=0, last_error="")
        self.azureeye: AzureEyeState | None = None
        """Of what looks beside the models here; replaced whole by whoever listens to it. While it watches, the models
        here leave its model on its camera to it."""
        self.models: Models = ()
        """Those that look now; replaced whole."""
        self.skills: Watcher | None = None
        self.newest: LatestByKey[Result] = LatestByKey()
        """The newest result of each camera and model, by `result_key`; for one who samples them."""
        self._preparer = Preparer(frames)
        self._results = results
        self._loader = loader
        self._unread: queue.Queue[_Looked | _Found | Models | None] = queue.Queue(_MOST_UNREAD)
        """Models: from here on results are of these; None: there will be no more."""
        self._found: list[Result] = []
        """In the frame whose results are being read."""
        self._seldom_s: dict[tuple[str, str], float] = {}
        """When models that look seldom last did, by camera and model."""
        self._stated: Models = ()
        self._pace = Pace()
        self._failing: dict[tuple[str, str], tuple[float, str]] = {}
        self._stated_s = self._state_due_s = 0.0
        self._stop = threading.Event()
        self._runner = threading.Thread(target=self._run, name="inference", daemon=True)
        self._reader = threading.Thread(target=self._publish, name="results", daemon=True)

    def start(self) -> None:
        self._preparer.start()
        self._reader.start()
        self._runner.start()

    def alive(self) -> bool:
        return self._preparer.alive() and self._runner.is_alive() and self._reader.is_alive()

    def close(self) -> None:
        self._stop.set()
        self._preparer.close()
        self._runner.join()
        self._reader.join()

    def publish(self, result: Result, frame: Frame | None) -> None:
        """Publish what another program found, in that frame if it is known. From any thread."""
        self._hand_on(_Found(result, frame))

    def _run(self) -> None:
        """Run the models."""
        models: Models = ()
        busy_s = 0.0
        while not self._stop.is_set():
            models = self._swap(models)
            prepared = self._preparer.take(_WAIT_S, busy_s)
            if prepared is not None:
                began_s = time.monotonic()
                self._look(prepared, models)
                # A mean over some frames: a single slow one says little about the next.
                busy_s += (time.monotonic() - began_s - busy_s) / 4
        for model in self._swap(models):
            self._loader.gone.put(model)
        self._hand_on(None)

    def _swap(self, models: Models) -> Models:
        """The newest set that the loader has ready, else these; models that no set holds any more go back to it."""
        while not self._loader.ready.empty():
            old, models = models, self._loader.ready.get()
            self.models = models
            self._preparer.sizes = frozenset(model.manifest.input_size_px for model in models)
            # Before any result of a new version, so that a reader knows the version when its results come.
            self._hand_on(models)
            for model in old:
                if model not in models:
                    self._loader.gone.put(model)
        return models

    def _look(self, prepared: Prepared, models: Models) -> None:
        self._loader.recent = prepared.frame
        eye = self.azureeye
        if eye is not None and eye.phase == "watching" and eye.camera == prepared.frame.camera:
            models = tuple(model for model in models if model.manifest.model_id != eye.model)
        models = self._without_seldom(prepared.frame.camera, models)
        for model in models:
            began_s = time.perf_counter()
            outputs: Outputs | InferenceError
            try:
                outputs = model.run(prepared.input(model.manifest.input_size_px))
            except InferenceError as error:
                outputs = error
            took_s = time.perf_counter() - began_s
            self._hand_on(_Looked(prepared.frame, model, outputs, took_s, model is models[-1]))

    def _without_seldom(self, camera: str, models: Models) -> Models:
        """Those whose turn it is: skills show parts of pictures to the others, which need whole ones for Live alone."""
        seldom = self.skills.seldom if self.skills is not None else frozenset()
        if not seldom:
            return models
        now_s, due = time.monotonic(), []
        for model in models:
            key = (camera, model.manifest.model_id)
            if model.manifest.model_id not in seldom:
                due.append(model)
            elif now_s - self._seldom_s.get(key, float("-inf")) >= SELDOM_S:
                self._seldom_s[key] = now_s
                due.append(model)
        return tuple(due)

    def _hand_on(self, item: _Looked | _Found | Models | None) -> None:
        """Wait until it can be read; not for a reader that a fault has ended, which `alive` tells."""
        while self._reader.is_alive():
            with contextlib.suppress(queue.Full):
                self._unread.put(item, timeout=_WAIT_S)
                return

    def _publish(self) -> None:
        """Read what the models gave, publish it, and tell how it goes."""
        while True:
            try:
                item = self._unread.get(timeout=_WAIT_S)
            except queue.Empty:
                pass
            else:
                if item is None:
                    return
                if isinstance(item, _Looked):
                    self._read(item)
                elif isinstance(item, _Found):
                    self._tell(item.result)
                    if self.skills is not None:
                        self.skills.saw(item.frame, (item.result,))
                else:
                    self._stated, self._state_due_s = item, 0.0
            now_s = time.monotonic()
            if now_s >= self._state_due_s:
                self._state_due_s = now_s + _STATE_LOOK_S
                self._state(now_s)

    def _read(self, looked: _Looked) -> None:
        try:
            if isinstance(looked.outputs, InferenceError):
                raise looked.outputs
            result = looked.model.read(looked.frame, looked.outputs, looked.took_s, self.settings)
        except InferenceError as error:
            self._fail(looked.model.manifest.model_name, looked.frame.camera, error)
        else:
            self._tell(result)
            self._found.append(result)
            self._pace.looked(result.inference_ms)
        if looked.last:
            self._pace.frame(time.monotonic())
            found, self._found = tuple(self._found), []
            if self.skills is not None:
                self.skills.saw(looked.frame, found)

    def _tell(self, result: Result) -> None:
        self._results.publish(result)
        self.newest.put(result_key(result.camera, result.model_id), result)

    def _fail(self, model: str, camera: str, error: InferenceError) -> None:
        message = f"model {model} on camera {camera}: {error}"
        # A model that fails on every frame would fill the log: one line while it lasts.
        if (model, camera) not in self._failing:
            log.error("%s", message)
            self._state_due_s = 0.0
        self._failing[model, camera] = (time.monotonic(), message)

    def _state(self, now_s: float) -> None:
        self._failing = {key: seen for key, seen in self._failing.items() if now_s - seen[0] < ERROR_LASTS_S}
        failures = [message for _, message in self._failing.values()] + list(self._loader.failures.values())
        kinds = sorted({model.backend for model in self._stated})
        state = InferenceState(
            models=tuple(model.describe(self.settings) for model in self._stated),
            runtime=", ".join(kinds) or self.settings.backend,
            frames_per_s=round(self._pace.frames_per_s(now_s), 2),
            inference_ms=round(self._pace.inference_ms(), 2),
            last_error=failures[0] if failures else "",
            azureeye=self.azureeye,
            skills=self.skills.standings if self.skills is not None else (),
            skills_missed=self.skills.missed if self.skills is not None else 0,
        )
        news = state.skills != self.state.skills or reportable(state) != reportable(self.state)
        if news or now_s - self._stated_s >= STATE_EVERY_S:
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
    """What is worth a twin update: everything but the figures that change all the time, and skills, which are apart."""
    return state.model_dump(mode="json", exclude={"version", "frames_per_s", "inference_ms", "skills", "skills_missed"})
