"""Pictures of what skills tell: for a moment in memory, and as files as many as a skill may keep."""

import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge_common.detections import Result
from edge_common.durable import write_file
from edge_common.frames import Frame
from edge_common.images import encode_jpeg
from edge_common.skills.told import SkillEvent

MOST_RECENT = 8
"""Frames that wait in memory to be made files: each may take some megabytes."""
MOST_BYTES = 500_000_000
"""Of all skills together."""
FREE_BYTES = 500_000_000
"""No picture is kept while the disk has less."""
QUALITY = 88


@dataclass(frozen=True)
class Recent:
    """What made a change."""

    frame: Frame
    results: Mapping[str, Result]
    """Of every model that looked at it or just before it, by id."""


class RecentFrames:
    """The frames that made the last changes, by event. From any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recent: dict[tuple[str, str], Recent] = {}

    def put(self, event: SkillEvent, recent: Recent) -> None:
        with self._lock:
            self._recent[event.id, event.phase] = recent
            while len(self._recent) > MOST_RECENT:
                del self._recent[next(iter(self._recent))]

    def of(self, event: SkillEvent) -> Recent | None:
        """None after a restart, or when many others came since."""
        with self._lock:
            return self._recent.get((event.id, event.phase))

    def forget(self, event: SkillEvent) -> None:
        with self._lock:
            self._recent.pop((event.id, event.phase), None)


class Pictures:
    """A folder of JPEG files, each named for its event. Used by one thread."""

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES, free_bytes: int = FREE_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._free_bytes = free_bytes

    def keep(self, event: SkillEvent, frame: Frame | None, most: int) -> str:
        """The name of the event's picture, kept by now or before; empty when it is lost. Raises OSError."""
        name = f"{event.id}.jpg" if event.phase == "raised" else f"{event.id}.{event.phase}.jpg"
        path = self._folder / name
        if frame is not None and not path.exists() and self._has_room():
            write_file(path, encode_jpeg(frame.pixels, QUALITY))
            self._drop_oldest(event.skill, most)
        return name if path.exists() else ""

    def _has_room(self) -> bool:
        self._folder.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(self._folder).free >= self._free_bytes

    def _drop_oldest(self, skill: str, most: int) -> None:
        """Of the skill's beyond `most`, then of all while they take too much."""
        kept = sorted(((path, path.stat()) for path in self._folder.glob("*.jpg")), key=lambda one: -one[1].st_mtime_ns)
        of_skill = taken = 0
        for path, facts in kept:
            mine = path.name.startswith(f"{skill}.")
            of_skill, taken = of_skill + mine, taken + facts.st_size
            if (mine and of_skill > most) or taken > self._most_bytes:
                path.unlink(missing_ok=True)
