"""Answers what the page asks about cameras: what is plugged in, whether a URL gives a picture, what was seen last."""

import threading
import time
from collections.abc import Callable
from contextlib import closing

from edge_common.camera_questions import Answer, Question, VideoDevice
from edge_common.camera_urls import parse_camera_url
from edge_common.errors import CameraError, EdgeError
from edge_common.frames import Frame
from edge_common.images import Pixels, encode_jpeg, shrink
from modules.capture.cameras import Camera, Shot, open_camera
from modules.capture.loop import Capture
from modules.capture.usb_devices import usb_cameras
from modules.capture.watch import Watch

TRY_FOR_S = 12.0
_LOOK_AGAIN_S = 0.05
_LONGEST_SIDE_PX = 960
_QUALITY = 80


class Desk:
    """`answer` may be called from any thread."""

    def __init__(
        self,
        capture: Capture,
        *,
        open_camera: Callable[[str], Camera] = open_camera,
        usb_cameras: Callable[[], tuple[VideoDevice, ...]] = usb_cameras,
        try_for_s: float = TRY_FOR_S,
    ) -> None:
        self._capture = capture
        self._open_camera = open_camera
        self._usb_cameras = usb_cameras
        self._try_for_s = try_for_s
        self._trying = threading.Lock()

    def answer(self, question: Question) -> Answer:
        """Raises EdgeError with the reason why there is no picture."""
        match question.kind:
            case "find":
                return Answer(devices=self._usb_cameras())
            case "last":
                return self._last(question.about)
            case "try":
                return self._try(question.about)
            case "again":
                return self._again(question.about)

    def _last(self, camera: str) -> Answer:
        frame = self._capture.newest(camera)
        return _nothing("it has given no picture yet") if frame is None else _seen(frame.pixels, frame.taken_ns)

    def _again(self, camera: str) -> Answer:
        watch = next((watch for watch in self._capture.watches() if watch.camera == camera), None)
        if watch is None:
            return _nothing("it is not in the settings of this device")
        return self._seen_by(watch) if watch.settings.enabled else _nothing("it is switched off")

    def _try(self, url: str) -> Answer:
        parsed = parse_camera_url(url)
        watches = [watch for watch in self._capture.watches() if watch.settings.enabled]
        for watch in watches:
            if watch.settings.url == url:
                return self._seen_by(watch)
        for watch in watches:
            if parsed.device and watch.state.phase == "live" and _device(watch) == parsed.device:
                # Many cameras allow one connection only, and would throw out the one that there is.
                name = watch.settings.name or watch.camera
                return _nothing(
                    f"'{name}' has this very camera open and gets pictures; it is not opened a second time. "
                    "Save to use the new settings"
                )
        return self._opened(url)

    def _seen_by(self, watch: Watch) -> Answer:
        """What a watch that has this camera gets: its next picture, or why there is none."""
        since_ns, failures = time.time_ns(), watch.failures
        watch.try_again()
        deadline_s = time.monotonic() + self._try_for_s
        frame: Frame | None = None
        while time.monotonic() < deadline_s:
            frame = self._capture.newest(watch.camera)
            if frame is not None and frame.taken_ns >= since_ns:
                return _seen(frame.pixels, frame.taken_ns)
            if watch.failures > failures:
                return _nothing(watch.state.reason)
            time.sleep(_LOOK_AGAIN_S)
        if frame is not None and watch.state.phase == "live":
            # One picture in a long while is what it is set to.
            return _seen(frame.pixels, frame.taken_ns)
        return _nothing(f"no picture within {self._try_for_s:.0f} s")

    def _opened(self, url: str) -> Answer:
        """A picture from a camera that is opened for it and closed again."""
        if not self._trying.acquire(blocking=False):
            return _nothing("another camera is being tested; try again in some seconds")
        outcome: list[Shot | EdgeError] = []

        def work() -> None:
            try:
                with closing(self._open_camera(url)) as camera:
                    outcome.append(camera.read())
            except EdgeError as error:
                outcome.append(error)
            finally:
                self._trying.release()

        # A camera can hang where nothing ends it; then the answer is that, and the thread is left behind.
        thread = threading.Thread(target=work, name="try a camera", daemon=True)
        thread.start()
        thread.join(self._try_for_s)
        match outcome:
            case [Shot() as shot]:
                return _seen(shot.pixels, shot.taken_ns)
            case [EdgeError() as error]:
                raise error
        raise CameraError(f"no picture within {self._try_for_s:.0f} s")


def _device(watch: Watch) -> str:
    try:
        return parse_camera_url(watch.settings.url).device
    except EdgeError:
        return ""


def _seen(pixels: Pixels, taken_ns: int) -> Answer:
    height, width = pixels.shape[:2]
    jpeg = encode_jpeg(shrink(pixels, _LONGEST_SIDE_PX), _QUALITY)
    return Answer(jpeg=jpeg, width=width, height=height, taken_ns=taken_ns)


def _nothing(reason: str) -> Answer:
    return Answer(reason=reason)
