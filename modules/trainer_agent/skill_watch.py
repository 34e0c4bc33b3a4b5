"""What the steps of skills let through now, for whoever watches: the newest trace of each skill on each camera.

One thread takes what inference tells; viewers wait for what is new to them.
"""

import threading
import time
from typing import NamedTuple

from edge_common.skill_feed import SkillFeed
from edge_common.skills.told import SkillTrace

FRESH_S = 5.0
"""After so long without another one, a trace says nothing about now."""
_LISTEN_S = 0.05


class Heard(NamedTuple):
    number: int
    """Counts up over all traces."""
    at_s: float
    trace: SkillTrace


class SkillWatch:
    """Every method may be called from any thread."""

    def __init__(self, feed: SkillFeed) -> None:
        self._feed = feed
        self._changed = threading.Condition()
        self._number = 0
        self._traces: dict[tuple[str, bool, str], Heard] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="skills", daemon=True)
        self._thread.start()

    def after(self, skill: str, *, draft: bool, number: int, timeout_s: float) -> tuple[Heard, ...]:
        """What came of a skill beyond a number, the newest of each camera; nothing when time is up."""

        def new() -> list[Heard]:
            return [one for key, one in self._traces.items() if key[:2] == (skill, draft) and one.number > number]

        with self._changed:
            self._changed.wait_for(new, timeout_s)
            return tuple(sorted(new()))

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._feed.close()

    def _listen(self) -> None:
        while not self._stop.is_set():
            told = self._feed.next(_LISTEN_S)
            if isinstance(told, SkillTrace):
                self._keep(told)

    def _keep(self, trace: SkillTrace) -> None:
        now_s = time.monotonic()
        with self._changed:
            self._number += 1
            fresh = {key: one for key, one in self._traces.items() if now_s - one.at_s < FRESH_S}
            self._traces = fresh | {(trace.skill, trace.draft, trace.camera): Heard(self._number, now_s, trace)}
            self._changed.notify_all()
