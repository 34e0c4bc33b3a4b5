"""Changing a model that is there: tags renamed, merged, deleted and brought back; models deleted and brought back."""

from datetime import UTC, datetime

from flask import Blueprint, Response, jsonify

from modules.trainer_agent.model_edits import BinnedTag, delete_tag, merge_tag, rename_tag, restore_tag
from modules.trainer_agent.web.models import described
from modules.trainer_agent.web.parsing import json_object, text, whole
from modules.trainer_agent.web.services import services

bp = Blueprint("model_edits", __name__)


@bp.patch("/api/models/<model_id>/tags/<int:tag_id>")
def change_tag(model_id: str, tag_id: int) -> Response:
    model = rename_tag(services().library.database, model_id, tag_id, text(json_object(), "name"))
    return described(model)


@bp.post("/api/models/<model_id>/tags/<int:tag_id>/merge")
def merge(model_id: str, tag_id: int) -> Response:
    """Turn all that is tagged with this tag into the tag `into`."""
    kept = merge_tag(services().library.database, model_id, tag_id, whole(json_object(), "into"))
    services().agent.tags_changed(model_id)
    return _binned(kept)


@bp.post("/api/models/<model_id>/tags/<int:tag_id>/bin")
def delete(model_id: str, tag_id: int) -> Response:
    """Delete a tag with all that is tagged with it; what comes back brings it back at `restore_tag`."""
    return _binned(delete_tag(services().library.database, model_id, tag_id))


@bp.post("/api/models/<model_id>/binned-tags/<int:binned_id>/restore")
def undo_tag(model_id: str, binned_id: int) -> Response:
    model = restore_tag(services().library.database, model_id, binned_id)
    services().agent.tags_changed(model_id)
    return described(model)


@bp.post("/api/models/<model_id>/bin")
def delete_model(model_id: str) -> tuple[str, int]:
    """Put the model in the bin; its live version stops."""
    kept = services().model_bin
    services().agent.retire(model_id, lambda: kept.put(model_id))
    kept.empty(datetime.now(UTC))
    return "", 204


@bp.post("/api/binned-models/<model_id>/restore")
def undo_model(model_id: str) -> Response:
    return described(services().model_bin.restore(model_id))


def _binned(kept: BinnedTag) -> Response:
    return jsonify(id=kept.id, name=kept.name, images=kept.images)
