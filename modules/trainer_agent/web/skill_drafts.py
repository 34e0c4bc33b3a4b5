"""A skill that is being made: its changes, its problems, and what its steps let through now."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, jsonify, render_template

from edge_common.errors import ConfigError, InvalidInput
from edge_common.skills.document import Skill, parse_skill
from edge_common.skills.fitting import missing
from modules.trainer_agent.skill_edits import (
    Document,
    shaped,
    tidied,
    with_action,
    with_step,
    with_step_moved,
    with_zone,
    with_zone_renamed,
    without_action,
    without_step,
)
from modules.trainer_agent.skill_watch import Heard
from modules.trainer_agent.skills import KnownModels
from modules.trainer_agent.web.chain_picture import chain_picture
from modules.trainer_agent.web.following import following
from modules.trainer_agent.web.language import _, told
from modules.trainer_agent.web.parsing import json_object, text, whole
from modules.trainer_agent.web.services import services
from modules.trainer_agent.web.skill_cards import action_cards, offered, step_cards
from modules.trainer_agent.web.skill_fields import ACTIONS, STEPS
from modules.trainer_agent.web.skill_problems import in_words
from modules.trainer_agent.web.skill_words import done, watches

bp = Blueprint("skill_drafts", __name__)


@bp.put("/api/skills/drafts/<draft>")
def put(draft: str) -> Response:
    """Take a changed `document`, after one `change` of its chain if there is one; what is right is tried at once."""
    body = json_object()
    document = shaped(body.get("document"))
    models = services().skills.models()
    change = body.get("change")
    if change is not None:
        document = _changed(document, change, list(models.models))
    state = editor_json(document, models)
    if state["skill"] is not None:
        services().skills.draft(draft, state.pop("skill"))
    state.pop("skill", None)
    cards = render_template("_skill_cards.html", document=document, **state)
    state |= {"cards": cards, "picture": render_template("_skill_picture.html", **state)}
    for part in ("steps", "actions", "chain", "offered"):
        del state[part]
    return jsonify(document=document, **state)


@bp.get("/api/skills/drafts/<draft>")
def now(draft: str) -> Response:
    """What its steps let through, on each camera."""
    return jsonify(_traces(services().skill_watch.after(draft, draft=True, number=0, timeout_s=0)))


@bp.get("/api/skills/drafts/<draft>/events")
def events(draft: str) -> Response:
    """The same at every change, as server-sent events."""
    watch, seen = services().skill_watch, 0

    def next_state(timeout_s: float) -> dict[str, Any] | None:
        nonlocal seen
        heard = watch.after(draft, draft=True, number=seen, timeout_s=timeout_s)
        if not heard:
            return None
        seen = heard[-1].number
        return _traces(heard)

    return following(next_state)


def editor_json(document: Document, models: KnownModels) -> dict[str, Any]:
    """What the editor shows of a document; `skill` is None when it is none yet."""
    skill: Skill | None = None
    problems: Sequence[str] = ()
    try:
        skill = parse_skill(document)
        problems = missing(skill, models.live)
    except ConfigError as error:
        problems = error.problems
    names = {model: one.name for model, one in models.models.items()}
    return {
        "skill": skill,
        "problems": told_problems(problems, document),
        "watches": watches(skill) if skill else "",
        "done": done(skill) if skill else "",
        "steps": step_cards(document, models),
        "actions": action_cards(document, models),
        "offered": offered(document),
        "chain": chain_picture(skill, names) if skill else None,
    }


def told_problems(problems: Sequence[str], document: Mapping[str, Any]) -> list[dict[str, str]]:
    """Each with its place in the document, and the same in words."""
    found = [in_words(problem) for problem in problems]
    return [{"place": one.place, "text": one.text, "where": _where(one.place, document)} for one in found]


def _where(place: str, document: Mapping[str, Any]) -> str:
    kind, _dot, rest = place.partition(".")
    at = rest.partition(".")[0]
    parts = document.get(kind, [])
    if kind in ("steps", "actions") and at.isdecimal() and isinstance(parts, list) and int(at) < len(parts):
        title = told((STEPS if kind == "steps" else ACTIONS)[parts[int(at)]["do"]].title)
        return f"{int(at) + 1} · {title}" if kind == "steps" else title
    if kind == "zones" and at:
        return _("Zone '%(zone)s'", zone=at)
    return {"name": _("Name"), "cameras": _("Cameras"), "steps": _("Steps")}.get(kind, "")


def _changed(document: Document, change: object, models: Sequence[str]) -> Document:
    if not isinstance(change, dict):
        raise InvalidInput(f"change: an object expected, got {str(change)[:40]!r}.")
    kind = text(change, "kind")
    match kind:
        case "add_step":
            return with_step(document, text(change, "do"), whole(change, "at"), models, text(change, "time_zone"))
        case "remove_step":
            return without_step(document, whole(change, "at"))
        case "move_step":
            return with_step_moved(document, whole(change, "at"), whole(change, "by"))
        case "add_action":
            return with_action(document, text(change, "do"), models)
        case "remove_action":
            return without_action(document, whole(change, "at"))
        case "add_zone":
            return with_zone(document, whole(change, "at"), text(change, "name"))
        case "rename_zone":
            return with_zone_renamed(document, text(change, "old"), text(change, "new"))
        case "tidy":
            return tidied(document)
    raise InvalidInput(f"change: a known kind expected, got {kind[:40]!r}.")


def _traces(heard: Sequence[Heard]) -> dict[str, Any]:
    return {
        "traces": [
            {
                "camera": one.trace.camera,
                "frame_id": one.trace.frame_id,
                "steps": {step: state.model_dump(mode="json") for step, state in one.trace.steps.items()},
            }
            for one in heard
        ]
    }
