"""Training a model: start it, follow it, see how good it became."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Blueprint, Response, jsonify, render_template

from edge_common.errors import EdgeError
from modules.trainer_agent.training_log import TrainingState
from modules.trainer_agent.web.advice import Advice, Shown, advise, digests_in, wrong_shown
from modules.trainer_agent.web.before_after import can_be_compared
from modules.trainer_agent.web.curve import curve
from modules.trainer_agent.web.following import following_changes
from modules.trainer_agent.web.language import told
from modules.trainer_agent.web.overview import Overview, overview
from modules.trainer_agent.web.services import services

bp = Blueprint("training", __name__)


@bp.get("/models/<model_id>/training")
def training_page(model_id: str) -> str:
    of = overview(model_id)
    return render_template(
        "training.html",
        of=of,
        state=state_json(of.training),
        findings=findings(of),
        curve=curve(services().agent.scored(model_id)),
    )


@bp.post("/api/models/<model_id>/training")
def train(model_id: str) -> tuple[Response, int]:
    state = services().agent.train(model_id)
    return jsonify(state_json(state)), 202


@bp.delete("/api/models/<model_id>/training")
def cancel(model_id: str) -> Response:
    """Nothing comes of it; 409 when it has ended before."""
    return jsonify(state_json(services().agent.cancel(model_id)))


@bp.get("/api/models/<model_id>/training")
def training_state(model_id: str) -> Response:
    services().library.model(model_id)
    return jsonify(state_json(services().agent.state(model_id)))


@bp.get("/api/models/<model_id>/training/events")
def training_events(model_id: str) -> Response:
    """The state now and at every change, as server-sent events; ends after some minutes, and readers come again."""
    services().library.model(model_id)
    return following_changes(partial(services().agent.wait_for_change, model_id), state_json)


@dataclass(frozen=True)
class Findings:
    """What the last training found out, but its score."""

    wrong: tuple[Shown, ...]
    advice: tuple[Advice, ...]
    waits: bool
    """The version is a candidate still: no other has been put live since."""
    compared: bool
    """There is a version before it whose eyes the same images can be seen with."""


def findings(of: Overview) -> Findings | None:
    """None when the last training gave no version, or it is not kept any more."""
    version = of.training.version
    if version is None:
        return None
    try:
        manifest = services().packages.read_manifest(of.model.id, version)
    except EdgeError:
        return None
    images = services().library.images_of(of.model.id, digests_in(manifest))
    live = services().packages.current(of.model.id)
    return Findings(
        wrong_shown(manifest, images),
        advise(of.model.tags, of.counts, manifest, images),
        waits=bool(of.training.kept_back) and (live is None or live < version),
        compared=can_be_compared(of.model.id, version),
    )


def state_json(state: TrainingState) -> dict[str, Any]:
    return {
        "number": state.number,
        "phase": state.phase,
        "active": state.active,
        "stage": told(state.stage),
        "fraction": state.fraction,
        "seconds_left": state.seconds_left,
        "started": state.started,
        "ended": state.ended,
        "version": state.version,
        "score": state.score.model_dump(mode="json") if state.score else None,
        "images": state.images,
        "boxes": state.boxes,
        "left_out": dict(state.left_out),
        "seconds": state.seconds,
        "message": told(state.message),
        "kept_back": state.kept_back,
    }
