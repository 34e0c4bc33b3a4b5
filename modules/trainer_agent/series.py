"""Series: images captured by the device on its own, every so many seconds, until there are enough or time is up."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from edge_common.errors import CameraError, Conflict, EdgeError
from edge_common.frames import Frame
from edge_common.images import small_grey_of
from edge_common.sentences import marked, sentence
from modules.trainer_agent.changed import LOOK_PX, has_changed
from modules.trainer_agent.library import Library
from modules.trainer_agent.series_plan import SeriesPhase, SeriesPlan, SeriesState, SeriesTable, checked_plan

log = logging.getLogger(__name__)

MOST_SERIES = 4
_FRAME_WAIT_S = 10.0


def capture_name(camera: str, taken_ns: int) -> str:
    """What an image from a camera is called in the library."""
    taken = datetime.fromtimestamp(taken_ns / 1e9).astimezone()
    return f"{camera} {taken:%Y-%m-%d %H.%M.%S}.{taken.microsecond // 1000:03}"


class SeriesRunner:
    """At most one series a model, a few in all. Every method may be called from any thread.

    A series goes on while nobody looks, and after a restart of the device.
    """

    def __init__(self, library: Library, fresh_frame: Callable[[str, float], Frame]) -> None:
        """`fresh_frame(camera, timeout_s)` gives a frame taken after the call, or raises CameraError."""
        self._library = library
        self._fresh_frame = fresh_frame
        self._table = SeriesTable(library.database)
        self._changed = threading.Condition()
        self._states: dict[str, SeriesState] = {}
        self._stops: dict[str, threading.Event] = {}
        self._number = 0

    def start(self, model_id: str, plan: SeriesPlan) -> SeriesState:
        """Begin a series; raises InvalidInput, NotFound, or Conflict when one runs or there are too many."""
        checked_plan(plan)
        self._library.model(model_id)
        with self._changed:
            if self.state(model_id).phase == "running":
                raise Conflict(marked("A series is being taken for this model already."))
            if sum(state.phase == "running" for state in self._states.values()) >= MOST_SERIES:
                raise Conflict(
                    sentence("%(most)s series are being taken already; wait for one of them to end.", most=MOST_SERIES)
                )
            ends_ns = time.time_ns() + plan.minutes * 60_000_000_000
            return self._begin(model_id, plan, SeriesState(phase="running", plan=plan, ends_ns=ends_ns))

    def resume(self) -> None:
        """Go on with what was being taken when this process' predecessor ended; call once, before any other."""
        for model_id, state in self._table.running().items():
            if state.plan is not None:
                log.info("the series of model %s goes on at %d of %d images", model_id, state.taken, state.plan.images)
                self._begin(model_id, state.plan, state)

    def stop(self, model_id: str) -> SeriesState:
        """End a series; what it took stays. One that has ended stays as it is."""
        with self._changed:
            if model_id in self._stops:
                self._stops[model_id].set()
            state = self.state(model_id)
            return self._publish(model_id, replace(state, phase="stopped")) if state.phase == "running" else state

    def state(self, model_id: str) -> SeriesState:
        with self._changed:
            return self._states.get(model_id, SeriesState())

    def wait_for_change(self, model_id: str, seen: int, timeout_s: float) -> SeriesState | None:
        """The state once its number is another than `seen`; None when time is up."""
        with self._changed:
            self._changed.wait_for(lambda: self.state(model_id).number != seen, timeout_s)
            state = self.state(model_id)
            return None if state.number == seen else state

    def _begin(self, model_id: str, plan: SeriesPlan, state: SeriesState) -> SeriesState:
        with self._changed:
            stop = self._stops[model_id] = threading.Event()
            published = self._publish(model_id, state)
        # A clock that was set back meanwhile does not make a series longer than it was to be.
        left_s = min(60.0 * plan.minutes, (state.ends_ns - time.time_ns()) / 1e9)
        arguments = (model_id, plan, stop, time.monotonic() + left_s)
        threading.Thread(target=self._run, args=arguments, name=f"series {model_id}", daemon=True).start()
        return published

    def _run(self, model_id: str, plan: SeriesPlan, stop: threading.Event, ends_s: float) -> None:
        due_s = time.monotonic()
        look: NDArray[np.uint8] | None = None
        try:
            while True:
                if self.state(model_id).taken >= plan.images:
                    self._end(model_id, stop, "done", "")
                    return
                if due_s > ends_s:
                    self._end(model_id, stop, "done", "The time that was set is over.")
                    return
                if stop.wait(due_s - time.monotonic()):
                    return
                look = self._beat(model_id, plan, stop, look)
                # From beat to beat, not from the end of the last one, which may have waited for the camera.
                due_s = max(due_s + plan.every_s, time.monotonic())
        except EdgeError as error:
            log.error("series of model %s ended: %s", model_id, error)
            self._end(model_id, stop, "failed", str(error))

    def _beat(
        self, model_id: str, plan: SeriesPlan, stop: threading.Event, before: NDArray[np.uint8] | None
    ) -> NDArray[np.uint8] | None:
        """Keep one picture if there is one and it is wanted; what was kept last, small and grey."""
        try:
            frame = self._fresh_frame(plan.camera, _FRAME_WAIT_S)
        except CameraError as error:
            # Cameras come back; a series over an hour must not end for a minute without one.
            self._update(model_id, stop, message=str(error))
            return before
        if stop.is_set():
            return before
        look = small_grey_of(frame.pixels, LOOK_PX)
        state = self.state(model_id)
        if plan.only_changed and before is not None and not has_changed(before, look):
            self._update(model_id, stop, alike=state.alike + 1, message="")
            return before
        try:
            name = capture_name(plan.camera, frame.taken_ns)
            image = self._library.add_image(
                model_id, frame.pixels, name, "camera", camera=plan.camera, taken_ns=frame.taken_ns
            )
        except Conflict:
            # The very picture is there already: a folder or a video shown over and over.
            self._update(model_id, stop, alike=state.alike + 1, message="")
            return look
        self._update(model_id, stop, taken=state.taken + 1, newest=image, message="")
        return look

    def _update(self, model_id: str, stop: threading.Event, **changed: object) -> None:
        with self._changed:
            if self._stops[model_id] is not stop:
                # Another one has begun meanwhile.
                return
            state = self.state(model_id)
            now = replace(state, **changed)  # type: ignore[arg-type]
            if now != state:
                self._publish(model_id, now)

    def _end(self, model_id: str, stop: threading.Event, phase: SeriesPhase, message: str) -> None:
        with self._changed:
            # Stopped meanwhile, and perhaps another one begun.
            if not stop.is_set():
                self._update(model_id, stop, phase=phase, message=message)

    def _publish(self, model_id: str, state: SeriesState) -> SeriesState:
        with self._changed:
            self._number += 1
            numbered = replace(state, number=self._number)
            self._states[model_id] = numbered
            self._changed.notify_all()
            try:
                self._table.keep(model_id, numbered)
            except EdgeError as error:
                log.error("series of model %s: a restart will not know how it stands: %s", model_id, error)
            return numbered
