"""The steps of a skill as functions: what a document says is looked up once, not with every result."""

import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from edge_common.detections import Detection
from edge_common.skills.document import Skill
from edge_common.skills.holding import Held, hold
from edge_common.skills.spots import WHOLE, Spot, Spots, within
from edge_common.skills.steps import AnyStep, CompareStep, CountStep, HoldStep, KeepStep, ModelStep
from edge_common.skills.tick import Tick

Values = Sequence[Any]
"""What the steps above have given, in their order: `Spots`, a number or a condition each."""
Run = Callable[[Values, Tick, Any], tuple[Any, Any]]
"""What the step gives, and what it remembers from then on."""


class Compiled(NamedTuple):
    """One step."""

    run: Run
    memory: Any = None
    """That it begins with; None: it remembers nothing."""


def compiled(skill: Skill, camera: str) -> tuple[Compiled, ...]:
    """Its steps on one of its cameras, in their order."""
    places = {step.id: place for place, step in enumerate(skill.steps)}
    return tuple(_compiled(step, places) for step in skill.steps)


def _compiled(step: AnyStep, places: dict[str, int]) -> Compiled:
    match step:
        case ModelStep():
            return _model(step)
        case KeepStep():
            return _keep(step, places[step.of])
        case CountStep():
            return _count(places[step.of])
        case CompareStep():
            return _compare(step, places[step.of])
        case HoldStep():
            return _hold(step, places[step.of])
    raise NotImplementedError(step.do)


def _model(step: ModelStep) -> Compiled:
    model = step.model

    def run(_values: Values, tick: Tick, _memory: None) -> tuple[Sequence[Detection], None]:
        return within(tick.seen.results[model].detections), None

    return Compiled(run)


def _keep(step: KeepStep, of: int) -> Compiled:
    tags, least, smallest, largest = frozenset(step.tags), step.minimum_confidence, step.smallest, step.largest

    def wanted(spot: Spot) -> bool:
        if spot.confidence < least or (tags and spot.label not in tags):
            return False
        return smallest <= (spot.box or WHOLE).area <= largest

    def run(values: Values, _tick: Tick, _memory: None) -> tuple[Spots, None]:
        return [spot for spot in values[of] if wanted(spot)], None

    return Compiled(run)


def _count(of: int) -> Compiled:
    def run(values: Values, _tick: Tick, _memory: None) -> tuple[int, None]:
        return len(values[of]), None

    return Compiled(run)


_HOW: dict[str, Callable[[float, float], bool]] = {
    "more": operator.gt,
    "fewer": operator.lt,
    "at_least": operator.ge,
    "at_most": operator.le,
}


def _compare(step: CompareStep, of: int) -> Compiled:
    compare, than = _HOW[step.how], step.than

    def run(values: Values, _tick: Tick, _memory: None) -> tuple[bool, None]:
        return compare(values[of], than), None

    return Compiled(run)


def _hold(step: HoldStep, of: int) -> Compiled:
    def run(values: Values, tick: Tick, held: Held) -> tuple[bool, Held]:
        held = hold(step, held, values[of], tick)
        return held.standing, held

    return Compiled(run, Held())
