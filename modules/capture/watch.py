"""One camera kept running for as long as it is wanted: opened, read, paced, and opened again when it is lost."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace

from edge_common.camera_urls import parse_camera_url
from edge_common.errors import ConfigError, EdgeError
from edge_common.frames import CameraPhase, CameraState, Frame
from edge_common.images import shrink
from edge_common.settings import CameraSettings
from modules.capture.cameras import Camera
from modules.capture.pace import Pace

log = logging.getLogger(__name__)

_RATE_OVER_S = 3.0


@dataclass(frozen=True)
class Patience:
    """How long to wait before a lost camera is opened again."""

    first_s: float = 1.0
    longest_s: float = 30.0
    healthy_s: float = 10.0
    """A camera that gave frames for this long starts again with the first pause when it is lost."""

    def after(self, pause_s: float, live_s: float) -> float:
        """The pause to take, when the last one was `pause_s` (0: none yet) and the camera lived `live_s` since."""
        if pause_s == 0 or live_s >= self.healthy_s:
            return self.first_s
        return min(2 * pause_s, self.longest_s)


DEFAULT_PATIENCE = Patience()


class Watch:
    """A thread for one camera; `put` gets its frames, `tell` each change of its phase. Both are called by the thread.

    A change of size or pace takes effect at the next frame; only another URL opens the camera anew.
    """

    def __init__(
        self,
        camera: str,
        settings: CameraSettings,
        open_camera: Callable[[str], Camera],
        put: Callable[[str, Frame], None],
        tell: Callable[[CameraState], None],
        patience: Patience,
    ) -> None:
        self.camera = camera
        self.failures = 0
        """How often it was lost or could not be opened."""
        self.state = CameraState(
            camera,
            "starting" if settings.enabled else "off",
            "",
            0.0,
            0,
            0,
            name=settings.name,
            location=settings.location,
            source=_source(settings.url),
            since_ns=time.time_ns(),
        )
        self._settings = settings
        self._open_camera = open_camera
        self._put = put
        self._tell = tell
        self._patience = patience
        self._sequence = 0
        self._stopped = False
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"camera {camera}", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def settings(self) -> CameraSettings:
        return self._settings

    def change(self, settings: CameraSettings) -> None:
        self._settings = settings
        self._woken.set()

    def try_again(self) -> None:
        """Open a lost camera now instead of after its pause; one that is not lost takes no notice."""
        self._woken.set()

    def stop(self) -> None:
        """Ask the thread to close the camera and end; a camera that hangs keeps it a little longer."""
        self._stopped = True
        self._woken.set()

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    def _run(self) -> None:
        self._tell(self.state)
        url = ""
        pause_s = 0.0
        while not self._stopped:
            self._woken.clear()
            settings = self._settings
            if not settings.enabled:
                self._be("off", "switched off by its settings")
                self._woken.wait()
                url = ""
                continue
            if settings.url != url:
                url, pause_s = settings.url, 0.0
                self._be("starting", "opening the camera")
            live_s = 0.0
            try:
                with closing(self._open_camera(url)) as camera:
                    begun_s = time.monotonic()
                    try:
                        self._pass_on(camera, url)
                    finally:
                        live_s = time.monotonic() - begun_s
            except EdgeError as error:
                self._be("lost", str(error))
                self.failures += 1
                pause_s = self._patience.after(pause_s, live_s)
                self._woken.wait(pause_s)

    def _pass_on(self, camera: Camera, url: str) -> None:
        """Hand frames on until another camera, or none, is wanted; raises CameraError when it is lost."""
        pace = Pace()
        taken_s: deque[float] = deque()
        while not self._stopped and self._settings.enabled and self._settings.url == url:
            interval_s = 1 / self._settings.frames_per_s
            if self._woken.wait(pace.left_s(interval_s)):
                self._woken.clear()
                continue
            shot = camera.read()
            pace.beat(interval_s)
            pixels = shrink(shot.pixels, self._settings.longest_side_px)
            height, width = pixels.shape[:2]
            self._be("live", "", _rate(taken_s, time.monotonic()), width, height)
            self._put(self.camera, Frame(self.camera, self._sequence, shot.taken_ns, pixels))
            self._sequence += 1

    def _be(self, phase: CameraPhase, reason: str, frames_per_s: float = 0.0, width: int = 0, height: int = 0) -> None:
        before = self.state
        self.state = replace(
            before,
            phase=phase,
            reason=reason,
            frames_per_s=frames_per_s,
            width=width,
            height=height,
            name=self._settings.name,
            location=self._settings.location,
            source=_source(self._settings.url),
            since_ns=before.since_ns if phase == before.phase else time.time_ns(),
        )
        if (phase, reason) != (before.phase, before.reason):
            log.log(
                logging.WARNING if phase == "lost" else logging.INFO,
                "camera %s is %s%s",
                self.camera,
                phase,
                f": {reason}" if reason else "",
            )
        if phase != before.phase:
            self._tell(self.state)


def _source(url: str) -> str:
    try:
        return parse_camera_url(url).shown
    except ConfigError:
        # What cannot be read may hold a password anywhere.
        return ""


def _rate(taken_s: deque[float], now_s: float) -> float:
    """Frames a second over the last seconds; `taken_s` holds when they were taken and gets `now_s` added."""
    taken_s.append(now_s)
    while now_s - taken_s[0] > _RATE_OVER_S:
        taken_s.popleft()
    spent_s = now_s - taken_s[0]
    return round((len(taken_s) - 1) / spent_s, 1) if spent_s > 0 else 0.0
