"""Whether the steps of a skill fit together, and to the models that a device has; each problem by its place."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from edge_common.detections import ModelKind
from edge_common.skills.steps import (
    AnyStep,
    AskAction,
    Chain,
    CombineStep,
    CoveredStep,
    CropStep,
    CrossingsStep,
    KeepStep,
    ModelStep,
)

Flow = Literal["boxes", "things", "number", "condition"]
"""What a step gives. Things are boxes that are known again, so they serve wherever boxes do."""

_GIVES: Mapping[str, Flow] = {
    "model": "boxes",
    "track": "things",
    "stay": "things",
    "count": "number",
    "crossings": "number",
    "covered": "number",
    "change": "number",
    "compare": "condition",
    "combine": "condition",
    "hold": "condition",
    "schedule": "condition",
}
"""Of all but those that give what they get."""
TAKES: Mapping[str, Flow] = {
    "keep": "boxes",
    "crop": "boxes",
    "track": "boxes",
    "stay": "things",
    "count": "boxes",
    "crossings": "things",
    "covered": "boxes",
    "change": "number",
    "compare": "number",
    "combine": "condition",
    "hold": "condition",
    "schedule": "condition",
}


@dataclass(frozen=True)
class KnownModel:
    """What a skill must know of a model."""

    kind: ModelKind
    labels: tuple[str, ...]


def inputs_of(step: AnyStep) -> tuple[str, ...]:
    """The steps that it takes from, by id."""
    if isinstance(step, ModelStep):
        return ()
    return step.of if isinstance(step, CombineStep) else (step.of,)


def flows(skill: Chain) -> dict[str, Flow]:
    """What each step gives, by id; of what takes from a step that is not there, what it would."""
    given: dict[str, Flow] = {}
    for step in skill.steps:
        if isinstance(step, KeepStep):
            given[step.id] = given.get(step.of, "boxes")
        else:
            # What a second model says of a thing may be several boxes, so none of them is that thing.
            given[step.id] = _GIVES.get(step.do, "boxes")
    return given


def misfits(skill: Chain) -> list[str]:
    """What is wrong with a skill by itself, each problem with its place in the document."""
    return [*_wrong_steps(skill), *_wrong_zones(skill), *_wrong_actions(skill)]


def missing(skill: Chain, models: Mapping[str, KnownModel]) -> list[str]:
    """What it needs of models, by their ids, that they have not, each problem with its place in the document."""
    problems = []
    reach: dict[str, Sequence[str]] = {}
    """The labels that a step can give."""
    for place, step in _placed(skill):
        if isinstance(step, ModelStep | CropStep):
            known = models.get(step.model)
            if known is None:
                problems.append(f"{place}.model: a model of this device expected, got {step.model!r}")
            reach[step.id] = known.labels if known else ()
        elif isinstance(step, KeepStep):
            before = reach.get(step.of, ())
            strange = [tag for tag in step.tags if before and tag not in before]
            if strange:
                problems.append(f"{place}.tags: of {', '.join(before)} expected, got {', '.join(strange)}")
            reach[step.id] = [tag for tag in before if tag in step.tags] if step.tags else before
        elif not isinstance(step, CombineStep):
            reach[step.id] = reach.get(step.of, ())
    for number, action in enumerate(skill.actions):
        if isinstance(action, AskAction) and action.model not in models:
            problems.append(f"actions.{number}.model: a model of this device expected, got {action.model!r}")
    return problems


def _placed(skill: Chain) -> Iterator[tuple[str, AnyStep]]:
    for number, step in enumerate(skill.steps):
        yield f"steps.{number}", step


def _wrong_steps(skill: Chain) -> Iterator[str]:
    given = flows(skill)
    every = [step.id for step in skill.steps]
    above: list[str] = []
    for place, step in _placed(skill):
        if step.id in above:
            yield f"{place}.id: a name that no other step has expected, got {step.id!r}"
        for one in inputs_of(step):
            wanted = TAKES[step.do]
            if one not in every:
                yield f"{place}.of: the id of a step expected, got {one!r}"
            elif one not in above:
                yield f"{place}.of: a step above this one expected, as steps must not go round in a circle, got {one!r}"
            elif not serves(given[one], wanted):
                yield f"{place}.of: a step that gives {_IN_WORDS[wanted]} expected, {_gives(one, given)}"
        above.append(step.id)
    used = {one for step in skill.steps for one in inputs_of(step)} | {action.when for action in skill.actions}
    for place, step in _placed(skill):
        # What nothing is done about may be shown, as a count is in Insights; a box that nothing looks at may not.
        if step.id not in used and given[step.id] in ("boxes", "things"):
            yield f"{place}: a step that goes on from {step.id!r} expected, there is none"


def serves(given: Flow, wanted: Flow) -> bool:
    """Whether a step that wants one thing can take from a step that gives another."""
    return given == wanted or (given == "things" and wanted == "boxes")


_IN_WORDS: Mapping[Flow, str] = {
    "boxes": "boxes",
    "things": "tracked things",
    "number": "a number",
    "condition": "a condition",
}


def _gives(step: str, given: Mapping[str, Flow]) -> str:
    return f"{step!r} gives {_IN_WORDS[given[step]]}"


def _wrong_zones(skill: Chain) -> Iterator[str]:
    used = set()
    for place, step in _placed(skill):
        if not isinstance(step, KeepStep | CoveredStep | CrossingsStep) or step.zone is None:
            continue
        used.add(step.zone)
        drawn = skill.zones.get(step.zone)
        if drawn is None:
            yield f"{place}.zone: one of the skill's zones expected, got {step.zone!r}"
            continue
        line = isinstance(step, CrossingsStep)
        for camera in skill.cameras:
            outline = drawn.get(camera)
            if outline is None:
                yield f"zones.{step.zone}: to be drawn on camera {camera!r}, too"
            elif line != (len(outline) == 2):
                wanted = "a line of two points" if line else "an area of three points or more"
                yield f"zones.{step.zone}.{camera}: {wanted} expected for {place}, got {len(outline)} points"
    for zone in skill.zones:
        if zone not in used:
            yield f"zones.{zone}: a step that uses it expected, there is none"


def _wrong_actions(skill: Chain) -> Iterator[str]:
    given = flows(skill)
    for number, action in enumerate(skill.actions):
        place = f"actions.{number}.when"
        if action.when not in given:
            yield f"{place}: the id of a step expected, got {action.when!r}"
        elif given[action.when] != "condition":
            yield f"{place}: a step that gives a condition expected, {_gives(action.when, given)}"
