"""Skills: which there are and how they do, switching, deleting, and the pages where they are begun and changed."""

import secrets
from datetime import datetime
from typing import Any, NamedTuple

from flask import Blueprint, Response, jsonify, render_template, request, url_for

from edge_common.errors import ConfigError, InvalidInput
from edge_common.ready_made import READY_MADE
from edge_common.sentences import marked
from edge_common.skills.document import LONGEST_NAME, Skill, parse_skill
from edge_common.skills.fitting import missing
from edge_common.skills.told import SkillStanding
from modules.trainer_agent.pieces import PIECE_BYTES
from modules.trainer_agent.rehearsal.rehearsals import LARGEST_VIDEO_BYTES
from modules.trainer_agent.skill_edits import Document, shaped, with_zone_renamed
from modules.trainer_agent.skill_templates import PERSON, TEMPLATES, Template, Wish, built, template
from modules.trainer_agent.skills import ChangedMeanwhile, KnownModels, edition
from modules.trainer_agent.web.cameras import changes
from modules.trainer_agent.web.following import following
from modules.trainer_agent.web.language import _, shown_time, told
from modules.trainer_agent.web.names import camera_called
from modules.trainer_agent.web.parsing import flag, json_object, text
from modules.trainer_agent.web.services import services
from modules.trainer_agent.web.skill_drafts import editor_json, told_problems
from modules.trainer_agent.web.skill_fields import ACTIONS, STEPS
from modules.trainer_agent.web.skill_words import done, watches

bp = Blueprint("skills", __name__)

_MARKS = ("gap", "empty", "missing", "hole", "l\N{LATIN SMALL LETTER U WITH DIAERESIS}cke", "leer", "fehl")
"""What tags for empty places are called, in English and German."""
_ZONES = (marked("shelf"), marked("queue"), marked("zone"), marked("floor"), marked("line"))
"""What templates call their zones; their translations are such names, too: small letters, digits and hyphens."""
_READY = {one.model_id: one for one in READY_MADE}


@bp.get("/skills")
def skills_page() -> str:
    removed = services().skills.own_list().removed
    return render_template(
        "skills.html",
        skills=every_skill(),
        removed=[(skill_id, skill.name) for skill_id, skill in reversed(removed.items())],
    )


@bp.get("/skills/new")
def new_skill() -> str:
    models = services().skills.models()
    return render_template(
        "new_skill.html",
        templates=TEMPLATES,
        cameras=services().cameras.states(),
        models=[
            {
                "id": model,
                "name": told(one.name),
                "labels": one.known.labels,
                "live": one.live,
                "install": _install_path(model),
                "people": PERSON in one.known.labels,
            }
            for model, one in models.models.items()
        ],
        gap_words=_MARKS,
    )


@bp.get("/skills/new/<name>")
def begin(name: str) -> str:
    """The editor on what a template makes of the arguments; nothing is kept until it is saved."""
    chosen = template(name)
    document = built(chosen, _wish(chosen)).model_dump(mode="json")
    for zone in list(document["zones"]):
        document = with_zone_renamed(document, zone, told(zone))
    return _editor(document, "new", url_for("skills.add"), "POST")


@bp.get("/skills/<skill_id>/copy")
def duplicate(skill_id: str) -> str:
    """The editor on a copy of a skill; nothing is kept until it is saved."""
    document = services().skills.one(skill_id).model_dump(mode="json")
    copied = _("%(name)s, copy", name=document["name"])
    # Where both do not fit, the beginning of the name goes on telling the two apart from all others.
    document["name"] = copied if len(copied) <= LONGEST_NAME else document["name"]
    return _editor(document, "new", url_for("skills.add"), "POST")


@bp.get("/skills/<skill_id>/edit")
def edit(skill_id: str) -> str:
    """Of one that was deleted meanwhile, too: a tab that is loaded anew may hold a change of it."""
    own = services().skills.own_list()
    deleted = skill_id not in own.skills and skill_id in own.removed
    skill = own.removed[skill_id] if deleted else services().skills.own(skill_id)
    path = url_for("skills.change", skill_id=skill_id)
    return _editor(skill.model_dump(mode="json"), "edit", path, "PUT", begun=edition(skill), deleted=deleted)


@bp.get("/api/skills")
def skills() -> Response:
    return jsonify(skills=every_skill())


@bp.get("/api/skills/events")
def skill_events() -> Response:
    """All skills now and at every change, as server-sent events."""
    return following(changes(every_skill, name="skills"))


@bp.post("/api/skills")
def add() -> tuple[Response, int]:
    body = json_object()
    skill = parse_skill(shaped(body.get("document")))
    return jsonify(id=services().skills.add(skill, text(body, "draft"))), 201


@bp.put("/api/skills/<skill_id>")
def change(skill_id: str) -> Response:
    body = json_object()
    skill = parse_skill(shaped(body.get("document")))
    services().skills.change(skill_id, skill, text(body, "edition"), text(body, "draft"))
    return jsonify(id=skill_id)


@bp.put("/api/skills/<skill_id>/enabled")
def switch(skill_id: str) -> Response:
    services().skills.switch(skill_id, flag(json_object(), "enabled"))
    return jsonify(id=skill_id)


@bp.delete("/api/skills/<skill_id>")
def remove(skill_id: str) -> tuple[str, int]:
    services().skills.remove(skill_id)
    return "", 204


@bp.post("/api/skills/<skill_id>/put-back")
def put_back(skill_id: str) -> Response:
    services().skills.put_back(skill_id)
    return jsonify(id=skill_id)


@bp.errorhandler(ConfigError)
def not_saved(error: ConfigError) -> tuple[Response, int] | tuple[str, int]:
    """Every problem at its place, for the page to show it there."""
    body = request.get_json(silent=True)
    document = body.get("document") if isinstance(body, dict) else None
    problems = told_problems(error.problems, document if isinstance(document, dict) else {})
    message = " ".join(f"{one['where']}: {one['text']}" if one["where"] else one["text"] for one in problems)
    if not request.path.startswith("/api/"):
        return render_template("problem.html", message=message, status=400), 400
    return jsonify(message=message, code=error.code, problems=problems), 400


@bp.errorhandler(ChangedMeanwhile)
def changed_meanwhile(error: ChangedMeanwhile) -> tuple[Response, int]:
    """With what it is by now, to look at or to be saved over."""
    document = error.skill.model_dump(mode="json")
    body = {"message": told(error.args[0]), "code": error.code, "document": document, "edition": edition(error.skill)}
    return jsonify(body), 409


def _editor(document: Document, kind: str, path: str, method: str, *, begun: str = "", deleted: bool = False) -> str:
    """begun: the edition of the skill that is changed, empty for a new one. deleted: it is no longer there."""
    known = {state.camera for state in services().cameras.states()}
    gone = [camera for camera in document["cameras"] if camera not in known]
    cameras = [(state.camera, state.name or camera_called(state.camera)) for state in services().cameras.states()]
    return render_template(
        "skill_editor.html",
        document=document,
        # One for each editor, or two that change the same skill would see each other's numbers.
        draft=f"{kind}-{secrets.token_hex(4)}",
        path=path,
        method=method,
        edition=begun,
        deleted=deleted,
        cameras=[*cameras, *((camera, camera_called(camera)) for camera in gone)],
        step_kinds=STEPS,
        action_kinds=ACTIONS,
        piece_bytes=PIECE_BYTES,
        largest_video_bytes=LARGEST_VIDEO_BYTES,
        **editor_json(document, services().skills.models()),
    )


def _wish(chosen: Template) -> Wish:
    """What the form on the page before said; raises InvalidInput."""
    arguments = request.args
    return Wish(
        name=told(chosen.title),
        cameras=tuple(arguments.getlist("camera")),
        model=arguments.get("model", ""),
        tags=tuple(arguments.getlist("tag")),
        number=round(_number("number", chosen.usual_number)),
        seconds=_number("seconds", chosen.usual_seconds),
        gaps=arguments.get("gaps") == "yes",
    )


def _number(name: str, usual: float) -> float:
    typed = request.args.get(name) or str(usual)
    try:
        return float(typed)
    except ValueError as error:
        raise InvalidInput(f"{name}: a number expected, got {typed[:40]!r}.") from error


def _install_path(model: str) -> str:
    return url_for("zoo.install", name=_READY[model].name) if model in _READY else ""


def every_skill() -> list[dict[str, Any]]:
    """Each as its card shows it."""
    models, every = services().skills.models(), services().skills.every()
    state = services().live.results.state()
    standings = {one.id: one for one in state.skills} if state else {}
    return [
        _skill_json(skill_id, skill, own, _phase(skill, models, standings.get(skill_id)))
        for skill_id, (skill, own) in every.items()
    ]


class Phase(NamedTuple):
    name: str
    mark: str
    look: str
    why: str = ""


def _skill_json(skill_id: str, skill: Skill, own: bool, phase: Phase) -> dict[str, Any]:
    return {
        "id": skill_id,
        "name": skill.name,
        "cameras": ", ".join(camera_called(camera) for camera in skill.cameras),
        "watches": watches(skill),
        "done": done(skill),
        "enabled": skill.enabled,
        "own": own,
        "phase": phase.name,
        "mark": phase.mark,
        "look": phase.look,
        "why": phase.why,
    }


def _phase(skill: Skill, models: KnownModels, standing: SkillStanding | None) -> Phase:
    """What a skill is doing: as far as the page knows it by itself, else as inference says."""
    if not skill.enabled:
        return Phase("off", _("off"), "")
    if problems := missing(skill, models.live):
        absent = [model for model in skill.models if model not in models.live]
        names = ", ".join(f"'{told(models.models[one].name) if one in models.models else one}'" for one in absent)
        why = _("It needs %(models)s.", models=names) if absent else told_problems(problems[:1], {})[0]["text"]
        return Phase("waiting", _("waiting for a model"), "busy", why)
    if standing is None or standing.state != "live":
        return Phase("starting", _("not looking yet"), "busy", _("The program that looks at the pictures starts it."))
    raised = [since for camera in standing.cameras.values() for since in camera.raised.values()]
    if raised:
        return Phase("alerting", _("alerting"), "bad", _("Since %(moment)s", moment=_moment(min(raised))))
    if all(camera.phase == "waiting" for camera in standing.cameras.values()):
        return Phase("starting", _("waiting for the camera"), "busy", _("There are no pictures to look at."))
    return Phase("watching", _("watching"), "good")


def _moment(time: str) -> str:
    when = datetime.fromisoformat(time).astimezone()
    today = when.date() == datetime.now().astimezone().date()
    return shown_time(when.replace(tzinfo=None), "HH:mm" if today else _("d MMM, HH:mm"))
