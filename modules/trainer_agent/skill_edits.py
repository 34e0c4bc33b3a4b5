"""Changes of a skill that is being made: steps, actions and zones added, taken away and moved. Pure.

They work on the document as the page holds it, whose fields may be half typed; what is right is said by `parse_skill`.
"""

import copy
import zoneinfo
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from edge_common.errors import InvalidInput
from edge_common.skills.fitting import TAKES, Flow, flows, misfits, serves
from edge_common.skills.steps import MOST_ACTIONS, MOST_STEPS, AnyAction, AnyStep, Chain
from modules.trainer_agent.skill_templates import AREA, LINE

Document = dict[str, Any]
"""Of a skill's shape: lists of steps and actions that each have a kind, zones with outlines by camera."""


def _kinds(union: Any) -> dict[str, type[BaseModel]]:  # noqa: ANN401 (an annotated union is no type)
    return {kind.model_fields["do"].default: kind for kind in get_args(get_args(union)[0])}


_ANYTHING: frozenset[Flow] = frozenset(get_args(Flow))
STEP_KINDS = _kinds(AnyStep)
ACTION_KINDS = _kinds(AnyAction)


def shaped(values: object) -> Document:
    """A copy of what came from a page, when it has a skill's shape; raises InvalidInput."""
    if not isinstance(values, Mapping):
        raise InvalidInput(f"document: an object expected, got {str(values)[:40]!r}.")
    lists = {key: values.get(key, []) for key in ("cameras", "steps", "actions")}
    steps, actions, zones = lists["steps"], lists["actions"], values.get("zones", {})
    fits = (
        all(isinstance(one, list) for one in lists.values())
        and all(isinstance(camera, str) for camera in lists["cameras"])
        and all(isinstance(one, dict) and isinstance(one.get("id"), str) for one in steps)
        and all(one.get("do") in STEP_KINDS for one in steps)
        and all(isinstance(one, dict) and one.get("do") in ACTION_KINDS for one in actions)
        and isinstance(zones, dict)
        and all(isinstance(drawn, dict) and all(map(_is_outline, drawn.values())) for drawn in zones.values())
    )
    if not fits or len(steps) > MOST_STEPS or len(actions) > MOST_ACTIONS:
        raise InvalidInput("document: lists of steps, actions and cameras, and zones with outlines by camera expected.")
    return copy.deepcopy({**values, **lists, "zones": zones})


def _is_outline(points: object) -> bool:
    return isinstance(points, list) and all(
        isinstance(point, list) and len(point) == 2 and all(isinstance(one, int | float) for one in point)
        for point in points
    )


def with_step(document: Document, kind: str, at: int, models: Sequence[str], time_zone: str = "UTC") -> Document:
    """A step more, at a place of the list; it takes from what fits, and what took from that goes on from it."""
    if kind not in STEP_KINDS or not 0 <= at <= len(document["steps"]) or len(document["steps"]) >= MOST_STEPS:
        raise InvalidInput(
            f"a step of a known kind at a place expected, at most {MOST_STEPS}; got {kind[:20]!r}, {at}."
        )
    step = {"id": _free(kind, {one["id"] for one in document["steps"]}), "do": kind}
    step |= _usual(kind, models, time_zone)
    if kind == "model":
        return _placed(document, step, at, None)
    if kind == "combine":
        return _placed(document, step | {"of": _conditions(document["steps"][:at])[-8:]}, at, None)
    if TAKES[kind] == "things" and "things" not in flows_above(document)[at]:
        document, at = with_step(document, "track", at, models), at + 1
    tries = [
        _placed(document, {**step, "of": of}, at, follow)
        for of in _sources(document, kind, at)
        for follow in (of, None)
    ]
    return _best(tries or [_placed(document, {**step, "of": ""}, at, None)])


def without_step(document: Document, at: int) -> Document:
    """What took from the step takes from what that took from."""
    made = copy.deepcopy(document)
    if not 0 <= at < len(made["steps"]):
        raise InvalidInput(f"a step from 0 to {len(made['steps']) - 1} expected, got {at}.")
    gone = made["steps"].pop(at)
    before = _inputs(gone)
    _reconnect(made["steps"], gone["id"], before[0] if before else "")
    left = _conditions(made["steps"])
    for action in made["actions"]:
        if action.get("when") == gone["id"]:
            action["when"] = before[0] if before and before[0] in left else (left[-1] if left else "")
    return tidied(made)


def with_step_moved(document: Document, at: int, by: int) -> Document:
    """A step changes places with its neighbour; where one takes from the other, they change places in the chain."""
    made = copy.deepcopy(document)
    upper = min(at, at + by)
    if abs(by) != 1 or not 0 <= upper < len(made["steps"]) - 1:
        raise InvalidInput(f"a step with a neighbour on that side expected, got {at}, {by}.")
    first, second = made["steps"][upper : upper + 2]
    if _inputs(second) == [first["id"]]:
        others = [one for one in made["steps"] if one not in (first, second)]
        _reconnect([*others, *made["actions"]], second["id"], first["id"])
        second["of"] = first.get("of", "")
        if second["do"] == "combine" and not isinstance(second["of"], list):
            second["of"] = [second["of"]]
        if "of" in first:
            first["of"] = [second["id"]] if first["do"] == "combine" else second["id"]
    made["steps"][upper : upper + 2] = [second, first]
    return tidied(made)


def with_action(document: Document, kind: str, models: Sequence[str]) -> Document:
    if kind not in ACTION_KINDS or len(document["actions"]) >= MOST_ACTIONS:
        raise InvalidInput(f"an action of a known kind expected, at most {MOST_ACTIONS}; got {kind[:20]!r}.")
    made = copy.deepcopy(document)
    conditions = _conditions(made["steps"])
    usual = {"ask": {"model": models[0] if models else ""}, "post": {"url": "https://"}, "publish": {"topic": "skills"}}
    when = conditions[-1] if conditions else ""
    made["actions"].append(_whole(ACTION_KINDS[kind], {"do": kind, "when": when, **usual.get(kind, {})}))
    return made


def without_action(document: Document, at: int) -> Document:
    made = copy.deepcopy(document)
    if not 0 <= at < len(made["actions"]):
        raise InvalidInput(f"an action from 0 to {len(made['actions']) - 1} expected, got {at}.")
    del made["actions"][at]
    return made


def with_zone(document: Document, at: int, name: str) -> Document:
    """A zone of its own for a step, to be drawn."""
    made = copy.deepcopy(document)
    if not 0 <= at < len(made["steps"]):
        raise InvalidInput(f"a step from 0 to {len(made['steps']) - 1} expected, got {at}.")
    step = made["steps"][at]
    zone = _free(name, set(made["zones"]))
    made["zones"][zone] = {}
    step["zone"] = zone
    return tidied(made)


def with_zone_renamed(document: Document, old: str, new: str) -> Document:
    if new in document["zones"] and new != old:
        raise InvalidInput(f"zones: a name that no other zone has expected, got {new[:40]!r}.")
    made = copy.deepcopy(document)
    made["zones"] = {new if name == old else name: drawn for name, drawn in made["zones"].items()}
    for step in made["steps"]:
        if step.get("zone") == old:
            step["zone"] = new
    return made


def tidied(document: Document) -> Document:
    """Zones that no step uses have gone, the others have an outline for each camera, a line where a line is meant."""
    made = copy.deepcopy(document)
    lines = {step.get("zone"): step["do"] == "crossings" for step in made["steps"] if step.get("zone")}
    zones: dict[str, Any] = {}
    for name, drawn in made["zones"].items():
        if name not in lines:
            continue
        usual: Any = [list(point) for point in (LINE if lines[name] else AREA)]
        kept = {camera: points for camera, points in drawn.items() if (len(points) == 2) == lines[name]}
        first = next(iter(kept.values()), usual)
        zones[name] = {camera: kept.get(camera, first) for camera in made["cameras"]}
    made["zones"] = zones
    return made


def chain_of(document: Document) -> Chain | None:
    """Steps and actions as values; None while a field is not right."""
    parts = {key: document[key] for key in ("cameras", "zones", "steps", "actions")}
    try:
        return Chain.model_validate(parts)
    except ValidationError:
        return None


def _usual(kind: str, models: Sequence[str], time_zone: str) -> dict[str, Any]:
    first = models[0] if models else ""
    known = time_zone in zoneinfo.available_timezones()
    fields: dict[str, dict[str, Any]] = {
        "model": {"model": first},
        "crop": {"model": first},
        "stay": {"for_s": 60},
        "crossings": {"zone": "line"},
        "compare": {"how": "at_least", "than": 1},
        "hold": {"for_s": 10},
        "schedule": {"start": "08:00", "end": "20:00", "time_zone": time_zone if known else "UTC"},
    }
    return fields.get(kind, {})


def _placed(document: Document, step: dict[str, Any], at: int, follow: str | None) -> Document:
    """With the step in its place; what took from `follow` below it takes from it."""
    made = copy.deepcopy(document)
    step = _whole(STEP_KINDS[step["do"]], step)
    if step["do"] == "crossings":
        step["zone"] = _free("line", set(made["zones"]))
        made["zones"][step["zone"]] = {}
    if follow is not None:
        _reconnect([*made["steps"][at:], *made["actions"]], follow, step["id"])
    made["steps"].insert(at, step)
    return tidied(made)


def _whole(kind: type[BaseModel], values: dict[str, Any]) -> dict[str, Any]:
    """With what a document leaves out, so that a page has every field."""
    usual = {name: field.default for name, field in kind.model_fields.items() if not field.is_required()}
    return {**{name: list(one) if isinstance(one, tuple) else one for name, one in usual.items()}, **values}


def _sources(document: Document, kind: str, at: int) -> list[str]:
    """The nearest steps above that give what a kind needs; while nobody can say, the one right above."""
    above = [one["id"] for one in reversed(document["steps"][:at])]
    chain = chain_of(document)
    if chain is None:
        return above[:1]
    given = flows(chain)
    return [one for one in above if serves(given[one], TAKES[kind])][:3]


def _best(tries: Sequence[Document]) -> Document:
    """The first of those with the fewest problems; a step that takes what it cannot use is worse than one unused."""

    def wrong(made: Document) -> int:
        chain = chain_of(made)
        return sum(9 if ".of: " in problem else 1 for problem in misfits(chain)) if chain else 0

    return min(tries, key=wrong)


def flows_above(document: Document) -> list[frozenset[Flow]]:
    """What the steps above each place give, the end of the list included; anything, while nobody can say."""
    chain = chain_of(document)
    if chain is None:
        return [frozenset()] + [_ANYTHING] * len(document["steps"])
    given = flows(chain)
    return [frozenset(given[step.id] for step in chain.steps[:at]) for at in range(len(chain.steps) + 1)]


def fitting_kinds(above: Collection[Flow]) -> list[str]:
    """The kinds of steps that find what they need in what is given above."""
    # What needs tracked things brings its own tracking.
    wanted = {kind: "boxes" if flow == "things" else flow for kind, flow in TAKES.items()}
    return [kind for kind in STEP_KINDS if kind == "model" or any(serves(one, wanted[kind]) for one in above)]


def _inputs(step: Mapping[str, Any]) -> list[str]:
    of = step.get("of", [])
    return [of] if isinstance(of, str) else list(of)


def _reconnect(parts: Sequence[dict[str, Any]], old: str, new: str) -> None:
    for part in parts:
        if part.get("when") == old:
            part["when"] = new
        if part.get("of") == old:
            part["of"] = new
        elif isinstance(part.get("of"), list):
            part["of"] = list(dict.fromkeys(one for one in (new if one == old else one for one in part["of"]) if one))


_CONDITIONS = ("compare", "combine", "hold", "schedule")


def _conditions(steps: Sequence[Mapping[str, Any]]) -> list[str]:
    return [step["id"] for step in steps if step["do"] in _CONDITIONS]


def _free(name: str, taken: set[str]) -> str:
    return next(one for one in _names(name) if one not in taken)


def _names(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}-{number}" for number in range(2, 100))
