"""Waiting for what another thread, process or page does."""

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_S = 60.0
"""How long a test waits for what has no limit of its own; only a failing one takes so long."""

Seen = TypeVar("Seen")


def wait_for(look: Callable[[], Seen], within_s: float = PATIENCE_S, says: Callable[[], object] = str) -> Seen:
    """What `look` gives once it gives something true; the test fails when time is up, with what `says` gives then."""
    deadline_s = time.monotonic() + within_s
    while not (seen := look()):
        assert time.monotonic() < deadline_s, f"it did not come about in {within_s:g} s; {says()}"
        time.sleep(0.01)
    return seen
