"""The main loop of capture: keeps one watch a camera as the settings say, and publishes what they give."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from edge_common.errors import EdgeError
from edge_common.frames import REMOVED, CameraState, Frame, FramePublisher
from edge_common.health import Heartbeat
from edge_common.latest import LatestByKey
from edge_common.own_cameras import Wanted
from modules.capture.cameras import Camera, open_camera
from modules.capture.reports import Reports
from modules.capture.watch import DEFAULT_PATIENCE, Patience, Watch

_WAIT_S = 0.05
_STATES_EVERY_S = 1.0
_PARTING_S = 0.5


class Capture:
    """Used by one thread, the one that made `publisher`; the cameras' own threads only put frames into slots."""

    def __init__(
        self,
        reports: Reports,
        publisher: FramePublisher,
        *,
        open_camera: Callable[[str], Camera] = open_camera,
        patience: Patience = DEFAULT_PATIENCE,
    ) -> None:
        self._reports = reports
        self._publisher = publisher
        self._open_camera = open_camera
        self._patience = patience
        self._wanted = Wanted({})
        self._watches: dict[str, Watch] = {}
        """Replaced whole at each change: other threads look at it, too."""
        self._frames: LatestByKey[Frame] = LatestByKey()
        self._published: dict[str, CameraState] = {}
        self._states_due_s = 0.0
        self._heart = Heartbeat()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; raises EdgeError when a thread has died of a fault in the program."""
        try:
            while not stop.is_set():
                self._heart.beat()
                self._apply(self._reports.wanted)
                taken = self._frames.take(_WAIT_S)
                # A camera that has just been removed may have left a last frame behind.
                if taken is not None and taken[0] in self._watches:
                    self._publisher.publish(taken[1])
                self._publish_states(time.monotonic())
        finally:
            self._part()

    def watches(self) -> tuple[Watch, ...]:
        """Those of now. May be called from any thread."""
        return tuple(self._watches.values())

    def newest(self, camera: str) -> Frame | None:
        """The last frame that a camera gave, however long ago. May be called from any thread."""
        found = self._frames.after(camera, 0, 0)
        return None if found is None else found[1]

    def _apply(self, now: Wanted) -> None:
        """Add, change and remove cameras; those whose settings are the same do not notice."""
        if now is self._wanted:
            return
        watches = dict(self._watches)
        for camera in watches.keys() - now.cameras.keys():
            watches.pop(camera).stop()
            self._frames.forget(camera)
            self._published.pop(camera, None)
            self._publisher.publish_state(CameraState(camera, "off", REMOVED, 0.0, 0, 0))
            self._reports.forget(camera)
        for camera, settings in now.cameras.items():
            watch = watches.get(camera)
            if watch is None:
                watches[camera] = Watch(
                    camera, settings, self._open_camera, self._frames.put, self._reports.tell, self._patience
                )
            elif settings != watch.settings:
                watch.change(settings)
        self._watches, self._wanted = watches, now

    def _publish_states(self, now_s: float) -> None:
        """Send the state of each camera when it changed, and of all once a second."""
        due = now_s >= self._states_due_s
        if due:
            self._states_due_s = now_s + _STATES_EVERY_S
            self._check_threads()
        for camera, watch in self._watches.items():
            state = replace(watch.state, own=camera in self._wanted.own)
            before = self._published.get(camera)
            if due or before is None or _differs(before, state):
                self._publisher.publish_state(state)
                self._published[camera] = state

    def _check_threads(self) -> None:
        """A thread that died left its trace in the log; starting the module afresh is the only sound answer."""
        dead = [f"camera {camera}" for camera, watch in self._watches.items() if not watch.running]
        dead += [] if self._reports.running else ["reports"]
        if dead:
            raise EdgeError(f"ended by a fault in the program: {', '.join(dead)}")

    def _part(self) -> None:
        """Close every camera; one that hangs is left behind after a moment."""
        for watch in self._watches.values():
            watch.stop()
        deadline_s = time.monotonic() + _PARTING_S
        for watch in self._watches.values():
            watch.join(max(0.0, deadline_s - time.monotonic()))


def _differs(before: CameraState, now: CameraState) -> bool:
    """Whether more changed than the rate, which is never quite the same."""
    return replace(before, frames_per_s=0) != replace(now, frames_per_s=0)
