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
    lasted_s = held.lasted_s + tick.passed_s if condition == held.before else 0.0
    if held.standing:
        clear_for_s = step.for_s if step.clear_for_s is None else step.clear_for_s
        if not condition and lasted_s >= clear_for_s - SLACK_S:
            # Looking back begins anew, or what raised it would do so again at once.
            return Held(False, condition, lasted_s, NOTHING, tick.time_s)
        return Held(True, condition, lasted_s, NOTHING, held.cleared_s)
    recent, true_s = held.recent, lasted_s
    if step.of_last_s is not None:
        true_now_s = tick.passed_s if held.before else 0.0
        recent = added(held.recent, step.of_last_s, tick.known_s, true_now_s, true_now_s)
        true_s = total(recent, step.of_last_s, tick.known_s)[1]
    rests = held.cleared_s is not None and tick.time_s < held.cleared_s + step.cool_down_s - SLACK_S
    standing = condition and true_s >= step.for_s - SLACK_S and not rests
    return Held(standing, condition, lasted_s, NOTHING if standing else recent, held.cleared_s)
