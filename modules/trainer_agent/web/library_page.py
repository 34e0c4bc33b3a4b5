"""The library of a model: its images, tagged and untagged, and the image files themselves."""

from pathlib import Path

from flask import Blueprint, Response, render_template, request, send_file

from edge_common.errors import InvalidInput
from modules.trainer_agent.annotations import LibraryImage
from modules.trainer_agent.web.advice import BETTER_PER_TAG
from modules.trainer_agent.web.overview import overview
from modules.trainer_agent.web.parsing import whole_argument
from modules.trainer_agent.web.services import services

bp = Blueprint("library", __name__)

_PAGE_IMAGES = 60
_YEAR_S = 31_536_000
_SHOWN = ("tagged", "untagged")


@bp.get("/models/<model_id>/library")
def library_page(model_id: str) -> str:
    of = overview(model_id)
    shown = request.args.get("show", "tagged" if of.counts.tagged or not of.counts.untagged else "untagged")
    if shown not in _SHOWN:
        raise InvalidInput(f"show: one of {', '.join(_SHOWN)} expected, got {shown[:80]!r}.")
    page = max(1, whole_argument("page", 1))
    in_all = of.counts.tagged if shown == "tagged" else of.counts.untagged
    pages = max(1, -(-in_all // _PAGE_IMAGES))
    page = min(page, pages)
    images: tuple[LibraryImage, ...] = services().library.images(
        model_id, tagged=shown == "tagged", limit=_PAGE_IMAGES, offset=(page - 1) * _PAGE_IMAGES
    )
    return render_template(
        "library.html", of=of, shown=shown, images=images, page=page, pages=pages, better_per_tag=BETTER_PER_TAG
    )


@bp.delete("/api/images/<int:image_id>")
def delete_image(image_id: int) -> tuple[str, int]:
    services().library.delete_image(image_id)
    return "", 204


@bp.get("/pictures/<digest>.jpg")
def picture(digest: str) -> Response:
    return _for_ever(services().library.pictures.image_file(digest))


@bp.get("/thumbnails/<digest>.jpg")
def thumbnail(digest: str) -> Response:
    return _for_ever(services().library.pictures.thumbnail_file(digest))


def _for_ever(path: Path) -> Response:
    """A file that is named by its content never changes."""
    response = send_file(path.resolve(), mimetype="image/jpeg", max_age=_YEAR_S)
    response.cache_control.public = False
    response.cache_control.private = True
    response.cache_control.immutable = True
    return response
