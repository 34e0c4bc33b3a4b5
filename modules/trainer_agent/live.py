"""What cameras and models see now, for whoever watches: each picture goes out with the result of that very frame.

Frames of a watched camera are encoded once, whoever watches, into a short ring; a result finds its picture there.
"""

import json
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edge_common.detections import Detection, Result
from edge_common.errors import EdgeError
from edge_common.frames import Frame, FrameSubscriber
from edge_common.images import encode_jpeg, shrink
from edge_common.results import AzureEyeState, InferenceState, LiveModel, ResultSubscriber, result_key
from edge_common.sentences import sentence
from modules.trainer_agent.azureeye_words import looks, not_watching_because
from modules.trainer_agent.vpu_words import device_note

MOST_VIEWERS = 12
NO_MODEL = ""
"""In place of a model id: pictures alone, each as soon as it is there."""
RESULTS_LAST_S = 1.0
"""After so long without a result, pictures go out without boxes."""
HEARTBEAT_S = 1.0
_RING_PICTURES = 24
_LONGEST_SIDE_PX = 1280
_QUALITY = 80
_OLDEST_FRAME_NS = 2_000_000_000
_PICTURE_COMES_S = 0.3
_LOOK_AGAIN_S = 0.5


class TooManyViewers(EdgeError):
    """Somebody more wants to watch than the device can serve."""

    code = "too_many_viewers"


@dataclass(frozen=True)
class Picture:
    """A frame as JPEG, scaled down to what a page shows."""

    number: int
    """Counts up by one within a ring."""
    frame_id: str
    taken_ns: int
    width: int
    height: int
    jpeg: bytes


class Ring:
    """The last pictures of one camera, between the thread that encodes and those that serve viewers."""

    def __init__(self, size: int = _RING_PICTURES) -> None:
        self._changed = threading.Condition()
        self._pictures: deque[Picture] = deque(maxlen=size)
        self._count = 0

    def put(self, frame: Frame) -> None:
        pixels = shrink(frame.pixels, _LONGEST_SIDE_PX)
        height, width = pixels.shape[:2]
        jpeg = encode_jpeg(pixels, _QUALITY)
        with self._changed:
            self._count += 1
            self._pictures.append(Picture(self._count, frame.id, frame.taken_ns, width, height, jpeg))
            self._changed.notify_all()

    def after(self, number: int, timeout_s: float) -> Picture | None:
        """The newest picture if it is beyond `number`; None when time is up."""
        with self._changed:
            self._changed.wait_for(lambda: self._count > number, timeout_s)
            return self._pictures[-1] if self._count > number else None

    def of(self, result: Result, timeout_s: float) -> Picture | None:
        """The picture of the frame that a result is about, waited for; None if it is gone or was never encoded."""
        with self._changed:
            self._changed.wait_for(lambda: self._pictures and self._pictures[-1].taken_ns >= result.taken_ns, timeout_s)
            return next((one for one in reversed(self._pictures) if one.frame_id == result.frame_id), None)


class Channel:
    """Encodes the frames of one camera for as long as somebody watches it."""

    def __init__(self, frames: FrameSubscriber, camera: str) -> None:
        self.ring = Ring()
        self.viewers = 0
        self.stop = threading.Event()
        self._frames = frames
        self._camera = camera
        threading.Thread(target=self._encode, name=f"live {camera}", daemon=True).start()

    def _encode(self) -> None:
        seen = 0
        with self._frames.watching(self._camera):
            while not self.stop.is_set():
                newest = self._frames.frames.after(self._camera, seen, _LOOK_AGAIN_S)
                if newest is None:
                    continue
                seen, frame = newest
                # What an earlier watcher left behind is not what the camera sees now.
                if time.time_ns() - frame.taken_ns < _OLDEST_FRAME_NS:
                    self.ring.put(frame)


class LiveView:
    """Hands out watches on cameras, a bounded number at a time, and says how cameras and models are doing."""

    def __init__(self, frames: FrameSubscriber, results: ResultSubscriber) -> None:
        self.frames = frames
        self.results = results
        self._lock = threading.Lock()
        self._channels: dict[str, Channel] = {}

    def watch(self, camera: str, model_id: str | None = None) -> "Watch":
        """Start watching; whoever watches must close. Without a model id the first live model's results go along.

        Raises TooManyViewers.
        """
        with self._lock:
            if sum(channel.viewers for channel in self._channels.values()) >= MOST_VIEWERS:
                raise TooManyViewers(
                    f"{MOST_VIEWERS} pages watch live already, as many as this device can serve. Close one of them."
                )
            channel = self._channels.get(camera)
            if channel is None:
                channel = self._channels[camera] = Channel(self.frames, camera)
            channel.viewers += 1
        return Watch(self, camera, model_id, channel.ring, lambda: self._leave(camera))

    def models(self) -> tuple[LiveModel, ...]:
        """The models that look at frames now."""
        state = self.results.state()
        return state.models if state else ()

    def viewers(self) -> int:
        with self._lock:
            return sum(channel.viewers for channel in self._channels.values())

    def _leave(self, camera: str) -> None:
        with self._lock:
            channel = self._channels[camera]
            channel.viewers -= 1
            if channel.viewers == 0:
                channel.stop.set()
                del self._channels[camera]


class Watch:
    """One viewer of one camera: always the newest picture with the result of its frame, older ones are skipped."""

    def __init__(
        self, view: LiveView, camera: str, model_id: str | None, ring: Ring, leave: Callable[[], None]
    ) -> None:
        self._view = view
        self._camera = camera
        self._model_id = model_id
        self.ring = ring
        self._leave: Callable[[], None] | None = leave
        self._seen_picture = 0
        self._seen_result = 0
        self._watched_model: str | None = None
        self._paired_s = time.monotonic()
        self._told_models: tuple[LiveModel, ...] | None = None

    def parts(self, say: Callable[[str], str] = str) -> Iterator[bytes]:
        """Parts of the stream until the watch is closed; one each second at least. `say` gives the viewer's words."""
        while self._leave is not None:
            yield self.part(say)

    def part(self, say: Callable[[str], str] = str) -> bytes:
        """Wait for something new to show, at most about two seconds, and encode it."""
        state = self._view.results.state()
        model = _chosen(state, self._model_id)
        picture, result = self._next(model)
        return encode_part(self._facts(state, model, picture, result, say), picture.jpeg if picture else b"")

    def close(self) -> None:
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()

    def _next(self, model: LiveModel | None) -> tuple[Picture | None, Result | None]:
        if model is not None and (pair := self._pair(model)) is not None:
            return pair
        picture = self.ring.after(self._seen_picture, HEARTBEAT_S)
        if picture is not None:
            self._seen_picture = picture.number
        return picture, None

    def _pair(self, model: LiveModel) -> tuple[Picture, Result] | None:
        """The newest result and its picture; None when results have stopped for a second."""
        if model.id != self._watched_model:
            self._watched_model, self._seen_result = model.id, 0
        key = result_key(self._camera, model.id)
        while True:
            left_s = max(0.0, self._paired_s + RESULTS_LAST_S - time.monotonic())
            newest = self._view.results.results.after(key, self._seen_result, left_s)
            if newest is None:
                return None
            self._seen_result, result = newest
            picture = self.ring.of(result, min(left_s, _PICTURE_COMES_S))
            if picture is not None:
                self._paired_s = time.monotonic()
                self._seen_picture = max(self._seen_picture, picture.number)
                return picture, result

    def _facts(
        self,
        state: InferenceState | None,
        model: LiveModel | None,
        picture: Picture | None,
        result: Result | None,
        say: Callable[[str], str],
    ) -> dict[str, object]:
        camera = self._view.frames.states().get(self._camera)
        eye = looks(state.azureeye if state else None, self._camera, model.id if model else "")
        return {
            "camera": self._camera,
            "phase": camera.phase if camera else "unknown",
            "reason": camera.reason if camera else "the camera program does not report it",
            "frame_id": picture.frame_id if picture else None,
            "taken_ns": picture.taken_ns if picture else None,
            "width": picture.width if picture else 0,
            "height": picture.height if picture else 0,
            **self._models(state.models if state else ()),
            "model_id": model.id if model else None,
            "model_version": result.model_version if result else None,
            "kind": result.kind if result else None,
            "device": _device(model, eye),
            "device_note": say((eye and not_watching_because(eye)) or device_note(model)) if model else "",
            "inference_ms": round(result.inference_ms, 1) if result and result.inference_ms > 0 else None,
            "detections": [_plain(found) for found in result.detections] if result else None,
            "weak": [_plain(found) for found in result.weak] if result else [],
            "note": "" if result else say(_why_none(state, model, self._model_id, looking=picture is not None)),
        }

    def _models(self, models: tuple[LiveModel, ...]) -> dict[str, object]:
        """The models when they are others than in the part before: a thousand labels are longer than a picture."""
        if models == self._told_models:
            return {}
        self._told_models = models
        return {"models": [one.model_dump(mode="json") for one in models]}


def encode_part(facts: dict[str, object], jpeg: bytes) -> bytes:
    """One part of the stream: uint32 length and JSON, uint32 length and JPEG; big-endian, no JPEG is length 0."""
    body = json.dumps(facts, ensure_ascii=False).encode()
    return b"".join((struct.pack(">I", len(body)), body, struct.pack(">I", len(jpeg)), jpeg))


def _chosen(state: InferenceState | None, model_id: str | None) -> LiveModel | None:
    models = state.models if state else ()
    return next((model for model in models if model_id in (None, model.id)), None)


def _device(model: LiveModel | None, eye: AzureEyeState | None) -> str | None:
    """What it runs on, where that is worth telling."""
    if eye is not None and eye.phase == "watching":
        return "Azure Eye"
    return model.device if model and model.vpu else None


def _plain(found: Detection) -> dict[str, object]:
    box = found.box.to_list() if found.box else None
    return {"label": found.label, "confidence": round(found.confidence, 4), "box": box}


def _why_none(state: InferenceState | None, model: LiveModel | None, model_id: str | None, *, looking: bool) -> str:
    if state is None:
        return sentence("The program that looks at the pictures is not running.")
    if model is not None and not looking:
        # A camera without pictures is reason enough, and told beside.
        return ""
    why = sentence("The model gives no results right now.")
    if model is None:
        why = sentence("No model is live yet.") if model_id is None else sentence("This model is not live.")
    return sentence("%(why)s %(error)s", why=why, error=state.last_error) if state.last_error else why
