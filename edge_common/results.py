"""Results of inference to whoever shows or uses them: ZeroMQ transport in which the newest wins, and its state.

Inference binds one PUB socket, with a topic for each camera. A reader's own thread drains its socket into slots.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Literal, Self

import zmq
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge_common.detections import ModelKind, Result, decode_result, encode_result
from edge_common.errors import CodecError, LossKind
from edge_common.latest import LatestByKey
from edge_common.skill_feed import Told, encode_told
from edge_common.skills.told import SkillStanding

log = logging.getLogger(__name__)

_RESULT = b"result/"
_STATE = b"inference"
_END = b"\0"
_POLL_MS = 50
_WAITING_MESSAGES = 1000
"""For one reader; all that skills tell at once has room."""
STATE_LASTS_S = 5.0


class VpuState(BaseModel):
    """How a model stands that is to run on a VPU."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    device: str = Field(description="the device that is wanted, as OpenVINO calls it")
    phase: Literal["starting", "running", "waiting", "lost"] = Field(
        description="waiting: another model is being prepared on it; in all but `running` the processor looks instead"
    )
    kind: LossKind | None = Field(default=None, description="what happened when it was lost last; null while it runs")
    why: str = Field(default="", description="the same in words; empty while it runs")
    since: str = Field(default="", description="when it was lost: UTC, RFC 3339; empty while it runs")
    next_try: str = Field(default="", description="when it is tried again, the same way")


class Tried(BaseModel):
    """One candidate of `backend: auto` on one model."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    backend: str
    file: str = Field(description="of the package")
    device: str = Field(description="as OpenVINO calls it")
    ms: float | None = Field(
        ge=0, allow_inf_nan=False, description="for an image, by its fastest runs; null where it was left out"
    )
    why: str = Field(default="", description="why it was left out; empty where it was not")


class Choice(BaseModel):
    """What was measured of a model; the fastest runs it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    tried: tuple[Tried, ...] = Field(description="the first says what is right")
    measured: str = Field(description="when: UTC, RFC 3339")

    @model_validator(mode="after")
    def _one_is_of_use(self) -> Self:
        if all(one.ms is None for one in self.tried):
            raise ValueError("a candidate that was not left out expected")
        return self

    @property
    def best(self) -> Tried:
        return min((one for one in self.tried if one.ms is not None), key=lambda one: one.ms or 0.0)


EyePhase = Literal["starting", "watching", "silent", "restarting", "unpatched", "refused"]


class AzureEyeState(BaseModel):
    """How azureeyemodule stands, which looks with one model on one camera."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    camera: str
    model: str
    version: str = Field(description="of the model, as far as it was handed over; empty when it was not")
    phase: EyePhase = Field(
        description="watching: messages come, be there something in them or not; in all but this one the processor "
        "looks instead, if there are pictures"
    )
    why: str = Field(default="", description="what makes it so, in words; empty while it watches")
    since: str = Field(default="", description="from when on it is so: UTC, RFC 3339")


class LiveModel(BaseModel):
    """One model that is looking at frames now."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: str
    name: str = Field(description="as staff named it")
    version: str
    kind: ModelKind
    labels: tuple[str, ...]
    created: str = Field(description="when the version was trained: UTC, RFC 3339")
    threshold: float = Field(default=0.5, ge=0, le=1, description="it reports nothing that it is less sure of")
    device: str = Field(default="CPU", description="what it runs on now, as OpenVINO calls it")
    vpu: VpuState | None = Field(default=None, description="null where it is not to run on a VPU")
    backend: str = Field(default="openvino", description="what runs it")
    choice: Choice | None = Field(default=None, description="of `backend: auto`, once it was measured; else null")


class InferenceState(BaseModel):
    """How inference is doing, published at every change and once a second."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    version: Literal[1] = 1
    models: tuple[LiveModel, ...]
    runtime: str = Field(description="what runs the models")
    frames_per_s: float = Field(ge=0, allow_inf_nan=False, description="frames looked at, over all cameras")
    inference_ms: float = Field(ge=0, allow_inf_nan=False, description="mean for one frame and one model")
    last_error: str = Field(description="what went wrong lately; empty when all is well")
    azureeye: AzureEyeState | None = Field(default=None, description="null where azureeyemodule looks at nothing")
    skills: tuple[SkillStanding, ...] = Field(default=(), description="by their ids; without drafts")
    skills_missed: int = Field(default=0, ge=0, description="frames that skills left out since the start, being behind")


def result_key(camera: str, model_id: str) -> str:
    """Where the results of one model on one camera are kept; neither name can contain the slash."""
    return f"{camera}/{model_id}"


def result_topic(camera: str) -> bytes:
    """What a reader of one camera's results subscribes to; the end mark keeps `till` from matching `till-2`."""
    return _RESULT + camera.encode() + _END


def encode_inference_state(state: InferenceState) -> list[bytes]:
    """ZeroMQ parts: topic, JSON."""
    return [_STATE + _END, state.model_dump_json().encode()]


def decode_inference_state(parts: list[bytes]) -> InferenceState:
    """The state in two ZeroMQ parts; raises CodecError that names every field that is not as expected."""
    if len(parts) != 2:
        raise CodecError(f"inference state: 2 parts expected, got {len(parts)}")
    try:
        return InferenceState.model_validate_json(parts[1])
    except ValidationError as error:
        problems = (f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors())
        raise CodecError(f"inference state: {'; '.join(problems)}") from error


class ResultPublisher:
    """The inference side: binds `endpoint` and sends without ever waiting. From any thread."""

    def __init__(self, endpoint: str) -> None:
        self._lock = threading.Lock()
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.PUB)
        self._socket.setsockopt(zmq.SNDHWM, _WAITING_MESSAGES)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.bind(endpoint)

    def publish(self, result: Result) -> None:
        self._send([result_topic(result.camera), encode_result(result)])

    def publish_state(self, state: InferenceState) -> None:
        self._send(encode_inference_state(state))

    def publish_told(self, told: Told) -> None:
        """What a skill tells, for a `SkillFeed`."""
        self._send(encode_told(told))

    def close(self) -> None:
        self._context.destroy(linger=0)

    def _send(self, parts: list[bytes]) -> None:
        # A socket belongs to one thread at a time.
        with self._lock:
            self._socket.send_multipart(parts)


class ResultSubscriber:
    """The reader's side: a thread of its own drains the socket and keeps the newest of each camera and model."""

    def __init__(self, endpoint: str, heard: Callable[[Result], None] | None = None) -> None:
        """heard: told of every result, in that thread."""
        self._heard = heard
        self.results: LatestByKey[Result] = LatestByKey()
        """By `result_key`."""
        self._state: tuple[float, InferenceState] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._drain, args=(endpoint,), name="results", daemon=True)
        self._thread.start()

    def newest(self, camera: str, model_id: str) -> Result | None:
        """The last result of one model on one camera, however old; None if there was none yet."""
        found = self.results.after(result_key(camera, model_id), 0, 0)
        return found[1] if found else None

    def state(self) -> InferenceState | None:
        """What inference said of itself lately; None when it is not running."""
        heard = self._state
        return heard[1] if heard and time.monotonic() - heard[0] < STATE_LASTS_S else None

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _drain(self, endpoint: str) -> None:
        context = zmq.Context()
        socket = context.socket(zmq.SUB)
        socket.setsockopt(zmq.RCVHWM, _WAITING_MESSAGES)
        socket.setsockopt(zmq.SUBSCRIBE, _RESULT)
        socket.setsockopt(zmq.SUBSCRIBE, _STATE)
        socket.connect(endpoint)
        while not self._stop.is_set():
            if socket.poll(_POLL_MS):
                self._keep(socket.recv_multipart())
        context.destroy(linger=0)

    def _keep(self, parts: list[Any]) -> None:
        try:
            if parts[0].startswith(_RESULT):
                result = decode_result(parts[-1])
                self.results.put(result_key(result.camera, result.model_id), result)
                if self._heard is not None:
                    self._heard(result)
            else:
                self._state = (time.monotonic(), decode_inference_state(parts))
        except CodecError as error:
            log.warning("message from inference left out: %s", error)
