"""Series of captures: start, follow, stop."""

from functools import partial
from typing import Any

from flask import Blueprint, Response, jsonify

from modules.trainer_agent.series_plan import SeriesPlan, SeriesState
from modules.trainer_agent.web.following import following_changes
from modules.trainer_agent.web.images_json import image_json
from modules.trainer_agent.web.language import told
from modules.trainer_agent.web.parsing import flag, json_object, text, whole
from modules.trainer_agent.web.services import services

bp = Blueprint("series", __name__)


@bp.post("/api/models/<model_id>/series")
def start(model_id: str) -> tuple[Response, int]:
    body = json_object()
    plan = SeriesPlan(
        camera=text(body, "camera"),
        every_s=whole(body, "every_s"),
        images=whole(body, "images"),
        minutes=whole(body, "minutes"),
        only_changed=flag(body, "only_changed"),
    )
    return jsonify(series_json(services().series.start(model_id, plan))), 202


@bp.delete("/api/models/<model_id>/series")
def stop(model_id: str) -> Response:
    return jsonify(series_json(services().series.stop(model_id)))


@bp.get("/api/models/<model_id>/series")
def state(model_id: str) -> Response:
    services().library.model(model_id)
    return jsonify(series_json(services().series.state(model_id)))


@bp.get("/api/models/<model_id>/series/events")
def events(model_id: str) -> Response:
    """The state now and at every change, as server-sent events."""
    services().library.model(model_id)
    return following_changes(partial(services().series.wait_for_change, model_id), series_json)


def series_json(state: SeriesState) -> dict[str, Any]:
    plan = state.plan
    return {
        "number": state.number,
        "phase": state.phase,
        "camera": plan.camera if plan else "",
        "images": plan.images if plan else 0,
        "every_s": plan.every_s if plan else 0,
        "only_changed": bool(plan and plan.only_changed),
        "taken": state.taken,
        "alike": state.alike,
        "message": told(state.message),
        "resumed": state.resumed,
        "newest": image_json(state.newest) if state.newest else None,
    }
