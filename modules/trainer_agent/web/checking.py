"""To check: staff say of an image that was kept whether the model is right, and send it frames that it got wrong."""

import json
import time
from datetime import datetime

from flask import Blueprint, Response, jsonify, request, url_for

from edge_common.detections import Detection, parse_detections
from edge_common.errors import CodecError, InvalidInput
from edge_common.images import decode_image
from modules.trainer_agent.web.images_json import image_json
from modules.trainer_agent.web.names import camera_called
from modules.trainer_agent.web.services import services

bp = Blueprint("checking", __name__)

_LARGEST_FRAME_BYTES = 4_000_000
_MOST_SEEN = 200


@bp.post("/api/images/<int:image_id>/right")
def right(image_id: int) -> Response:
    """What the model saw in the image becomes its tags."""
    image = services().library.checks.confirm(image_id)
    services().agent.tags_changed(image.model_id, image_done=True)
    return jsonify(undo=url_for("checking.take_back", image_id=image_id), **image_json(image))


@bp.post("/api/images/<int:image_id>/right/undo")
def take_back(image_id: int) -> Response:
    """It was not right, or not meant: the image waits to be checked again."""
    return jsonify(image_json(services().library.checks.take_back(image_id)))


@bp.post("/api/models/<model_id>/wrong")
def wrong(model_id: str) -> tuple[Response, int]:
    """Keep a frame that a model got wrong: a form with the `frame`, its `camera`, and the model's `seen` in it."""
    request.max_content_length = _LARGEST_FRAME_BYTES
    file = request.files.get("frame")
    camera = request.form.get("camera", "")[:80]
    if file is None or not camera:
        raise InvalidInput("A form with a picture in the field 'frame' and the id of its 'camera' is expected.")
    seen, version = _seen(request.form.get("seen", "[]")), request.form.get("version") or None
    taken_ns = _taken_ns(request.form.get("taken_ns", ""))
    name = f"{camera} {datetime.fromtimestamp(taken_ns / 1e9):%Y-%m-%d %H.%M.%S}"
    library = services().library
    image = library.add_image(
        model_id, decode_image(file.read(), camera_called(camera)), name, "camera", camera=camera, taken_ns=taken_ns
    )
    library.checks.add(image.id, "staff", version=version, seen=seen, kept_ns=time.time_ns())
    return jsonify(image_json(image)), 201


def _seen(text: str) -> tuple[Detection, ...]:
    try:
        seen = parse_detections("seen", json.loads(text))
    except (CodecError, ValueError) as error:
        raise InvalidInput(f"seen: detections expected, got {text[:80]!r} ({error}).") from error
    if len(seen) > _MOST_SEEN:
        raise InvalidInput(f"seen: at most {_MOST_SEEN} detections expected, got {len(seen)}.")
    return seen


def _taken_ns(text: str) -> int:
    """When the frame was taken, told in whole nanoseconds; now, where that is no time of the past."""
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise InvalidInput(f"taken_ns: a time in nanoseconds expected, got {text[:80]!r}.")
    return min(int(text), time.time_ns())
