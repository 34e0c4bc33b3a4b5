"""Capture from camera: which cameras there are, what one sees, and its newest frame into the library."""

from flask import Blueprint, Response, jsonify, render_template

from edge_common.images import encode_jpeg, shrink
from modules.trainer_agent.series import MOST_IMAGES, capture_name
from modules.trainer_agent.web.images_json import image_json
from modules.trainer_agent.web.overview import overview
from modules.trainer_agent.web.parsing import json_object, text, whole_argument
from modules.trainer_agent.web.services import services, viewfinder

bp = Blueprint("capture", __name__)

_PREVIEW_SIDE_PX = 960
_PREVIEW_QUALITY = 80
_PREVIEW_WAIT_S = 5.0
_CAPTURE_WAIT_S = 10.0
_LATEST = 12


@bp.get("/models/<model_id>/capture")
def capture_page(model_id: str) -> str:
    of = overview(model_id)
    latest = services().library.images(model_id, tagged=False, limit=_LATEST)
    return render_template("capture.html", of=of, latest=latest, most_images=MOST_IMAGES)


@bp.get("/api/cameras/<camera>/frame")
def frame(camera: str) -> Response:
    """The newest frame beyond the number in `after`, waited for; its own number is in X-Frame-Number."""
    number, newest = viewfinder().next_frame(camera, whole_argument("after", 0), _PREVIEW_WAIT_S)
    data = encode_jpeg(shrink(newest.pixels, _PREVIEW_SIDE_PX), _PREVIEW_QUALITY)
    return Response(data, mimetype="image/jpeg", headers={"X-Frame-Number": str(number)})


@bp.post("/api/models/<model_id>/captures")
def capture_image(model_id: str) -> tuple[Response, int]:
    """Store a frame that was taken after this request came in."""
    camera = text(json_object(), "camera")
    services().library.model(model_id)
    fresh = viewfinder().fresh_frame(camera, _CAPTURE_WAIT_S)
    image = services().library.add_image(
        model_id,
        fresh.pixels,
        capture_name(camera, fresh.taken_ns),
        "camera",
        camera=camera,
        taken_ns=fresh.taken_ns,
    )
    return jsonify(image_json(image)), 201
