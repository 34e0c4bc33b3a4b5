"""Frames from cameras to whoever looks: the value, its codec, and ZeroMQ transport in which the newest wins.

Capture binds one PUB socket; any number of readers connect. A reader that is slow, stopped or gone costs the
camera nothing: ZeroMQ drops for that reader alone, and a reader's own thread drains its socket into a slot.
"""

import json
import logging
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import zmq

from edge_common.errors import CodecError
from edge_common.images import Pixels
from edge_common.json_fields import json_object, text, whole
from edge_common.latest import LatestByKey

log = logging.getLogger(__name__)

VERSION = 1
_FRAME = b"frame/"
_STATE = b"state/"
_END = b"\0"
_POLL_MS = 50
# Enough for one frame of each of several cameras and their states; a reader that is stuck holds no more than these.
_WAITING_FRAMES = 6
STATE_LASTS_S = 5.0

REMOVED = "no longer in the settings"
"""The reason of a camera that is off because it was taken out of the settings."""
CameraPhase = Literal["starting", "live", "lost", "off"]


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture from a camera, uint8 [height, width, 3] BGR, with where and when it was taken."""

    camera: str
    sequence: int
    """Counts up by one for each frame that this camera gave since capture started."""
    taken_ns: int
    """Unix time, UTC."""
    pixels: Pixels

    @property
    def id(self) -> str:
        """Unique for a camera, also over restarts."""
        return f"{self.taken_ns}-{self.sequence}"


@dataclass(frozen=True)
class CameraState:
    """How a camera is doing, published at every change and once a second."""

    camera: str
    phase: CameraPhase
    reason: str
    """Why it is lost, or what it is starting; empty when live."""
    frames_per_s: float
    width: int
    height: int
    name: str = ""
    """What staff call it; empty when it has only its id."""
    source: str = ""
    """Its URL as far as it may be shown: without user and password."""
    since_ns: int = 0
    """Unix time, UTC, from which on it is in this phase."""
    own: bool = False
    """It was added on the device's own page and can be changed there."""
    location: str = ""
    """Where it hangs, in words."""


def encode_frame(frame: Frame) -> list[Any]:
    """ZeroMQ parts: topic, JSON header, pixels (not copied)."""
    height, width = frame.pixels.shape[:2]
    header = {
        "version": VERSION,
        "camera": frame.camera,
        "sequence": frame.sequence,
        "taken_ns": frame.taken_ns,
        "width": width,
        "height": height,
    }
    return [frame_topic(frame.camera), json.dumps(header).encode(), np.ascontiguousarray(frame.pixels).data]


def decode_frame(parts: list[Any]) -> Frame:
    """The frame in three ZeroMQ parts; raises CodecError saying what is missing, short or malformed."""
    if len(parts) != 3:
        raise CodecError(f"frame: 3 parts expected, got {len(parts)}")
    header = json_object("frame", bytes(parts[1]), VERSION)
    sequence, taken_ns, width, height = (whole(header, key) for key in ("sequence", "taken_ns", "width", "height"))
    data = np.frombuffer(parts[2], dtype=np.uint8)
    if data.size != width * height * 3 or data.size == 0:
        raise CodecError(f"frame: {width} x {height} x 3 bytes expected, got {data.size}")
    return Frame(text(header, "camera"), sequence, taken_ns, data.reshape(height, width, 3))


def encode_state(state: CameraState) -> list[bytes]:
    """ZeroMQ parts: topic, JSON."""
    body = {"version": VERSION} | {name: getattr(state, name) for name in CameraState.__dataclass_fields__}
    return [_STATE + state.camera.encode() + _END, json.dumps(body).encode()]


def decode_state(parts: list[Any]) -> CameraState:
    """The camera state in two ZeroMQ parts; raises CodecError."""
    if len(parts) != 2:
        raise CodecError(f"camera state: 2 parts expected, got {len(parts)}")
    body = json_object("camera state", bytes(parts[1]), VERSION)
    phase: Any = body.get("phase")
    if phase not in get_args(CameraPhase):
        raise CodecError(f"camera state: phase one of {get_args(CameraPhase)} expected, got {phase!r}")
    rate = body.get("frames_per_s")
    if not isinstance(rate, int | float) or isinstance(rate, bool):
        raise CodecError(f"camera state: frames_per_s must be a number, got {rate!r}")
    own = body.get("own")
    if not isinstance(own, bool):
        raise CodecError(f"camera state: own must be true or false, got {own!r}")
    return CameraState(
        text(body, "camera"),
        phase,
        text(body, "reason"),
        float(rate),
        whole(body, "width"),
        whole(body, "height"),
        name=text(body, "name"),
        source=text(body, "source"),
        since_ns=whole(body, "since_ns"),
        own=own,
        location=text(body, "location"),
    )


def frame_topic(camera: str) -> bytes:
    """What a reader of one camera subscribes to; the end mark keeps `till` from matching `till-2`."""
    return _FRAME + camera.encode() + _END


class FramePublisher:
    """The camera side: binds `endpoint` and sends without ever waiting. Used by one thread."""

    def __init__(self, endpoint: str) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.PUB)
        self._socket.setsockopt(zmq.SNDHWM, _WAITING_FRAMES)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.bind(endpoint)

    def publish(self, frame: Frame) -> None:
        self._socket.send_multipart(encode_frame(frame), copy=False)

    def publish_state(self, state: CameraState) -> None:
        self._socket.send_multipart(encode_state(state))

    def close(self) -> None:
        self._context.destroy(linger=0)


class FrameSubscriber:
    """The reader's side: a thread of its own drains the socket, so what it hands out is always the newest.

    Without `everything`, frames come only from cameras that somebody is `watching`; states come from all.
    """

    def __init__(self, endpoint: str, *, everything: bool = False, frames: LatestByKey[Frame] | None = None) -> None:
        """frames: where they are put, in place of slots for the newest."""
        self.frames: LatestByKey[Frame] = LatestByKey() if frames is None else frames
        self._states: dict[str, tuple[float, CameraState]] = {}
        self._watchers: dict[str, int] = {}
        self._wishes: queue.SimpleQueue[tuple[int, bytes]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._wishes.put((zmq.SUBSCRIBE, _STATE))
        if everything:
            self._wishes.put((zmq.SUBSCRIBE, _FRAME))
        self._thread = threading.Thread(target=self._drain, args=(endpoint,), name="frames", daemon=True)
        self._thread.start()

    @contextmanager
    def watching(self, camera: str) -> Iterator[None]:
        """Have frames of this camera come in for as long as the block lasts."""
        with self._lock:
            self._watchers[camera] = self._watchers.get(camera, 0) + 1
            if self._watchers[camera] == 1:
                self._wishes.put((zmq.SUBSCRIBE, frame_topic(camera)))
        try:
            yield
        finally:
            with self._lock:
                self._watchers[camera] -= 1
                if self._watchers[camera] == 0:
                    self._wishes.put((zmq.UNSUBSCRIBE, frame_topic(camera)))
                    self.frames.forget(camera)

    def states(self) -> dict[str, CameraState]:
        """The state of each camera that was heard of lately; empty when capture is not running."""
        now_s = time.monotonic()
        with self._lock:
            heard = list(self._states.items())
        return {camera: state for camera, (heard_s, state) in heard if now_s - heard_s < STATE_LASTS_S}

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _drain(self, endpoint: str) -> None:
        context = zmq.Context()
        socket = context.socket(zmq.SUB)
        socket.setsockopt(zmq.RCVHWM, _WAITING_FRAMES)
        socket.connect(endpoint)
        while not self._stop.is_set():
            while not self._wishes.empty():
                socket.setsockopt(*self._wishes.get())
            if socket.poll(_POLL_MS):
                self._keep(socket.recv_multipart(copy=False))
        context.destroy(linger=0)

    def _keep(self, parts: list[zmq.Frame]) -> None:
        try:
            buffers = [part.buffer for part in parts]
            if bytes(buffers[0]).startswith(_FRAME):
                frame = decode_frame(buffers)
                self.frames.put(frame.camera, frame)
            else:
                state = decode_state(buffers)
                with self._lock:
                    self._states[state.camera] = (time.monotonic(), state)
        except CodecError as error:
            log.warning("message from capture left out: %s", error)
