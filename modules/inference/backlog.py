"""Frames that wait to be looked at: the newest of each camera, but all that come while a model is being loaded."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from edge_common.frames import Frame
from edge_common.latest import LatestByKey

MOST_BYTES = 64_000_000
"""Of pixels that wait in place of being replaced; beyond it the camera with most of them loses its oldest."""
AFTERWARDS_S = 3.0
"""So long after a load, what came meanwhile is worked off and the version before is closed. What waits even then is
more than the models can look at."""


class Backlog(LatestByKey[Frame]):
    """The newest frame wins, as it should where frames are more than the models can look at.

    Loading a model takes processors for a moment, though: what comes meanwhile is looked at a little later, so that
    nothing is overlooked because of a new version.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        super().__init__()
        self._most_bytes = most_bytes
        self._older: dict[str, deque[Frame]] = {}
        """Of a camera whose newest waits, too."""
        self._bytes = 0
        self._holders = 0
        self._until_s = 0.0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Replace no frame for as long as the block lasts and a little longer."""
        with self._changed:
            self._holders += 1
        try:
            yield
        finally:
            with self._changed:
                self._holders -= 1
                self._until_s = time.monotonic() + AFTERWARDS_S

    def put(self, key: str, value: Frame) -> None:
        with self._changed:
            replaced = self._waiting.get(key)
            if replaced is not None and self._holds():
                self._older.setdefault(key, deque()).append(replaced)
                self._bytes += replaced.pixels.nbytes
                while self._bytes > self._most_bytes:
                    self._drop(max(self._older, key=lambda camera: len(self._older[camera])))
            elif replaced is not None:
                while key in self._older:
                    self._drop(key)
            super().put(key, value)

    def take(self, timeout_s: float) -> tuple[str, Frame] | None:
        """Remove and return the oldest of the camera that has waited longest; None when time is up."""
        with self._changed:
            taken = super().take(timeout_s)
            if taken is None or taken[0] not in self._older:
                return taken
            key, newest = taken
            # Back in line, behind the other cameras.
            self._waiting[key] = newest
            return key, self._drop(key)

    def forget(self, key: str) -> None:
        with self._changed:
            while key in self._older:
                self._drop(key)
            super().forget(key)

    def _holds(self) -> bool:
        return self._holders > 0 or time.monotonic() < self._until_s

    def _drop(self, key: str) -> Frame:
        frames = self._older[key]
        oldest = frames.popleft()
        self._bytes -= oldest.pixels.nbytes
        if not frames:
            del self._older[key]
        return oldest
