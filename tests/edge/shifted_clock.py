"""A clock of the device that a test sets, for programs that it starts; needs a C compiler."""

import shutil
import subprocess
from pathlib import Path

from tests.requirements_here import skip_or_fail

_SOURCE = Path(__file__).with_name("clock.c")


class ShiftedClock:
    """Of every program that is started with `environment()`."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        if compiler is None:
            skip_or_fail("a C compiler is missing: apt-get install gcc libc6-dev")
        self._library, self._ahead = folder / "clock.so", folder / "ahead"
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", self._library, _SOURCE, "-ldl"], check=True)
        self.set(0)

    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self._library), "CLOCK_AHEAD": str(self._ahead)}

    def set(self, ahead_s: int) -> None:
        """So many seconds ahead of the clock of this machine, from now on; less than nothing: behind it."""
        new = self._ahead.with_suffix(".new")
        new.write_text(f"{ahead_s}\n")
        new.replace(self._ahead)
