"""Whether a module is at work, for Docker's health check: a file that its main loop touches.

`python -m edge_common.health FILE` ends with 0 while the file was touched lately and with 1 otherwise. IoT Edge starts
nothing anew because of it, so a module that is sick ends by itself; this shows it to whoever looks at the device.
"""

import os
import sys
import time
from pathlib import Path

FILE_VARIABLE = "FIFTEEN_ALIVE"
LASTS_S = 60.0
_TOUCH_EVERY_S = 5.0


class Heartbeat:
    """Touches a file; the one that the environment names, or none."""

    def __init__(self, path: Path | None = None) -> None:
        named = os.environ.get(FILE_VARIABLE)
        self._path = path if path is not None else Path(named) if named else None
        self._due_s = 0.0

    def beat(self, now_s: float | None = None) -> None:
        """Call at every round of the main loop; raises nothing, as a disk that is full makes no module sick."""
        now_s = time.monotonic() if now_s is None else now_s
        if self._path is None or now_s < self._due_s:
            return
        self._due_s = now_s + _TOUCH_EVERY_S
        try:
            self._path.touch()
        except OSError:
            self._due_s = now_s


def is_alive(path: Path, now_s: float) -> bool:
    """Whether the file was touched within a minute before `now_s` (Unix time)."""
    try:
        return now_s - path.stat().st_mtime < LASTS_S
    except OSError:
        return False


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"one file expected, got {sys.argv[1:]}")
    sys.exit(0 if is_alive(Path(sys.argv[1]), time.time()) else f"{sys.argv[1]}: not touched for {LASTS_S:.0f} s")
