"""Model zips for azureeyemodule, which cannot sign in: whoever knows the checksum of one gets it, and nothing else."""

from collections.abc import Callable, Iterator
from pathlib import Path

from flask import Blueprint, Response, request

from edge_common.errors import NotFound
from modules.trainer_agent.web.services import services

bp = Blueprint("handoff", __name__)

_PIECE_BYTES = 262_144


@bp.get("/handoff/<sha256>.zip")
def model_zip(sha256: str) -> Response:
    """The file of that checksum; raises NotFound."""
    handoff = services().handoff
    path = handoff.zip_path(sha256)
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise NotFound("there is no such file") from error
    parts = () if request.method == "HEAD" else _parts(path, size, lambda: handoff.fetched(sha256))
    response = Response(parts, mimetype="application/zip")
    response.content_length = size
    return response


def _parts(path: Path, size: int, whole: Callable[[], None]) -> Iterator[bytes]:
    """The file in pieces; `whole` is called when all of it was taken."""
    sent = 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            sent += len(piece)
            yield piece
    if sent == size:
        whole()
