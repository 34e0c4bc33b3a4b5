"""How long tracked things have been there, and how often they crossed a line."""

import math
from typing import NamedTuple, TypeVar

from edge_common.detections import Detection
from edge_common.skills.fields import Outline
from edge_common.skills.recent import Recent, added, total
from edge_common.skills.spots import WHOLE, Things
from edge_common.skills.steps import CrossingsStep, StayStep
from edge_common.skills.tick import SLACK_S, Tick
from edge_common.skills.tracking import MOST_THINGS

_MIDDLE = 0.1
"""Of a box, from its centre: this much of its sides has to be over a line, or a box that trembles on it would cross it
over and over."""

Present = tuple[float, float, float, float, float, float]
"""A thing that is, or was just now, among those that a step looks at: since when, in time with results; when it was
last, steady time; and where it was at first, x0, y0, x1, y1."""

_NEVER: Present = (0.0, -math.inf, 0.0, 0.0, 0.0, 0.0)


class Stayed(NamedTuple):
    """What `stay` remembers: things by number. Replaced whole, never changed."""

    present: dict[int, Present]


def stay(
    step: StayStep, lost_after_s: float, stayed: Stayed, things: Things, tick: Tick
) -> tuple[dict[int, Detection], Stayed]:
    """Those that have been there for long enough; `lost_after_s` is that of their tracker."""
    known, time_s, known_s, still = stayed.present, tick.time_s, tick.known_s, step.still
    lost_s, long_ago_s = time_s - lost_after_s - SLACK_S, known_s - step.for_s + SLACK_S
    present: dict[int, Present] = {}
    there: dict[int, Detection] = {}
    for number, spot in things.items():
        since_s, seen_s, x0, y0, x1, y1 = known.get(number, _NEVER)
        if seen_s < lost_s or (still and not _centre_in(spot, x0, y0, x1, y1)):
            box = spot.box or WHOLE
            since_s, x0, y0, x1, y1 = known_s, box.x0, box.y0, box.x1, box.y1
        present[number] = (since_s, time_s, x0, y0, x1, y1)
        if since_s <= long_ago_s:
            there[number] = spot
    return there, Stayed(_with_absent(present, known, lost_s))


def _centre_in(spot: Detection, x0: float, y0: float, x1: float, y1: float) -> bool:
    box = spot.box or WHOLE
    return x0 <= (box.x0 + box.x1) / 2 <= x1 and y0 <= (box.y0 + box.y1) / 2 <= y1


Side = tuple[bool, float, float, float]
"""Where a thing was when it last was clearly on one side of a line: whether on the right, when it was last seen, and
its centre, x and y. The time stands where that of `Present` does."""


_Kept = TypeVar("_Kept", Present, Side)


class Crossed(NamedTuple):
    """What `crossings` remembers: things by number. Replaced whole, never changed."""

    sides: dict[int, Side]
    recent: Recent


def cross(
    step: CrossingsStep, line: Outline, lost_after_s: float, crossed: Crossed, things: Things, tick: Tick
) -> tuple[float, Crossed]:
    """How many crossings there were lately, each by the centre of a box on its way from one picture to another."""
    (x0, y0), (x1, y1) = line
    across, down = x1 - x0, y1 - y0
    far_across, far_down = _MIDDLE * abs(across), _MIDDLE * abs(down)
    known, time_s = crossed.sides, tick.time_s
    sides: dict[int, Side] = {}
    crossings = 0
    lost_s = time_s - lost_after_s - SLACK_S
    for number, spot in things.items():
        box = spot.box or WHOLE
        before = known.get(number)
        if before is not None and before[1] < lost_s:
            before = None
        x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
        # Down the picture is plus, so what is to the right of who looks along the line is plus, too.
        right = across * (y - y0) - down * (x - x0)
        if abs(right) > far_across * (box.y1 - box.y0) + far_down * (box.x1 - box.x0):
            sides[number] = (right > 0, time_s, x, y)
            if before is not None and before[0] != (right > 0) and _passes(line, before[2], before[3], x, y):
                crossings += step.direction in ("either", "rightwards" if right > 0 else "leftwards")
        elif before is not None:
            # On the line: from where it came is still to be known when it leaves.
            sides[number] = (before[0], time_s, before[2], before[3])
    recent = added(crossed.recent, step.over_s, time_s, 0.0, float(crossings))
    number_lately = float(round(total(recent, step.over_s, time_s)[1]))
    return number_lately, Crossed(_with_absent(sides, known, lost_s), recent)


def _passes(line: Outline, from_x: float, from_y: float, to_x: float, to_y: float) -> bool:
    """Whether the way from one place to the other meets the line between its ends, not beyond."""
    across, down = to_x - from_x, to_y - from_y
    first, second = (across * (y - from_y) - down * (x - from_x) for x, y in line)
    return min(first, second) <= 0 <= max(first, second)


def _with_absent(now: dict[int, _Kept], before: dict[int, _Kept], since_s: float) -> dict[int, _Kept]:
    """What is there, and after it what was so lately, as many as are tracked."""
    if len(before) == len(now) and before.keys() == now.keys():
        return now
    both = now | {number: one for number, one in before.items() if number not in now and one[1] >= since_s}
    return both if len(both) <= MOST_THINGS else {number: both[number] for number in list(both)[:MOST_THINGS]}
