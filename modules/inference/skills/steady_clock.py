"""A clock that goes on by a second each second, while the program is down too, however the time of day is set."""

import time
from pathlib import Path

from edge_common.skills.seen import Moment
from modules.inference.skills.ledger import ClockMark

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_LONGEST_DOWN_S = 7 * 86_400.0
"""After a restart of the machine only the time of day tells how long it took, and that may be far wrong."""
_OLDEST_S = 5.0
"""A frame that says to be older was taken by a clock that was set since."""


class SteadyClock:
    """Goes on from a mark that was kept."""

    def __init__(self, before: ClockMark | None, boot_id: Path = _BOOT_ID) -> None:
        self._boot = boot_id.read_text().strip() if boot_id.exists() else ""
        now_s = _boot_s()
        if before is None:
            steady_s = 0.0
        elif self._boot and before.boot == self._boot and now_s >= before.boot_s:
            steady_s = before.steady_s + now_s - before.boot_s
        else:
            steady_s = before.steady_s + min(max(0.0, time.time() - before.utc_s), _LONGEST_DOWN_S)
        self._ahead_s = steady_s - now_s

    def now(self) -> Moment:
        return Moment(_boot_s() + self._ahead_s, time.time())

    def of_frame(self, taken_ns: int) -> Moment:
        """When a frame was taken that came just now."""
        now = self.now()
        age_s = now.utc_s - taken_ns / 1e9
        return Moment(now.steady_s - age_s, taken_ns / 1e9) if 0 <= age_s <= _OLDEST_S else now

    def mark(self) -> ClockMark:
        boot_s = _boot_s()
        return ClockMark(self._boot, boot_s, time.time(), boot_s + self._ahead_s)


def _boot_s() -> float:
    """Since the machine started, sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
