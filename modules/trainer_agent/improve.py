"""Keeps frames that are worth a look for staff to check: few a day, spread over time, never filling the disk.

Frames come in from the cameras only while a model may have another one kept, which is seldom.
"""

import logging
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_common.asked_frames import PLACE as ASKED
from edge_common.asked_frames import AskedFrames
from edge_common.detections import Result
from edge_common.errors import Conflict, EdgeError
from edge_common.frames import Frame, FrameSubscriber
from edge_common.images import encode_jpeg, shrink, small_grey
from edge_common.results import ResultSubscriber, result_key
from edge_common.settings import ImproveSettings
from modules.trainer_agent.annotations import LibraryImage
from modules.trainer_agent.asked import take_asked
from modules.trainer_agent.checks import Reason
from modules.trainer_agent.library import Library
from modules.trainer_agent.library_search import Wanted
from modules.trainer_agent.pictures import THUMBNAIL_QUALITY, THUMBNAIL_SIDE_PX
from modules.trainer_agent.worth_a_look import SAME, UNLIKE, Seen, likeness, look, same_sight

log = logging.getLogger(__name__)

_DAY_NS = 86_400_000_000_000
_POLL_S = 0.05
_IDLE_S = 1.0
_MOST_FRAMES = 6
"""Of the camera whose turn it is, until their results have come."""
_COMPARE_EVERY_S = 10.0
_TURN_S = 30.0
_COMPARED_IMAGES = 200
_LOOK_PX = 32


class Improve:
    """Listens to frames and results on a thread of its own."""

    def __init__(
        self,
        library: Library,
        frames: FrameSubscriber,
        results: ResultSubscriber,
        settings: Callable[[], ImproveSettings],
        *,
        data: Path,
        idle_s: float = _IDLE_S,
    ) -> None:
        self._library = library
        self._frames = frames
        self._results = results
        self._settings = settings
        self._data = data
        self._asked = AskedFrames(data / ASKED)
        self._idle_s = idle_s
        self._seen: dict[str, Seen] = {}
        self._heard: dict[str, int] = {}
        self._kept_ns: dict[str, list[int]] = {}
        self._grey: dict[str, NDArray[np.uint8]] = {}
        self._next_s: dict[str, float] = {}
        self._next_new_s: dict[str, float] = {}
        self._turn = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="improve")
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def open_for(self, model_id: str, now_ns: int, *, asked: bool = False) -> bool:
        """Whether another frame of the model may be kept now; asked: for by a skill, however soon after another."""
        if not asked and not self._library.model(model_id).collecting:
            return False
        settings = self._settings()
        known = {*self._kept_ns.get(model_id, ()), *self._library.checks.kept_since(model_id, now_ns - _DAY_NS)}
        # Those that staff found not useful count, too: a day's share is not refilled by deleting.
        recent = sorted(kept_ns for kept_ns in known if now_ns - _DAY_NS < kept_ns <= now_ns)
        self._kept_ns[model_id] = recent
        if len(recent) >= settings.frames_per_day:
            return False
        if not asked and recent and now_ns - recent[-1] < settings.minutes_apart * 60e9:
            return False
        if self._library.checks.waiting(model_id, by_itself=True) >= settings.most_waiting:
            return False
        return shutil.disk_usage(self._data).free >= settings.free_disk_mb * 1e6

    def _run(self) -> None:
        while not self._stop.wait(self._idle_s):
            try:
                self._library.bin.empty()
                take_asked(self._asked, self._library, self._open_for_asked)
                state = self._results.state()
                looking = {model.id for model in state.models} if state else set()
                known = {model.id for model in self._library.models()} if looking else set()
                wanting = {model_id for model_id in looking & known if self.open_for(model_id, time.time_ns())}
                if wanting:
                    self._watch(wanting)
            except (EdgeError, OSError) as error:
                log.error("no frames are kept for a moment: %s", error)

    def _open_for_asked(self, model_id: str) -> bool:
        return self.open_for(model_id, time.time_ns(), asked=True)

    def _watch(self, wanting: set[str]) -> None:
        """Look at results until one's frame was kept, the time for another check is there, or the program ends.

        Results come from every camera, frames from one at a time: whole frames of all would be much to carry.
        """
        cameras = sorted(camera for camera, state in self._frames.states().items() if state.phase == "live")
        if not cameras:
            return
        self._turn += 1
        watched = cameras[self._turn % len(cameras)]
        frames: deque[Frame] = deque(maxlen=_MOST_FRAMES)
        number, until_s = 0, time.monotonic() + _TURN_S
        with self._frames.watching(watched):
            while time.monotonic() < until_s and not self._stop.wait(_POLL_S):
                newest = self._frames.frames.after(watched, number, 0)
                if newest is not None:
                    number = newest[0]
                    frames.append(newest[1])
                for camera in cameras:
                    for model_id in wanting:
                        if self._judge(camera, model_id, frames if camera == watched else ()):
                            return

    def _judge(self, camera: str, model_id: str, frames: Iterable[Frame]) -> bool:
        """Whether the frame of the newest result was kept."""
        key, now_s = result_key(camera, model_id), time.monotonic()
        newest = self._results.results.after(key, self._heard.get(key, 0), 0)
        if newest is None:
            return False
        self._heard[key], result = newest
        self._seen[key], reason = look(self._seen.get(key, Seen()), result, now_s)
        frame = next((one for one in frames if one.id == result.frame_id), None)
        if frame is None or now_s < self._next_s.get(key, 0.0):
            return False
        if reason is None and now_s >= self._next_new_s.get(key, 0.0):
            self._next_new_s[key] = now_s + _COMPARE_EVERY_S
            reason = "new" if self._looks_new(model_id, frame) else None
        if reason is None:
            return False
        if self._is_known(model_id, frame, result):
            # It will be known in the next moment, too; to compare costs more than to look.
            self._next_s[key] = now_s + _COMPARE_EVERY_S
            return False
        return self._keep(frame, result, reason)

    def _looks_new(self, model_id: str, frame: Frame) -> bool:
        images: list[LibraryImage] = []
        for wanted in (Wanted("tagged"), Wanted("check")):
            images.extend(self._library.search.page(model_id, wanted, limit=_COMPARED_IMAGES))
        return bool(images) and likeness(_look_of(frame), self._looks(images)) < UNLIKE

    def _is_known(self, model_id: str, frame: Frame, result: Result) -> bool:
        """Whether a frame that shows the same, with the same found in it, was kept before."""
        kept = self._library.checks.newest(model_id, _COMPARED_IMAGES)
        same = [check.image for check in kept if same_sight(check.seen, result.detections)]
        return likeness(_look_of(frame), self._looks(same)) >= SAME

    def _looks(self, images: list[LibraryImage]) -> NDArray[np.uint8]:
        """The images in grey: uint8 [count, side, side]."""
        for image in images:
            if image.digest not in self._grey:
                data = self._library.pictures.thumbnail_file(image.digest).read_bytes()
                self._grey[image.digest] = small_grey(data, _LOOK_PX, image.name)
        looks = [self._grey[image.digest] for image in images]
        if len(self._grey) > 10 * _COMPARED_IMAGES:
            self._grey.clear()
        return np.stack(looks) if looks else np.empty((0, _LOOK_PX, _LOOK_PX), dtype=np.uint8)

    def _keep(self, frame: Frame, result: Result, reason: Reason) -> bool:
        model_id, taken = result.model_id, datetime.fromtimestamp(frame.taken_ns / 1e9)
        name = f"{frame.camera} {taken:%Y-%m-%d %H.%M.%S}"
        try:
            image = self._library.add_image(
                model_id, frame.pixels, name, "camera", camera=frame.camera, taken_ns=frame.taken_ns
            )
        except Conflict:
            # The very same picture is there already.
            return False
        kept_ns = time.time_ns()
        self._library.checks.add(
            image.id, reason, version=result.model_version, seen=result.detections, kept_ns=kept_ns
        )
        self._kept_ns.setdefault(model_id, []).append(kept_ns)
        log.info("model %s: a frame of %s is kept to be checked: %s", model_id, frame.camera, reason)
        return True


def _look_of(frame: Frame) -> NDArray[np.uint8]:
    """A frame in grey, made in the way in which those of the library are."""
    data = encode_jpeg(shrink(frame.pixels, THUMBNAIL_SIDE_PX), THUMBNAIL_QUALITY)
    return small_grey(data, _LOOK_PX, frame.camera)
