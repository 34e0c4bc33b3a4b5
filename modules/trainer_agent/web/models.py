"""Models: all of them, a new one, and one with its tags."""

from typing import get_args

from flask import Blueprint, Response, jsonify, render_template, request, url_for

from edge_common.detections import ModelKind
from edge_common.errors import InvalidInput
from modules.trainer_agent.annotations import LONGEST_MODEL_NAME, LONGEST_TAG_NAME, Model, parse_objects
from modules.trainer_agent.attributes import LONGEST_VALUE, MOST_ATTRIBUTES, checked_attributes
from modules.trainer_agent.model_bin import KEPT_DAYS
from modules.trainer_agent.model_edits import binned_tags, copy_images, rename_model, set_attributes, set_collecting
from modules.trainer_agent.web.advice import BETTER_PER_TAG
from modules.trainer_agent.web.exchange import exports_of
from modules.trainer_agent.web.language import _
from modules.trainer_agent.web.overview import overview
from modules.trainer_agent.web.parsing import flag, json_object, text
from modules.trainer_agent.web.services import services
from modules.trainer_agent.web.versions import versions

bp = Blueprint("models", __name__)


@bp.get("/models")
def every_model() -> str:
    library = services().library
    cards = [(overview(model.id), library.images(model.id, tagged=None, limit=4)) for model in library.models()]
    ready = services().showroom.installed()
    binned = services().model_bin.content()
    labels = {one.name: services().showroom.labels(one) for one in ready}
    return render_template("models.html", cards=cards, ready=ready, labels=labels, binned=binned, kept_days=KEPT_DAYS)


@bp.get("/models/new")
def new_model() -> str:
    """The wizard; `objects` and `kind` in the address are what it starts with, `from` the model it starts from."""
    library = services().library
    return render_template(
        "new_model.html",
        settings=services().settings().training,
        longest_name=LONGEST_MODEL_NAME,
        longest_value=LONGEST_VALUE,
        most_attributes=MOST_ATTRIBUTES,
        starts=[(model, library.counts(model.id)) for model in library.models()],
        chosen=request.args.get("from", ""),
        objects=request.args.get("objects", ""),
        kind=request.args.get("kind", "detection"),
    )


@bp.get("/models/<model_id>")
def one_model(model_id: str) -> str:
    return render_template(
        "model.html",
        of=overview(model_id),
        better_per_tag=BETTER_PER_TAG,
        versions=versions(model_id),
        exports=exports_of(services().library.model(model_id).kind),
        binned=binned_tags(services().library.database, model_id),
        kept_days=KEPT_DAYS,
        frames_per_day=services().settings().improve.frames_per_day,
        longest_name=LONGEST_MODEL_NAME,
        longest_tag=LONGEST_TAG_NAME,
        longest_value=LONGEST_VALUE,
        most_attributes=MOST_ATTRIBUTES,
    )


@bp.post("/api/models")
def create_model() -> tuple[Response, int]:
    """A new model; with `based_on` it gets the images of another one and what is tagged there by the same names."""
    body = json_object()
    kind, library = text(body, "kind"), services().library
    attributes = checked_attributes(body.get("attributes", {}))
    source = library.model(text(body, "based_on")) if "based_on" in body else None
    if kind not in get_args(ModelKind):
        raise InvalidInput(f"Type: one of {', '.join(get_args(ModelKind))} expected, got {kind[:80]!r}.")
    chosen: ModelKind = "detection" if kind == "detection" else "classification"
    several = flag(body, "several") if "several" in body else False
    if source is not None and (source.kind != chosen or source.several > several):
        raise InvalidInput(f"Type: '{source.name}' is of another type, so its images cannot be copied.")
    model = library.create_model(
        text(body, "name"),
        chosen,
        parse_objects(text(body, "objects")),
        automatic=flag(body, "automatic"),
        several=several,
    )
    if attributes:
        model = set_attributes(library.database, model.id, attributes)
    if source is not None:
        copy_images(library.database, source.id, model.id)
    return described(model), 201


@bp.patch("/api/models/<model_id>")
def change_model(model_id: str) -> Response:
    """Change any of `name`, `automatic`, `collecting` and `attributes`."""
    body, library = json_object(), services().library
    if "name" in body:
        rename_model(library.database, model_id, text(body, "name"))
    if "attributes" in body:
        set_attributes(library.database, model_id, checked_attributes(body["attributes"]))
        services().agent.versions.attributes_changed(model_id)
    if "collecting" in body:
        set_collecting(library.database, model_id, flag(body, "collecting"))
    if "automatic" in body or not body:
        library.set_automatic(model_id, flag(body, "automatic"))
        services().agent.tags_changed(model_id)
    return described(library.model(model_id))


@bp.post("/api/models/<model_id>/tags")
def add_tags(model_id: str) -> tuple[Response, int]:
    names = parse_objects(text(json_object(), "objects"))
    if not names:
        raise InvalidInput(_("Type the name of an object first, for example: low stock."))
    return described(services().library.add_tags(model_id, names)), 201


@bp.delete("/api/models/<model_id>/tags/<int:tag_id>")
def remove_tag(model_id: str, tag_id: int) -> tuple[str, int]:
    services().library.remove_tag(model_id, tag_id)
    return "", 204


def described(model: Model) -> Response:
    """A model as JSON."""
    return jsonify(
        id=model.id,
        name=model.name,
        kind=model.kind,
        several=model.several,
        automatic=model.automatic,
        collecting=model.collecting,
        attributes=dict(model.attributes),
        tags=[{"id": tag.id, "name": tag.name} for tag in model.tags],
        page=url_for("models.one_model", model_id=model.id),
    )
