"""Models: all of them, a new one, and one with its tags."""

from typing import get_args

from flask import Blueprint, Response, jsonify, redirect, render_template, url_for
from werkzeug.wrappers import Response as Redirect

from edge_common.detections import ModelKind
from edge_common.errors import InvalidInput
from modules.trainer_agent.annotations import LONGEST_MODEL_NAME, Model, parse_objects
from modules.trainer_agent.web.advice import BETTER_PER_TAG
from modules.trainer_agent.web.overview import overview
from modules.trainer_agent.web.parsing import flag, json_object, text
from modules.trainer_agent.web.services import services
from modules.trainer_agent.web.versions import versions

bp = Blueprint("models", __name__)


@bp.get("/")
def start() -> Redirect:
    return redirect(url_for("models.every_model"))


@bp.get("/models")
def every_model() -> str:
    library = services().library
    cards = [(overview(model.id), library.images(model.id, tagged=None, limit=4)) for model in library.models()]
    return render_template("models.html", cards=cards)


@bp.get("/models/new")
def new_model() -> str:
    settings = services().settings().training
    return render_template("new_model.html", settings=settings, longest_name=LONGEST_MODEL_NAME)


@bp.get("/models/<model_id>")
def one_model(model_id: str) -> str:
    return render_template(
        "model.html", of=overview(model_id), better_per_tag=BETTER_PER_TAG, versions=versions(model_id)
    )


@bp.post("/api/models")
def create_model() -> tuple[Response, int]:
    body = json_object()
    kind = text(body, "kind")
    if kind not in get_args(ModelKind):
        raise InvalidInput(f"Type: one of {', '.join(get_args(ModelKind))} expected, got {kind[:80]!r}.")
    chosen: ModelKind = "detection" if kind == "detection" else "classification"
    model = services().library.create_model(
        text(body, "name"), chosen, parse_objects(text(body, "objects")), automatic=flag(body, "automatic")
    )
    return _described(model), 201


@bp.patch("/api/models/<model_id>")
def change_model(model_id: str) -> Response:
    services().library.set_automatic(model_id, flag(json_object(), "automatic"))
    services().agent.tags_changed(model_id)
    return _described(services().library.model(model_id))


@bp.post("/api/models/<model_id>/tags")
def add_tags(model_id: str) -> tuple[Response, int]:
    names = parse_objects(text(json_object(), "objects"))
    if not names:
        raise InvalidInput("Type the name of an object first, for example: low stock.")
    return _described(services().library.add_tags(model_id, names)), 201


@bp.delete("/api/models/<model_id>/tags/<int:tag_id>")
def remove_tag(model_id: str, tag_id: int) -> tuple[str, int]:
    services().library.remove_tag(model_id, tag_id)
    return "", 204


def _described(model: Model) -> Response:
    return jsonify(
        id=model.id,
        name=model.name,
        kind=model.kind,
        automatic=model.automatic,
        tags=[{"id": tag.id, "name": tag.name} for tag in model.tags],
        page=url_for("models.one_model", model_id=model.id),
    )
