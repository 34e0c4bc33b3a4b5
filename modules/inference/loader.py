"""Loads the active version of every model beside those that run, in a thread of its own, and hands over whole sets.

A version that cannot be loaded never replaces one that runs: it is logged, reported once, and tried again later.
"""

import logging
import queue
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import numpy as np

from edge_common.errors import EdgeError
from edge_common.frames import Frame
from edge_common.hub import Hub
from edge_common.packages import PackageStore
from edge_common.service import give_back_memory
from edge_common.settings import InferenceSettings
from edge_common.telemetry_events import ModelEvent, ModelNews
from modules.inference.background import Background
from modules.inference.choices import Choices
from modules.inference.choosing import Chooser
from modules.inference.model import AUTO, LoadedModel, ModelKey, key_of, load_model
from modules.inference.runtimes.runtime import NOTHING_MORE, Machine

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.25
TRY_AGAIN_S = 60.0

Models = tuple[LoadedModel, ...]


class ModelLoader(Background):
    """Watches a package store. Sets of models go out through `ready`; `failures` tells which versions were refused."""

    def __init__(
        self,
        store: PackageStore,
        hub: Hub,
        settings: InferenceSettings,
        *,
        machine: Machine = NOTHING_MORE,
        chooser: Chooser | None = None,
        held: Callable[[], AbstractContextManager[None]] = nullcontext,
        try_again_s: float = TRY_AGAIN_S,
    ) -> None:
        """chooser: of what runs models of `auto`; None: one that forgets with this loader. held: entered for as long
        as a model is being loaded.
        """
        super().__init__("loader")
        self.ready: queue.SimpleQueue[Models] = queue.SimpleQueue()
        self.gone: queue.SimpleQueue[LoadedModel] = queue.SimpleQueue()
        """Models that are used no more, to be closed here: that takes as long as looking at a frame."""
        self.settings = settings
        """Replaced whole by whoever gets new ones."""
        self.recent: Frame | None = None
        """The last frame that was seen, for trial runs; set by whoever sees frames."""
        self.failures: dict[str, str] = {}
        """Why the active version of a model does not run, by model id; replaced whole."""
        self._store = store
        self._hub = hub
        self._machine = machine
        self._held = held
        self._chooser = chooser or Chooser(machine, Choices())
        self._try_again_s = try_again_s
        self._models: dict[str, LoadedModel] = {}
        self._refused: dict[ModelKey, float] = {}

    def _run(self) -> None:
        while True:
            self.look(time.monotonic())
            if self._stop.wait(LOOK_EVERY_S):
                return

    def close(self) -> None:
        """After whoever uses the models has ended."""
        super().close()
        self._chooser.close()
        self._close_gone()
        for model in self._models.values():
            model.close()

    def look(self, now_s: float) -> None:
        """Bring the models in line with the store and the settings, as far as they can be loaded."""
        self._close_gone()
        settings = self.settings
        live = self._store.live()
        wanted = [key_of(model_id, version, settings) for model_id, version in live.items()]
        self._refused = {key: since_s for key, since_s in self._refused.items() if key in wanted}
        self.failures = {key.model_id: self.failures[key.model_id] for key in self._refused}
        for key in wanted:
            running = self._models.get(key.model_id)
            refused_s = self._refused.get(key)
            due = refused_s is None or now_s - refused_s >= self._try_again_s
            if due and (running is None or running.key != key):
                self._load(key, settings, now_s)
        gone = [model_id for model_id in self._models if model_id not in live]
        for model_id in gone:
            del self._models[model_id]
            self._hand_over()
            self._tell(model_id, "model gone", "", "")
        self._choose(settings, now_s)

    def _choose(self, settings: InferenceSettings, now_s: float) -> None:
        """Have models of `auto` measured of which nothing is known, beside those that run, on a real frame."""
        automatic = [model.key for model in self._models.values() if model.key.backend == AUTO]
        if (measured := self._chooser.measured(automatic)) is not None:
            self._load(measured, settings, now_s)
        for model in self._models.values():
            if model.key.backend == AUTO and model.choice is None and self.recent is not None:
                folder = self._store.model_file(model.key.model_id, model.key.version).parent
                self._chooser.measure(model.key, model.manifest, folder, self.recent)

    def _load(self, key: ModelKey, settings: InferenceSettings, now_s: float) -> None:
        started_s = time.perf_counter()
        running = self._models.get(key.model_id)
        # Of `auto`: the same version goes on, on what was found to be the fastest.
        goes_on = running is not None and running.key == key

        def tell(event: ModelNews, message: str) -> None:
            self._tell(key.model_id, event, key.version, message)

        try:
            with self._held():
                manifest = self._store.read_manifest(key.model_id, key.version)
                choice = self._chooser.known(key, manifest) if key.backend == AUTO else None
                trial = self.recent or _grey_frame()
                model = load_model(self._store, key, trial, settings, self._machine, tell, choice)
        except (EdgeError, OSError) as error:
            log.error("model %s version %s does not run, what ran before stays: %s", key.model_id, key.version, error)
            if goes_on:
                return
            known = key in self._refused
            self._refused[key] = now_s
            self.failures = {**self.failures, key.model_id: str(error)}
            if not known:
                self._tell(key.model_id, "model refused", key.version, str(error))
            return
        took_s = time.perf_counter() - started_s
        log.info("model %s version %s runs on %s after %.1f s", key.model_id, key.version, model.backend, took_s)
        self._models[key.model_id] = model
        self._refused.pop(key, None)
        self.failures = {model_id: why for model_id, why in self.failures.items() if model_id != key.model_id}
        self._hand_over()
        if not goes_on:
            self._tell(key.model_id, "model live", key.version, "")

    def _close_gone(self) -> None:
        if self.gone.empty():
            return
        with self._held():
            while not self.gone.empty():
                self.gone.get().close()
            # Else each swap would leave the process larger, in parts that fit nothing (ONNX Runtime's above all).
            give_back_memory()

    def _hand_over(self) -> None:
        self.ready.put(tuple(self._models[model_id] for model_id in sorted(self._models)))

    def _tell(self, model_id: str, event: ModelNews, version: str, message: str) -> None:
        self._hub.send(
            ModelEvent(
                model_id=model_id,
                model_version=version or None,
                event=event,
                message=message,
                attributes=self._attributes(model_id, version),
            )
        )

    def _attributes(self, model_id: str, version: str) -> dict[str, str]:
        """By which operations sort models; none of a version that is gone or cannot be read."""
        try:
            return self._store.read_manifest(model_id, version).attributes if version else {}
        except EdgeError:
            return {}


def _grey_frame() -> Frame:
    """Stands in for a recent frame until a camera gives one."""
    return Frame("none", 0, 0, np.full((480, 640, 3), 114, dtype=np.uint8))
