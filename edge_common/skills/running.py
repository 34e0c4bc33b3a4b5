"""The steps of a skill as functions: what a document says is looked up once, not with every result."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from edge_common.detections import Detection, cut
from edge_common.geometry import Box
from edge_common.skills.document import Skill
from edge_common.skills.fields import Outline
from edge_common.skills.holding import Held, hold
from edge_common.skills.once import deeds, once
from edge_common.skills.opening_hours import opening_hours
from edge_common.skills.recent import NOTHING, Recent, added, total
from edge_common.skills.seen import Look
from edge_common.skills.spots import WHOLE, Spots
from edge_common.skills.staying import Crossed, Stayed, cross, stay
from edge_common.skills.steps import (
    AnyStep,
    ChangeStep,
    CombineStep,
    CompareStep,
    CountStep,
    CoveredStep,
    CropStep,
    CrossingsStep,
    HoldStep,
    KeepStep,
    ModelStep,
    ScheduleStep,
    StayStep,
    TrackStep,
)
from edge_common.skills.tick import Keeping, Run, Tick, Values
from edge_common.skills.tracking import Tracked, track
from edge_common.skills.zones import cells_of, containing, covered, sharing

_PICTURE: Outline = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
_LEAST_REFERENCE = 1e-9
_MOST_CHANGE = 1e9
"""A share of next to nothing is no number that anyone compares."""


class _Places(NamedTuple):
    """Where the steps of a skill on one camera find what they take."""

    of: Mapping[str, int]
    things: frozenset[str]
    """The steps that give them."""
    drawn: Mapping[str, Outline]
    lost_after_s: Mapping[str, float]
    """Of each step that gives things, that of their tracker."""


def compiled(skill: Skill, camera: str) -> tuple[Run | Keeping, ...]:
    """Its steps on one of its cameras, in their order."""
    lost_after_s: dict[str, float] = {}
    for step in skill.steps:
        if isinstance(step, TrackStep):
            lost_after_s[step.id] = step.lost_after_s
        elif isinstance(step, KeepStep | StayStep) and step.of in lost_after_s:
            lost_after_s[step.id] = lost_after_s[step.of]
    places = _Places(
        {step.id: place for place, step in enumerate(skill.steps)},
        frozenset(lost_after_s),
        {zone: outlines[camera] for zone, outlines in skill.zones.items()},
        lost_after_s,
    )
    shared = deeds(skill.steps, places.drawn)
    runs = ((step.id, _compiled(step, places)) for step in skill.steps)
    return tuple(once(run, shared[step]) if step in shared else run for step, run in runs)


def _compiled(step: AnyStep, places: _Places) -> Run | Keeping:
    match step:
        case ModelStep():
            return _model(step)
        case KeepStep():
            return _keep(step, places)
        case CropStep():
            return _crop(step, _boxes(step.of, places))
        case TrackStep():
            return _track(step, _boxes(step.of, places))
        case StayStep():
            return _stay(step, places)
        case CountStep():
            return _count(places.of[step.of])
        case CrossingsStep():
            return _crossings(step, places)
        case CoveredStep():
            return _covered(_boxes(step.of, places), places.drawn[step.zone] if step.zone else _PICTURE)
        case ChangeStep():
            return _change(step, places.of[step.of])
        case CompareStep():
            return _compare(step, places.of[step.of])
        case CombineStep():
            return _combine(step, [places.of[one] for one in step.of])
        case HoldStep():
            return _hold(step, places.of[step.of])
        case ScheduleStep():
            return _schedule(step, places.of[step.of])


def _boxes(step: str, places: _Places) -> Callable[[Values], Spots]:
    """Takes the boxes that a step gives; of things, these without their numbers."""
    of = places.of[step]
    return (lambda values: list(values[of].values())) if step in places.things else operator.itemgetter(of)


def _model(step: ModelStep) -> Run:
    model = step.model
    return lambda _values, tick: tick.seen.results[model].in_picture


def _keep(step: KeepStep, places: _Places) -> Run:
    of, wanted = places.of[step.of], _wanted(step, places.drawn)
    if step.of in places.things:
        return lambda values, _tick: {number: spot for number, spot in values[of].items() if wanted(spot)}
    return lambda values, _tick: [spot for spot in values[of] if wanted(spot)]


def _wanted(step: KeepStep, drawn: Mapping[str, Outline]) -> Callable[[Detection], bool]:
    tags, least, smallest, largest = frozenset(step.tags), step.minimum_confidence, step.smallest, step.largest
    any_size = smallest == 0 and largest == 1
    in_zone = _in_zone(step, drawn[step.zone]) if step.zone else None

    def wanted(spot: Detection) -> bool:
        if spot.confidence < least or (tags and spot.label not in tags):
            return False
        if any_size and in_zone is None:
            return True
        box = spot.box or WHOLE
        if not any_size and not smallest <= (box.x1 - box.x0) * (box.y1 - box.y0) <= largest:
            return False
        return in_zone is None or in_zone(box)

    return wanted


def _in_zone(step: KeepStep, outline: Outline) -> Callable[[Box], bool]:
    contains = containing(outline)
    if step.inside == "centre":
        return lambda box: contains((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
    if step.inside == "foot":
        return lambda box: contains((box.x0 + box.x1) / 2, box.y1)
    share_inside = sharing(outline)

    def half(box: Box) -> bool:
        # Half of nothing says nothing, so of a box without area its centre counts.
        if box.area > 0:
            return share_inside(box) >= 0.5
        return contains((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)

    return half


def _crop(step: CropStep, boxes: Callable[[Values], Spots]) -> Run:
    def run(values: Values, tick: Tick) -> Spots:
        surest = sorted(boxes(values), key=lambda spot: -spot.confidence)[: step.most]
        return [one for spot in surest for one in _looked_at(step, spot, tick.seen.look)]

    return run


def _looked_at(step: CropStep, spot: Detection, look: Look) -> Spots:
    box = spot.box or WHOLE
    across, down = step.margin * box.width, step.margin * box.height
    found = look(step.model, Box(box.x0 - across, box.y0 - down, box.x1 + across, box.y1 + down).clip())
    if found and found[0].box is None:
        return [Detection(found[0].label, found[0].confidence, spot.box)]
    return cut(found)


def _track(step: TrackStep, boxes: Callable[[Values], Spots]) -> Keeping:
    return Keeping(lambda values, tick, tracked: track(step, tracked, boxes(values), tick), Tracked())


def _stay(step: StayStep, places: _Places) -> Keeping:
    of, lost_after_s = places.of[step.of], places.lost_after_s[step.of]
    return Keeping(lambda values, tick, stayed: stay(step, lost_after_s, stayed, values[of], tick), Stayed({}))


def _count(of: int) -> Run:
    return lambda values, _tick: len(values[of])


def _crossings(step: CrossingsStep, places: _Places) -> Keeping:
    of, line, lost_after_s = places.of[step.of], places.drawn[step.zone], places.lost_after_s[step.of]
    return Keeping(
        lambda values, tick, crossed: cross(step, line, lost_after_s, crossed, values[of], tick), Crossed({}, NOTHING)
    )


def _covered(boxes: Callable[[Values], Spots], outline: Outline) -> Run:
    cells = cells_of(outline)
    return lambda values, _tick: covered(cells, [spot.box or WHOLE for spot in boxes(values)])


class Changed(NamedTuple):
    """What `change` remembers."""

    number: float = 0.0
    """In the last result; it stands until the next."""
    recent: Recent = NOTHING


def _change(step: ChangeStep, of: int) -> Run | Keeping:
    over_s, reference = step.over_s, step.reference

    def more(number: float, reference: float) -> float:
        change = number - reference
        if step.relative:
            change = change / abs(reference) if abs(reference) >= _LEAST_REFERENCE else number
        return min(max(change, -_MOST_CHANGE), _MOST_CHANGE)

    def more_than_mean(values: Values, tick: Tick, changed: Changed) -> tuple[float, Changed]:
        number = float(values[of])
        recent = added(changed.recent, over_s, tick.known_s, tick.passed_s, tick.passed_s * changed.number)
        seconds, amount = total(recent, over_s, tick.known_s)
        return more(number, amount / seconds if seconds > 0 else number), Changed(number, recent)

    if reference is None:
        return Keeping(more_than_mean, Changed())
    return lambda values, _tick: more(values[of], reference)


_HOW: Mapping[str, Callable[[float, float], bool]] = {
    "more": operator.gt,
    "fewer": operator.lt,
    "at_least": operator.ge,
    "at_most": operator.le,
}


def _compare(step: CompareStep, of: int) -> Run:
    compare, than = _HOW[step.how], step.than
    return lambda values, _tick: compare(values[of], than)


def _combine(step: CombineStep, of: Sequence[int]) -> Run:
    of_them, wanted = (all, True) if step.how == "all" else (any, step.how == "any")
    return lambda values, _tick: of_them([values[one] for one in of]) == wanted


def _hold(step: HoldStep, of: int) -> Keeping:
    def run(values: Values, tick: Tick, held: Held) -> tuple[bool, Held]:
        held = hold(step, held, values[of], tick)
        return held.standing, held

    return Keeping(run, Held())


def _schedule(step: ScheduleStep, of: int) -> Run:
    is_open = opening_hours(step)
    return lambda values, tick: values[of] and is_open(tick.now.utc_s)
