"""Frames with what models found in them, on their way to skills: whoever puts never waits, the oldest give way."""

import threading
from collections import deque
from dataclasses import dataclass

from edge_common.detections import Result
from edge_common.frames import Frame

MOST_WAITING = 3
"""Of a camera: each holds a picture."""


@dataclass(frozen=True, eq=False)
class Arrival:
    """What was found in one frame."""

    frame: Frame | None
    """None: of another program that names no picture."""
    results: tuple[Result, ...]
    """Of one camera and frame, of each model at most one; at least one."""


class Arrivals:
    """Of each camera in order; the camera that has waited longest comes first. From any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[str, deque[Arrival]] = {}
        self.missed = 0
        """Those that gave way."""

    def put(self, arrival: Arrival) -> None:
        with self._changed:
            line = self._waiting.setdefault(arrival.results[0].camera, deque())
            if len(line) == MOST_WAITING:
                line.popleft()
                self.missed += 1
            line.append(arrival)
            self._changed.notify()

    def take(self, timeout_s: float) -> Arrival | None:
        """The next; None when time is up."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._waiting, timeout_s):
                return None
            camera = next(iter(self._waiting))
            line = self._waiting.pop(camera)
            taken = line.popleft()
            if line:
                # Back in line, behind the other cameras.
                self._waiting[camera] = line
            return taken
