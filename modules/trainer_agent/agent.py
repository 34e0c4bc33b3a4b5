"""When a model is trained, and what follows: one training at a time, in a child process; the new version goes live."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from edge_common.errors import Conflict, EdgeError, NotEnoughTags
from edge_common.hub import Hub
from edge_common.packages import PackageStore
from edge_common.sentences import marked
from edge_common.settings import TrainingSettings
from edge_common.telemetry_events import AboutModel, TrainingFailed, VersionEvent
from modules.trainer_agent.attempt import Attempt
from modules.trainer_agent.kept_versions import KeptVersions
from modules.trainer_agent.learning.feature_cache import FeatureCache
from modules.trainer_agent.library import Library
from modules.trainer_agent.standby import Standby
from modules.trainer_agent.training_log import CANCELLED, TrainingLog, TrainingState, now_text
from modules.trainer_agent.training_messages import Failed, Progress, Trained, encode_request

log = logging.getLogger(__name__)

MOST_INTERRUPTIONS = 3
"""A training that took the device down this often in a row is not started by itself again."""


SETTLE_S = 10.0
"""After the last tag of a model that trains by itself, unless staff say that the image is done."""


class Agent:
    """Trains models when asked, or by itself when the minimum is first reached. Called from any thread."""

    def __init__(
        self,
        library: Library,
        trainings: TrainingLog,
        packages: PackageStore,
        hub: Hub,
        settings: Callable[[], TrainingSettings],
        jobs: Standby,
        *,
        data: Path,
        zoo: Path,
        settle_s: float = SETTLE_S,
        alone: Callable[[], AbstractContextManager[None]] = nullcontext,
        here: Callable[[str], bool] = lambda model_id: True,
    ) -> None:
        """`alone` keeps away what has to give way to a training; `here`: may this model be trained by itself?"""
        self._library = library
        self._trainings = trainings
        self._packages = packages
        self._hub = hub
        self._settings = settings
        self._data = data
        self._zoo = zoo
        self._jobs = jobs
        self._settle_s = settle_s
        self._alone = alone
        self._here = here
        self._changed = threading.Condition()
        self.versions = KeptVersions(library, packages, hub, settings)
        self._number = 0
        self._queue: deque[str] = deque()
        # Tags that were saved just before this process' predecessor died count, too.
        self._due_s = {model.id: time.monotonic() + settle_s for model in library.models()}
        self._attempt: Attempt | None = None
        self._closing = False
        cut = trainings.end_interrupted()
        self._states = trainings.last()
        self._thread = threading.Thread(target=self._run, args=(cut,), name="trainings")
        self._thread.start()

    def train(self, model_id: str) -> TrainingState:
        """Have the model trained, after those before it.

        Raises NotFound, NotEnoughTags saying what is missing, or Conflict when it is being trained already.
        """
        missing = self._library.requirements(model_id, self._settings())
        if missing:
            raise NotEnoughTags(" ".join(missing))
        with self._changed:
            if self.state(model_id).active:
                raise Conflict(marked("This model is being trained already."))
            started = now_text()
            self._trainings.begin(model_id, started)
            self._due_s.pop(model_id, None)
            self._queue.append(model_id)
            return self._publish(TrainingState(model_id, phase="waiting", started=started))

    def cancel(self, model_id: str) -> TrainingState:
        """End the model's training at once, whether it runs or waits, and leave the model as it was.

        Raises NotFound, or Conflict when there is no such training (any more).
        """
        self._library.model(model_id)
        with self._changed:
            state = self.state(model_id)
            if model_id in self._queue:
                self._queue.remove(model_id)
                waits = True
            elif self._attempt is not None and self._attempt.model_id == model_id and self._attempt.cancel():
                waits = False
            else:
                raise Conflict(marked("It was too late to cancel: the training has ended already."))
        if waits:
            self._end_cancelled(state)
        return self.state(model_id)

    def tags_changed(self, model_id: str, *, image_done: bool = False) -> None:
        """Tell that a tag was saved; `image_done`: staff finished the image, so nothing more is waited for."""
        with self._changed:
            self._due_s[model_id] = time.monotonic() + (0.0 if image_done else self._settle_s)
            self._changed.notify_all()

    def settings_changed(self) -> None:
        """Tell that what is enough, or what happens then, may be another now."""
        for model in self._library.models():
            self.tags_changed(model.id)

    def state(self, model_id: str) -> TrainingState:
        """How the model's last training stands."""
        with self._changed:
            return self._states.get(model_id) or TrainingState(model_id)

    def scored(self, model_id: str) -> tuple[TrainingState, ...]:
        """The model's trainings that gave a score, oldest first."""
        return self._trainings.scored(model_id)

    def wait_for_change(self, model_id: str, seen: int, timeout_s: float) -> TrainingState | None:
        """The state once its number is another than `seen`; None when time is up or the agent closes."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self.state(model_id).number != seen, timeout_s)
            state = self.state(model_id)
            return None if state.number == seen else state

    @property
    def closing(self) -> bool:
        return self._closing

    def retire(self, model_id: str, action: Callable[[], None]) -> None:
        """Take a model out of use by `action`, while nothing trains it; raises Conflict when it is being trained."""
        with self._changed, self.versions.still:
            if self.state(model_id).active:
                raise Conflict(marked("This model is being trained just now. It can be deleted when that has ended."))
            self._due_s.pop(model_id, None)
            action()

    def close(self) -> None:
        """End a running training; the next start tells of it as interrupted."""
        with self._changed:
            self._closing = True
            if self._attempt is not None:
                self._attempt.cancel()
            self._changed.notify_all()
        self._thread.join()

    def _run(self, cut: dict[str, int]) -> None:
        for interrupted, times in cut.items():
            self._resume(interrupted, times)
        while (attempt := self._next()) is not None:
            try:
                self._train(attempt)
            except (EdgeError, OSError):
                log.exception("model %s: the end of its training could not be recorded", attempt.model_id)

    def _next(self) -> Attempt | None:
        while True:
            with self._changed:
                if self._closing:
                    return None
                if self._queue:
                    self._attempt = Attempt(self._queue.popleft())
                    return self._attempt
                now_s = time.monotonic()
                due = [model_id for model_id, due_s in self._due_s.items() if due_s <= now_s]
                for model_id in due:
                    del self._due_s[model_id]
                if not due:
                    self._changed.wait(min((due_s - now_s for due_s in self._due_s.values()), default=None))
            for model_id in due:
                self._train_by_itself(model_id)

    def _train_by_itself(self, model_id: str) -> None:
        """The first time when there is enough, and again when enough that was kept to be checked came together."""
        try:
            if not self._here(model_id) or not self._library.model(model_id).automatic or self.state(model_id).active:
                return
            checked = self._library.checks.checked_since_training(model_id)
            if self.state(model_id).phase == "none" or checked >= self._settings().checked_images:
                self.train(model_id)
        except NotEnoughTags:
            return
        except EdgeError as error:
            log.error("model %s is not trained by itself: %s", model_id, error)

    def _resume(self, model_id: str, times: int) -> None:
        try:
            if self._library.model(model_id).automatic and times < MOST_INTERRUPTIONS:
                log.info("model %s: its training was interrupted and starts again", model_id)
                self.train(model_id)
        except EdgeError as error:
            log.error("model %s: its interrupted training does not start again: %s", model_id, error)

    def _train(self, attempt: Attempt) -> None:
        model_id = attempt.model_id
        began = replace(self.state(model_id), phase="running", stage=marked("Getting ready"))
        self._publish(began)
        log.info("model %s: training starts", model_id)
        kept_back = ""
        try:
            live_before = self._packages.current(model_id)
            with self._alone():
                outcome = self._follow(attempt, live_before)
            if isinstance(outcome, Trained) and attempt.decide():
                kept_back = self.versions.promote(model_id, outcome, live_before)
        except (EdgeError, OSError) as error:
            outcome = Failed(code=getattr(error, "code", "error"), message=str(error))
        if not attempt.decide():
            if not self._closing:
                self._end_cancelled(began)
        elif isinstance(outcome, Trained):
            self._succeeded(replace(began, kept_back=kept_back), outcome)
        else:
            self._failed(began, outcome)

    def _follow(self, attempt: Attempt, live_before: str | None) -> Trained | Failed:
        model_id, settings = attempt.model_id, self._settings()
        request = encode_request(
            self._library.training_set(model_id),
            data=self._data,
            packages=self._packages.root,
            zoo=self._zoo,
            threads=settings.threads,
            parent_version=live_before,
            int8=settings.int8,
        )

        def told(progress: Progress) -> None:
            self._publish(replace(self.state(model_id), **progress.model_dump()))

        kept_before = self._packages.versions(model_id)
        try:
            return attempt.run(self._jobs.take, request, told)
        finally:
            if not attempt.decide():
                # Up to a whole version may have been written.
                self.versions.keep_only(model_id, kept_before)
                FeatureCache.under(self._data).sweep()

    def _succeeded(self, began: TrainingState, trained: Trained) -> None:
        told = {name: value for name, value in dict(trained).items() if name not in ("comparison", "int8")}
        state = replace(began, phase="trained", stage="", fraction=1.0, ended=now_text(), **told)
        log.info("model %s: trained %s in %.1f s", state.model_id, trained.version, trained.seconds)
        self._end(state, trained.event(state.model_id, state.kept_back))
        self.versions.prune(state.model_id)

    def _failed(self, began: TrainingState, failed: Failed) -> None:
        state = replace(began, phase="failed", stage="", ended=now_text(), message=failed.message)
        log.error("model %s: training failed: %s", state.model_id, failed.message)
        self._end(state, TrainingFailed(model_id=state.model_id, code=failed.code, message=failed.message))

    def _end_cancelled(self, began: TrainingState) -> None:
        state = replace(began, phase="cancelled", stage="", ended=now_text(), message=CANCELLED)
        log.info("model %s: training cancelled", state.model_id)
        self._end(state, VersionEvent(event="training cancelled", model_id=state.model_id))

    def _end(self, state: TrainingState, event: AboutModel) -> None:
        try:
            # Before anybody sees that it has ended: the next one may begin then, and its row would be taken for this.
            self._trainings.end(state)
        finally:
            self._publish(state)
        # What was checked while it ran may be enough for the next one.
        self.tags_changed(state.model_id)
        about = {"time": state.ended, **event.model_dump(mode="json", exclude={"camera", "frame_id", "attributes"})}
        # A patch adds to what is there, and a training that went well has no reason why it failed.
        self._hub.report({"trainings": {state.model_id: None}})
        self._hub.report({"trainings": {state.model_id: about}})
        self.versions.tell(event)

    def _publish(self, state: TrainingState) -> TrainingState:
        with self._changed:
            self._number += 1
            numbered = replace(state, number=self._number)
            self._states[state.model_id] = numbered
            self._changed.notify_all()
            return numbered
