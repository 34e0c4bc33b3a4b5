"""What skills tell while they look, from inference to whoever shows or counts it: in order, each once, none waited for.

It comes over the socket of results, with topics of its own. A reader that is not there misses it; events are also in a
file, one a line, to be read by `NewLines`.
"""

import logging
from pathlib import Path
from typing import Any

import zmq
from pydantic import ValidationError

from edge_common.errors import CodecError
from edge_common.skills.told import SkillEvent, SkillTrace

log = logging.getLogger(__name__)

Told = SkillTrace | SkillEvent
EVENTS_PLACE = Path("skills") / "events.jsonl"
"""Below the data folder."""
PICTURES_PLACE = Path("skills") / "pictures"
"""Of the pictures that events name."""
SKILL_TOPIC = b"skill/"
_KINDS: dict[bytes, type[Told]] = {SKILL_TOPIC + b"trace": SkillTrace, SKILL_TOPIC + b"event": SkillEvent}
_MOST_WAITING = 1000


def encode_told(told: Told) -> list[bytes]:
    """ZeroMQ parts: topic, JSON."""
    topic = next(topic for topic, kind in _KINDS.items() if isinstance(told, kind))
    return [topic, told.model_dump_json().encode()]


def decode_told(parts: list[Any]) -> Told:
    """What two ZeroMQ parts tell; raises CodecError that names every field that is not as expected."""
    if len(parts) != 2:
        raise CodecError(f"skills: 2 parts expected, got {len(parts)}")
    kind = _KINDS.get(parts[0])
    if kind is None:
        raise CodecError(f"skills: one of {', '.join(map(repr, _KINDS))} expected, got {parts[0]!r}")
    try:
        return kind.model_validate_json(parts[1])
    except ValidationError as error:
        problems = (f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors())
        raise CodecError(f"{parts[0].decode()}: {'; '.join(problems)}") from error


class SkillFeed:
    """The reader's side. Used by one thread; of one that does not read for long, what is new is dropped."""

    def __init__(self, endpoint: str) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.setsockopt(zmq.RCVHWM, _MOST_WAITING)
        self._socket.setsockopt(zmq.SUBSCRIBE, SKILL_TOPIC)
        self._socket.connect(endpoint)

    def next(self, timeout_s: float) -> Told | None:
        """The next that was told; None when time is up, or when something came that is none."""
        if not self._socket.poll(round(timeout_s * 1000)):
            return None
        try:
            return decode_told(self._socket.recv_multipart())
        except CodecError as error:
            log.warning("message from inference left out: %s", error)
            return None

    def close(self) -> None:
        self._context.destroy(linger=0)
