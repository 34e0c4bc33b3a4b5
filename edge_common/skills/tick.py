"""What every step of a skill may look at: the frame, and how much time has gone by, gaps left out; and what it is."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from edge_common.skills.seen import Moment, Seen

LONGEST_S = 2.0
"""A result stands for the time until the next one, but for no longer than this: what comes after is time without
results. So a lost camera stops the clock of every hold, and one picture each ten seconds counts as two of them."""
SLACK_S = 1e-6
"""Sums of times are rounded: five seconds in steps of a tenth are to be five seconds."""


class Tick(NamedTuple):
    """One evaluation: what is seen, and the time as a chain counts it."""

    seen: Seen
    now: Moment
    time_s: float
    """Steady, and never going back."""
    passed_s: float
    """Since the last result, as far as that one stood for it."""
    known_s: float
    """All of these so far: time with results."""


Values = Sequence[Any]
"""What the steps above have given, in their order: `Spots`, `Things`, a number or a condition each."""
Run = Callable[[Values, Tick], Any]
"""What a step gives."""
RunOn = Callable[[Values, Tick, Any], tuple[Any, Any]]
"""What a step gives, from what it remembers, and what it remembers from then on."""


class Keeping(NamedTuple):
    """A step that remembers."""

    run: RunOn
    memory: Any
    """That it begins with."""
    deed: str = ""
    """All that it does, as a digest, where other skills may do the same (`once`)."""
