"""Fresh frames for whoever captures: asked for one by one, kept coming in between."""

import threading
import time

from edge_common.errors import CameraError
from edge_common.frames import Frame, FrameSubscriber
from modules.trainer_agent.web.language import _
from modules.trainer_agent.web.wording import camera_name

_LINGER_S = 5.0
_LOOK_AGAIN_S = 0.5


class Viewfinder:
    """Watches a camera while its frames are asked for and a little longer, so that the next one is there sooner."""

    def __init__(self, frames: FrameSubscriber) -> None:
        self._frames = frames
        self._lock = threading.Lock()
        self._asked_s: dict[str, float] = {}
        self._watched: set[str] = set()

    def fresh_frame(self, camera: str, timeout_s: float) -> Frame:
        """A frame taken after this call; raises CameraError saying why there is none."""
        since_ns, seen = time.time_ns(), 0
        self._look(camera)
        deadline_s = time.monotonic() + timeout_s
        while (left_s := deadline_s - time.monotonic()) > 0:
            state = self._frames.states().get(camera)
            if state is not None and state.phase in ("lost", "off"):
                break
            newest = self._frames.frames.after(camera, seen, min(left_s, _LOOK_AGAIN_S))
            if newest is None:
                continue
            seen, frame = newest
            if frame.taken_ns >= since_ns:
                return frame
        raise CameraError(self._why_not(camera))

    def _why_not(self, camera: str) -> str:
        state = self._frames.states().get(camera)
        if state is None:
            return _("Camera '%(camera)s' is not known, or the camera program is not running.", camera=camera[:40])
        if state.phase == "off":
            return _("%(camera)s is switched off.", camera=state.name or camera_name(camera))
        reason = f": {state.reason}" if state.reason else ""
        return _("%(camera)s gives no picture%(reason)s.", camera=state.name or camera_name(camera), reason=reason)

    def _look(self, camera: str) -> None:
        with self._lock:
            self._asked_s[camera] = time.monotonic()
            if camera in self._watched:
                return
            self._watched.add(camera)
        threading.Thread(target=self._watch, args=(camera,), name=f"viewfinder {camera}", daemon=True).start()

    def _watch(self, camera: str) -> None:
        with self._frames.watching(camera):
            while True:
                time.sleep(_LOOK_AGAIN_S)
                with self._lock:
                    if time.monotonic() - self._asked_s[camera] > _LINGER_S:
                        self._watched.discard(camera)
                        del self._asked_s[camera]
                        return
