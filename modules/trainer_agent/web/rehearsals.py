"""A skill on a recorded video: the video comes in pieces, then it is tried on it as often as staff like."""

from functools import partial
from typing import Any

from flask import Blueprint, Response, jsonify, send_file, url_for

from edge_common.errors import InvalidInput
from edge_common.skills.document import parse_skill
from modules.trainer_agent.rehearsal.messages import Changed
from modules.trainer_agent.rehearsal.rehearsals import Rehearsal
from modules.trainer_agent.web.following import following_changes
from modules.trainer_agent.web.language import told
from modules.trainer_agent.web.parsing import json_object, text
from modules.trainer_agent.web.pieces import take_pieces
from modules.trainer_agent.web.services import services

bp = Blueprint("rehearsals", __name__)
take_pieces(bp, "/api/rehearsals", lambda: services().rehearsals, "video")


@bp.post("/api/rehearsals/<rehearsal_id>/run")
def run(rehearsal_id: str) -> tuple[Response, int]:
    """Try the document `skill` as it would look at `camera`."""
    body = json_object()
    skill, camera = parse_skill(body.get("skill")), text(body, "camera")
    if camera not in skill.cameras:
        raise InvalidInput(f"camera: one of the skill's expected ({', '.join(skill.cameras)}), got {camera[:40]!r}")
    return jsonify(_state_json(services().rehearsals.run(rehearsal_id, skill, camera))), 202


@bp.delete("/api/rehearsals/<rehearsal_id>/run")
def cancel(rehearsal_id: str) -> Response:
    services().rehearsals.cancel(rehearsal_id)
    return jsonify(_state_json(services().rehearsals.state(rehearsal_id)))


@bp.get("/api/rehearsals/<rehearsal_id>")
def one(rehearsal_id: str) -> Response:
    """With how numbers and conditions stood from second to second."""
    state = services().rehearsals.state(rehearsal_id)
    return jsonify(_state_json(state) | {"seconds": [second.model_dump(mode="json") for second in state.seconds]})


@bp.get("/api/rehearsals/<rehearsal_id>/events")
def events(rehearsal_id: str) -> Response:
    """The state now and at every change, as server-sent events."""
    rehearsals = services().rehearsals
    rehearsals.state(rehearsal_id)
    return following_changes(partial(rehearsals.wait_for_change, rehearsal_id), _state_json)


@bp.get("/api/rehearsals/<rehearsal_id>/pictures/<name>")
def picture(rehearsal_id: str, name: str) -> Response:
    return send_file(services().rehearsals.picture(rehearsal_id, name), mimetype="image/jpeg", max_age=0)


def _state_json(state: Rehearsal) -> dict[str, Any]:
    return {
        "id": state.id,
        "name": state.name,
        "phase": state.phase,
        "fraction": round(state.fraction, 3),
        "message": told(state.message),
        "length_s": round(state.length_s, 1),
        "changes": [_change_json(state, change) for change in state.changes],
    }


def _change_json(state: Rehearsal, change: Changed) -> dict[str, Any]:
    address = url_for("rehearsals.picture", rehearsal_id=state.id, name=change.picture)
    return change.model_dump(mode="json", exclude={"kind", "picture"}) | {"picture": address}
