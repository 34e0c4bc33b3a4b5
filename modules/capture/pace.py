"""An even beat: how long to wait so that something happens at most once an interval."""

import time
from collections.abc import Callable


class Pace:
    """Beats are counted from the last one, not from when the caller came, so a little lateness does not add up."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._last_s: float | None = None

    def left_s(self, interval_s: float) -> float:
        """Seconds until the next beat; 0 when it is due."""
        if self._last_s is None:
            return 0.0
        return max(0.0, self._last_s + interval_s - self._now_s())

    def beat(self, interval_s: float) -> None:
        """What was due happens now. A caller later than a whole interval starts a new count."""
        now_s = self._now_s()
        if self._last_s is None or now_s - self._last_s >= 2 * interval_s:
            self._last_s = now_s
        else:
            self._last_s += interval_s
