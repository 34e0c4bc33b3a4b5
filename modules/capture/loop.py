"""The main loop of capture: keeps one watch a camera as the settings say, and publishes what they give."""

import threading
import time
from collections.abc import Callable

from edge_common.errors import EdgeError
from edge_common.frames import CameraState, Frame, FramePublisher
from edge_common.latest import LatestByKey
from edge_common.settings import CaptureSettings
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
        self._settings = CaptureSettings()
        self._watches: dict[str, Watch] = {}
        self._frames: LatestByKey[Frame] = LatestByKey()
        self._published: dict[str, CameraState] = {}
        self._states_due_s = 0.0

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; raises EdgeError when a thread has died of a fault in the program."""
        try:
            while not stop.is_set():
                self._apply(self._reports.settings)
                taken = self._frames.take(_WAIT_S)
                # A camera that has just been removed may have left a last frame behind.
                if taken is not None and taken[0] in self._watches:
                    self._publisher.publish(taken[1])
                self._publish_states(time.monotonic())
        finally:
            self._part()

    def _apply(self, settings: CaptureSettings) -> None:
        """Add, change and remove cameras; those whose settings are the same do not notice."""
        if settings is self._settings:
            return
        for camera in self._watches.keys() - settings.cameras.keys():
            self._watches.pop(camera).stop()
            self._frames.forget(camera)
            self._published.pop(camera, None)
            self._publisher.publish_state(CameraState(camera, "off", "no longer in the settings", 0.0, 0, 0))
            self._reports.forget(camera)
        for camera, wanted in settings.cameras.items():
            watch = self._watches.get(camera)
            if watch is None:
                self._watches[camera] = Watch(
                    camera, wanted, self._open_camera, self._frames.put, self._reports.tell, self._patience
                )
            elif wanted != self._settings.cameras[camera]:
                watch.change(wanted)
        self._settings = settings

    def _publish_states(self, now_s: float) -> None:
        """Send the state of each camera when it changed, and of all once a second."""
        due = now_s >= self._states_due_s
        if due:
            self._states_due_s = now_s + _STATES_EVERY_S
            self._check_threads()
        for camera, watch in self._watches.items():
            state = watch.state
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
    return (before.phase, before.reason, before.width, before.height) != (now.phase, now.reason, now.width, now.height)
