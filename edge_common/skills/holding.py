"""Hold: a condition that was true for long enough, and stays so until the other was false for long enough."""

from typing import NamedTuple

from edge_common.skills.recent import NOTHING, Recent, added, total
from edge_common.skills.steps import HoldStep
from edge_common.skills.tick import SLACK_S, Tick


class Held(NamedTuple):
    """What a hold remembers."""

    standing: bool = False
    """What it says."""
    before: bool = False
    """What its condition said in the last result."""
    lasted_s: float = 0.0
    """Time with results since its condition began to say so."""
    recent: Recent = NOTHING
    """Seconds in which its condition was true, of those that are looked back at; of no use while it stands."""
    cleared_s: float | None = None
    """When it last became false, steady time."""


def hold(step: HoldStep, held: Held, condition: bool, tick: Tick) -> Held:
    """What it remembers after this result."""
    standing, before, lasted_s, recent, cleared_s = held
    lasted_s = lasted_s + tick.passed_s if condition == before else 0.0
    if standing:
        clear_for_s = step.for_s if step.clear_for_s is None else step.clear_for_s
        if not condition and lasted_s >= clear_for_s - SLACK_S:
            # Looking back begins anew, or what raised it would do so again at once.
            return Held(False, condition, lasted_s, NOTHING, tick.time_s)
        return Held(True, condition, lasted_s, NOTHING, cleared_s)
    true_s = lasted_s
    if step.of_last_s is not None:
        recent = added(recent, step.of_last_s, tick.known_s, 0.0, tick.passed_s if before else 0.0)
        true_s = total(recent, step.of_last_s, tick.known_s)[1]
    if condition and true_s >= step.for_s - SLACK_S and not _rests(step, cleared_s, tick):
        return Held(True, condition, lasted_s, NOTHING, cleared_s)
    return Held(False, condition, lasted_s, recent, cleared_s)


def _rests(step: HoldStep, cleared_s: float | None, tick: Tick) -> bool:
    return cleared_s is not None and tick.time_s < cleared_s + step.cool_down_s - SLACK_S
