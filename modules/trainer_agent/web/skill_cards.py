"""The cards of a skill's steps and actions, as the page shows them, made of a document that may be half typed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge_common.ready_made import READY_MADE
from edge_common.skills.fitting import TAKES, Flow, flows, serves
from modules.trainer_agent.skill_edits import Document, chain_of, fitting_kinds, flows_above
from modules.trainer_agent.skills import KnownModels
from modules.trainer_agent.web.language import _, told
from modules.trainer_agent.web.skill_fields import ACTIONS, STEPS, CardKind, Field
from modules.trainer_agent.web.skill_words import DAYS

MOST_CHIPS = 40
"""Of more tags than these, those that are wanted are typed."""
NEW_ZONE = "+"
"""In place of a zone's name: one is to be drawn."""
UNITS = ((3600, "hours"), (60, "minutes"), (1, "seconds"))


@dataclass(frozen=True)
class Option:
    value: str
    text: str
    chosen: bool = False


@dataclass(frozen=True)
class Input:
    """A field with what is in it."""

    field: Field
    kind: str
    """As the field's, or `typed` for tags that are too many to be shown."""
    id: str
    value: Any
    options: tuple[Option, ...] = ()
    install: str = ""
    """Of a model that the zoo has and the device has not: its name in addresses."""


@dataclass(frozen=True)
class Card:
    place: str
    """In the document, as `steps.2`."""
    id: str
    """Of a step."""
    number: int
    kind: CardKind
    inputs: tuple[Input, ...]
    more: tuple[Input, ...]
    open: bool
    """What is shown when asked for is to be seen at once."""
    flow: str


def step_cards(document: Document, models: KnownModels) -> list[Card]:
    chain = chain_of(document)
    given: Mapping[str, Flow] = flows(chain) if chain else {}
    return [
        _card(document, f"steps.{at}", at, step, STEPS[step["do"]], given, models)
        for at, step in enumerate(document["steps"])
    ]


def action_cards(document: Document, models: KnownModels) -> list[Card]:
    chain = chain_of(document)
    given: Mapping[str, Flow] = flows(chain) if chain else {}
    return [
        _card(document, f"actions.{at}", at, action, ACTIONS[action["do"]], given, models)
        for at, action in enumerate(document["actions"])
    ]


def title_of(document: Document, step_id: str) -> str:
    """As `2 · Count`; the id when there is no such step."""
    for at, step in enumerate(document["steps"]):
        if step["id"] == step_id:
            return f"{at + 1} · {told(STEPS[step['do']].title)}"
    return step_id


def offered(document: Document) -> list[str]:
    """For each place of the list, its end included: kinds of steps that may stand there, separated by spaces."""
    return [" ".join(fitting_kinds(above)) for above in flows_above(document)]


def _card(
    document: Document,
    place: str,
    at: int,
    part: Mapping[str, Any],
    kind: CardKind,
    given: Mapping[str, Flow],
    models: KnownModels,
) -> Card:
    is_step = place.startswith("steps")
    made = [_input(document, place, at, part, field, given, models) for field in kind.fields]
    usual = document["steps"][at - 1]["id"] if is_step and at else None
    return Card(
        place=place,
        id=part.get("id", ""),
        number=at + 1,
        kind=kind,
        inputs=tuple(one for one in made if not one.field.more),
        more=tuple(one for one in made if one.field.more),
        open=is_step and part["do"] not in ("model", "combine") and part.get("of") != usual,
        flow=given.get(part.get("id", ""), "") if is_step else "",
    )


def _input(
    document: Document,
    place: str,
    at: int,
    part: Mapping[str, Any],
    field: Field,
    given: Mapping[str, Flow],
    models: KnownModels,
) -> Input:
    value, kind = part.get(field.name), field.kind
    where = f"{place}.{field.name}".replace(".", "-")
    match kind:
        case "flag":
            return Input(field, kind, where, value is True)
        case "choice":
            return Input(field, kind, where, value, _options([(one, told(text)) for one, text in field.choices], value))
        case "from" | "from_many":
            return Input(field, kind, where, value, _sources(document, place, at, part, given))
        case "model":
            now = str(value or "")
            absent = now in models.models and not models.models[now].live
            install = next((one.name for one in READY_MADE if absent and one.model_id == now), "")
            return Input(field, kind, where, value, _options(_models(models, now), value), install)
        case "zone":
            return Input(field, kind, where, value or "", _zones(document, part, field))
        case "days":
            return Input(field, kind, where, value, _options([(day, told(name)) for day, name in DAYS.items()], value))
        case "tags":
            labels = _labels(document, part, models)
            chosen = [tag for tag in value if isinstance(tag, str)] if isinstance(value, list) else []
            if not labels or len(labels) > MOST_CHIPS:
                return Input(field, "typed", where, ", ".join(chosen), _options([(one, one) for one in labels], None))
            every = list(dict.fromkeys([*labels, *chosen]))
            return Input(field, kind, where, chosen, _options([(one, one) for one in every], chosen))
        case "duration":
            return _duration(field, where, value)
        case "percent":
            return Input(field, kind, where, _shown(value * 100.0 if isinstance(value, int | float) else None))
        case _:
            return Input(field, kind, where, _shown(value))


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)


def _models(models: KnownModels, now: str) -> list[tuple[str, str]]:
    absent = [] if now in models.models else [(now, _("%(model)s (not there)", model=now) if now else _("choose"))]
    there = [
        (model, told(one.name) if one.live else _("%(model)s (not installed yet)", model=told(one.name)))
        for model, one in models.models.items()
    ]
    return [*absent, *there]


def _options(choices: Sequence[tuple[str, str]], chosen: object) -> tuple[Option, ...]:
    several = chosen if isinstance(chosen, list) else [chosen]
    return tuple(Option(value, text, value in several) for value, text in choices)


def _sources(
    document: Document, place: str, at: int, part: Mapping[str, Any], given: Mapping[str, Flow]
) -> tuple[Option, ...]:
    """The steps that this one may take from; while nobody can say which fit, all of them."""
    now = part.get("when" if place.startswith("actions") else "of", "")
    wanted: Flow = "condition" if place.startswith("actions") else TAKES[part["do"]]
    steps = document["steps"][:at] if place.startswith("steps") else document["steps"]
    fitting = [step["id"] for step in steps if step["id"] not in given or serves(given[step["id"]], wanted)]
    choices = [(one, title_of(document, one)) for one in fitting]
    if isinstance(now, str) and now not in fitting:
        choices.insert(0, (now, title_of(document, now) if now else _("choose")))
    return _options(choices, now)


def _zones(document: Document, part: Mapping[str, Any], field: Field) -> tuple[Option, ...]:
    line = part["do"] == "crossings"
    lines = {step.get("zone") for step in document["steps"] if step["do"] == "crossings"}
    fitting = [(name, name) for name in document["zones"] if (name in lines) == line]
    empty = [("", told(field.empty))] if field.empty else []
    new = (NEW_ZONE, _("a new line…") if line else _("a new zone…"))
    return _options([*empty, *fitting, new], part.get("zone") or "")


def _labels(document: Document, part: Mapping[str, Any], models: KnownModels) -> tuple[str, ...]:
    """What the nearest model above a step knows."""
    steps = {step["id"]: step for step in document["steps"]}
    seen: list[str] = []
    of = part.get("of")
    while isinstance(of, str) and of in steps and of not in seen:
        seen.append(of)
        if "model" in steps[of]:
            return models.labels(str(steps[of]["model"]))
        of = steps[of].get("of")
    return ()


def _duration(field: Field, where: str, value: object) -> Input:
    if not isinstance(value, int | float) or isinstance(value, bool):
        value = None
    unit = next((size for size, _name in UNITS if value and value >= size and value % size == 0), 1)
    shown = "" if value is None else f"{value / unit:g}"
    names = {"hours": _("hours"), "minutes": _("minutes"), "seconds": _("seconds")}
    units = [(str(size), names[name]) for size, name in reversed(UNITS)]
    return Input(field, "duration", where, shown, _options(units, str(unit)))
