"""The library of a model: its images by state and filter, a page of them at a time, and the image files themselves."""

from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request, send_file, url_for

from edge_common.errors import InvalidInput
from modules.trainer_agent.library_search import Show, Wanted
from modules.trainer_agent.web.advice import BETTER_PER_TAG
from modules.trainer_agent.web.library_filter import arguments, wanted_images
from modules.trainer_agent.web.overview import Overview, overview
from modules.trainer_agent.web.parsing import json_object, whole_argument, wholes
from modules.trainer_agent.web.services import services

bp = Blueprint("library", __name__)

_PAGE_IMAGES = 60
_MOST_IDS_BYTES = 1_000_000
_YEAR_S = 31_536_000


@bp.get("/models/<model_id>/library")
def library_page(model_id: str) -> str:
    of = overview(model_id)
    wanted = _wanted(of)
    search = services().library.search
    return render_template(
        "library.html",
        **_shown(of, wanted),
        counts=search.counts(model_id, wanted),
        filter=arguments(wanted),
        cameras=search.cameras(model_id),
        checked=services().library.checks.checked_since_training(model_id),
        improve=services().settings().improve,
        better_per_tag=BETTER_PER_TAG,
    )


@bp.get("/models/<model_id>/library/more")
def more_images(model_id: str) -> str:
    """The part of a page that follows the image with the id `before`."""
    of = overview(model_id)
    return render_template("_images.html", **_shown(of, _wanted(of)))


@bp.get("/api/models/<model_id>/images")
def image_ids(model_id: str) -> Response:
    """The ids of all images that a filter leaves, newest first."""
    of = overview(model_id)
    return jsonify(images=services().library.search.ids(model_id, _wanted(of)))


@bp.post("/api/models/<model_id>/images/delete")
def delete_images(model_id: str) -> Response:
    """Delete many at once; `undo` brings them back for some minutes."""
    request.max_content_length = _MOST_IDS_BYTES
    ids = wholes(json_object(), "images")
    if not ids:
        raise InvalidInput("images: at least one expected.")
    library = services().library
    library.model(model_id)
    batch, count = library.bin.put(model_id, ids)
    return jsonify(deleted=count, undo=url_for("library.restore", batch=batch))


@bp.delete("/api/images/<int:image_id>")
def delete_image(image_id: int) -> Response:
    batch = services().library.delete_image(image_id)
    return jsonify(deleted=1, undo=url_for("library.restore", batch=batch))


@bp.post("/api/bin/<batch>/restore")
def restore(batch: str) -> Response:
    """Undo a deletion."""
    restored = services().library.bin.restore(batch)
    return jsonify(restored=restored.images, left_out=restored.left_out)


@bp.get("/pictures/<digest>.jpg")
def picture(digest: str) -> Response:
    return _for_ever(services().library.pictures.image_file(digest))


@bp.get("/thumbnails/<digest>.jpg")
def thumbnail(digest: str) -> Response:
    return _for_ever(services().library.pictures.thumbnail_file(digest))


def _wanted(of: Overview) -> Wanted:
    show: Show = "tagged" if of.counts.tagged or not of.counts.untagged else "untagged"
    doubts = of.live.doubts if of.live else ()
    return wanted_images(of.model, show, lambda: frozenset(doubt.digest for doubt in doubts))


def _shown(of: Overview, wanted: Wanted) -> dict[str, Any]:
    """What the template of a page's images needs."""
    library = services().library
    before = whole_argument("before", 0) or None
    images = library.search.page(of.model.id, wanted, limit=_PAGE_IMAGES + 1, before=before)
    more, images = len(images) > _PAGE_IMAGES, images[:_PAGE_IMAGES]
    following = {"model_id": of.model.id, **arguments(wanted), "before": images[-1].id} if more else None
    checks = library.checks.of(images) if wanted.show == "check" else ()
    return {"of": of, "wanted": wanted, "images": images, "checks": checks, "following": following}


def _for_ever(path: Path) -> Response:
    """A file that is named by its content never changes."""
    response = send_file(path.resolve(), mimetype="image/jpeg", max_age=_YEAR_S)
    response.cache_control.public = False
    response.cache_control.private = True
    response.cache_control.immutable = True
    return response
