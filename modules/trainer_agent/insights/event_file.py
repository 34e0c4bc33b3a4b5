"""The file in which inference keeps every event of skills, read on from where the last reading ended.

When it is full it is put aside as `events.old.jsonl` and another begins. A file is known by its first line: its number
on the disk may be another's by the time that this program runs again.
"""

import logging
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple

from edge_common.lines import MOST_LINE_BYTES
from edge_common.skills.told import SkillEvent

log = logging.getLogger(__name__)

MOST_EVENTS = 500
"""Read at once."""


class Read(NamedTuple):
    """Some events, and the place behind them."""

    events: tuple[SkillEvent, ...]
    mark: str
    place: int
    more: bool
    """There may be more right now."""


def read_on(path: Path, mark: str, place: int) -> Read:
    """The events behind a place in the file of a mark, or of all that there is where that file is gone.

    What was read before may then come again: events are known by their ids. Raises OSError.
    """
    # The present one first: put aside meanwhile, it is both, and nothing in between is missed.
    files = [_opened(path), _opened(path.with_name(f"{path.stem}.old{path.suffix}"))]
    try:
        marks = [_mark(file) for file in files]
        if marks[0] == mark and mark:
            return _read(files[0], mark, place)
        if marks[1] and marks[1] != marks[0]:
            aside = _read(files[1], marks[1], place if marks[1] == mark else 0)
            if aside.more or aside.events or not marks[0]:
                return aside._replace(more=aside.more or bool(marks[0]))
        return _read(files[0], marks[0], 0) if marks[0] else Read((), mark, place, more=False)
    finally:
        for file in files:
            if file is not None:
                file.close()


def _opened(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None


def _mark(file: BinaryIO | None) -> str:
    """By which a file is known; empty while it has no whole line."""
    first = file.readline(MOST_LINE_BYTES + 1) if file else b""
    return sha256(first).hexdigest() if first.endswith(b"\n") or len(first) > MOST_LINE_BYTES else ""


def _read(file: BinaryIO | None, mark: str, place: int) -> Read:
    assert file is not None
    file.seek(place)
    events: list[SkillEvent] = []
    while len(events) < MOST_EVENTS:
        line = file.readline(MOST_LINE_BYTES + 1)
        # The rest of a line that is too long is read as one that is no event.
        if not line.endswith(b"\n") and len(line) <= MOST_LINE_BYTES:
            return Read(tuple(events), mark, place, more=False)
        place += len(line)
        try:
            events.append(_event(line))
        except ValueError as error:
            log.warning("a line of events of skills left out: %s", str(error)[:200])
    return Read(tuple(events), mark, place, more=True)


def _event(line: bytes) -> SkillEvent:
    event = SkillEvent.model_validate_json(line)
    for time in (event.time, event.since):
        if datetime.fromisoformat(time).tzinfo is None:
            raise ValueError(f"a time with its offset to UTC expected, got {time[:40]!r}")
    return event
