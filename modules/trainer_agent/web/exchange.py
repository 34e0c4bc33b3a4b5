"""A whole model out as one file, and in from one: sent in pieces, then followed while it is read."""

from functools import partial
from typing import Any, get_args

from flask import Blueprint, Response, jsonify, render_template, url_for

from edge_common.detections import ModelKind
from edge_common.errors import NotFound
from edge_common.sentences import marked
from modules.trainer_agent.annotations import slug
from modules.trainer_agent.exchange.exporting import Way, export_model, ways_of
from modules.trainer_agent.imports import LARGEST_FILE_BYTES, ImportState
from modules.trainer_agent.pieces import PIECE_BYTES
from modules.trainer_agent.web.following import following_changes
from modules.trainer_agent.web.language import told
from modules.trainer_agent.web.pieces import take_pieces
from modules.trainer_agent.web.services import services

bp = Blueprint("exchange", __name__)
take_pieces(bp, "/api/imports", lambda: services().imports, "model.zip")

WAYS: dict[Way, tuple[str, str]] = {
    "model": (
        marked("The whole model"),
        marked("Images, tags, boxes and versions as one file, for another device or to keep."),
    ),
    "coco": ("COCO", marked("The tagged images with one list of boxes, for other programs.")),
    "voc": ("Pascal VOC", marked("The tagged images with a file of boxes for each, for other programs.")),
}


def exports_of(kind: ModelKind) -> list[tuple[str, str, str]]:
    """The ways to export a model of a kind: name, title, what it holds."""
    return [(way, told(title), told(note)) for way in ways_of(kind) for title, note in [WAYS[way]]]


@bp.get("/models/<model_id>/export/<way>.zip")
def export(model_id: str, way: str) -> Response:
    chosen = next((known for known in get_args(Way) if known == way), None)
    if chosen is None:
        raise NotFound(f"Export: one of {', '.join(get_args(Way))} expected, got {way[:40]!r}.")
    pieces = export_model(services().library, services().packages, model_id, chosen).pieces
    name = slug(services().library.model(model_id).name) + ("" if chosen == "model" else f"-{chosen}")
    disposition = f'attachment; filename="{name}.zip"'
    return Response(pieces, mimetype="application/zip", headers={"Content-Disposition": disposition})


@bp.get("/models/import")
def import_page() -> str:
    return render_template("import.html", piece_bytes=PIECE_BYTES, largest_bytes=LARGEST_FILE_BYTES)


@bp.post("/api/imports/<import_id>/finish")
def finish(import_id: str) -> tuple[Response, int]:
    return jsonify(_state_json(services().imports.finish(import_id))), 202


@bp.get("/api/imports/<import_id>")
def one_import(import_id: str) -> Response:
    return jsonify(_state_json(services().imports.state(import_id)))


@bp.get("/api/imports/<import_id>/events")
def events(import_id: str) -> Response:
    """The state now and at every change, as server-sent events, until it has ended."""
    imports = services().imports
    imports.state(import_id)
    return following_changes(partial(imports.wait_for_change, import_id), _state_json)


def _state_json(state: ImportState) -> dict[str, Any]:
    return {
        "id": state.id,
        "name": state.name,
        "size": state.size,
        "received": state.received,
        "phase": state.phase,
        "fraction": round(state.fraction, 3),
        "stage": told(state.stage),
        "message": told(state.message),
        "images": state.images,
        "page": None if state.model_id is None else url_for("models.one_model", model_id=state.model_id),
    }
