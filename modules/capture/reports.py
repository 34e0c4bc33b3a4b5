"""The line between capture and its hub: settings come in, phases of cameras and events about them go out."""

import logging
import queue
import threading
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from edge_common.errors import ConfigError
from edge_common.frames import CameraState
from edge_common.hub import Hub, SettingsKeeper
from edge_common.own_cameras import OwnCameraList, OwnCameras, Wanted, wanted
from edge_common.settings import CaptureSettings
from edge_common.telemetry_events import CameraEvent

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.3
_KEPT = 500
UNCALLED: Mapping[str, str | None] = {"name": None, "location": None}


class Reports:
    """A thread of its own, so that a slow hub or disk holds up no frame. What cannot go out now goes out later."""

    def __init__(self, hub: Hub, keeper: SettingsKeeper[CaptureSettings], own: OwnCameras) -> None:
        self._hub = hub
        self._keeper = keeper
        self._own = own
        self._own_list = OwnCameraList()
        self._look_at_own()
        self.wanted: Wanted = wanted(keeper.settings, self._own_list)
        """Every camera of the last good settings and of the page; a new object when they changed."""
        self._news: queue.SimpleQueue[tuple[str, CameraState | None]] = queue.SimpleQueue()
        self._lost: set[str] = set()
        # What an earlier run reported about cameras may be true no longer.
        self._outgoing: deque[Mapping[str, Any] | CameraEvent] = deque([{"cameras": None}], maxlen=_KEPT)
        """Patches of the twin, and messages."""
        self._called: dict[str, Mapping[str, str | None]] = {}
        self._call()
        self._held_up = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reports", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def tell(self, state: CameraState) -> None:
        """A camera has changed its phase. May be called from any thread."""
        self._news.put((state.camera, state))

    def forget(self, camera: str) -> None:
        """A camera is no longer in the settings."""
        self._news.put((camera, None))

    def close(self) -> None:
        self._stop.set()
        self._thread.join(2 * _LOOK_EVERY_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            changed = self._look_at_own()
            try:
                changed = self._keeper.wait(_LOOK_EVERY_S) or changed
            except OSError as error:
                log.error("settings could not be kept: %s", error)
            if changed:
                self.wanted = wanted(self._keeper.settings, self._own_list)
                self._call()
            while not self._news.empty():
                self._word(*self._news.get())
            self._send()

    def _look_at_own(self) -> bool:
        """Take the page's cameras anew if they changed; a bad file leaves the last good ones."""
        try:
            found = self._own.news()
        except (ConfigError, OSError) as error:
            log.error("the page's cameras stay as they were: %s", error)
            return False
        if found is None or found.cameras == self._own_list.cameras:
            return False
        self._own_list = found
        return True

    def _call(self) -> None:
        """Queue what staff call the page's cameras where that changed; what the twin calls its own it knows."""
        called = dict.fromkeys(self._called.keys() & self.wanted.cameras.keys(), UNCALLED)
        for camera in self.wanted.own:
            settings = self.wanted.cameras[camera]
            called[camera] = {"name": settings.name or None, "location": settings.location or None}
        for camera, told in called.items():
            if told != self._called.get(camera, UNCALLED):
                self._outgoing.append({"cameras": {camera: told}})
        self._called = called

    def _word(self, camera: str, state: CameraState | None) -> None:
        """Queue what the twin and the cloud should know of a change."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if state is None:
            self._lost.discard(camera)
            self._outgoing.append({"cameras": {camera: None}})
            return
        report = {"phase": state.phase, "reason": state.reason, "since": now}
        self._outgoing.append({"cameras": {camera: report}})
        if state.phase == "lost":
            self._lost.add(camera)
            self._outgoing.append(CameraEvent(event="camera lost", camera=camera, reason=state.reason))
        elif state.phase == "live" and camera in self._lost:
            self._lost.discard(camera)
            self._outgoing.append(CameraEvent(event="camera back", camera=camera, reason=""))

    def _send(self) -> None:
        while self._outgoing:
            following = self._outgoing[0]
            try:
                if isinstance(following, CameraEvent):
                    self._hub.send(following)
                else:
                    self._hub.report(following)
            except OSError as error:
                # A full disk, mostly: said once, tried again at the next look.
                if not self._held_up:
                    log.error("reports are held up: %s", error)
                self._held_up = True
                return
            self._outgoing.popleft()
            self._held_up = False
