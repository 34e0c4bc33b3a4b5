"""Uploaded JPEG and PNG files into the library, one file a request, each with its own answer."""

import threading
import time

from flask import Blueprint, Response, jsonify, render_template, request

from edge_common.errors import InvalidInput
from edge_common.images import decode_image
from modules.trainer_agent.annotations import Repeated
from modules.trainer_agent.pictures import LONGEST_SIDE_PX
from modules.trainer_agent.web.images_json import image_json
from modules.trainer_agent.web.overview import overview
from modules.trainer_agent.web.parsing import file_name
from modules.trainer_agent.web.services import services

bp = Blueprint("uploads", __name__)

LARGEST_FILE_BYTES = 50_000_000
"""A photo of 48 megapixels has 10 to 30 MB."""
_FORM_BYTES = 2_000
_decoding = threading.Lock()
"""A large picture takes a quarter of a gigabyte while it is decoded: one at a time."""


@bp.get("/models/<model_id>/upload")
def upload_page(model_id: str) -> str:
    return render_template("upload.html", of=overview(model_id), largest_bytes=LARGEST_FILE_BYTES)


@bp.post("/api/models/<model_id>/images")
def upload_image(model_id: str) -> tuple[Response, int]:
    """Store the file in the form field `file`."""
    request.max_content_length = LARGEST_FILE_BYTES + _FORM_BYTES
    file = request.files.get("file")
    if file is None or not file.filename:
        raise InvalidInput("A form with one image in the field 'file' is expected.")
    name = file_name(file.filename, "image")
    services().library.model(model_id)
    with _decoding, file.stream:
        image = services().library.add_image(
            model_id,
            decode_image(file.read(), name, enough_px=LONGEST_SIDE_PX),
            name,
            "upload",
            camera=None,
            taken_ns=time.time_ns(),
        )
    return jsonify(image_json(image)), 201


@bp.errorhandler(Repeated)
def repeated(error: Repeated) -> tuple[Response, int]:
    """The image that is there already goes along, so that the page can show it."""
    return jsonify(message=str(error), code=error.code, image=image_json(error.image)), 409
