"""Capture from camera: what one sees, and its newest frame into the library."""

from flask import Blueprint, Response, jsonify, render_template, request

from modules.trainer_agent.live import NO_MODEL, TooManyViewers
from modules.trainer_agent.series import capture_name
from modules.trainer_agent.series_plan import MOST_IMAGES
from modules.trainer_agent.web.images_json import image_json
from modules.trainer_agent.web.overview import overview
from modules.trainer_agent.web.parsing import json_object, text
from modules.trainer_agent.web.services import services

bp = Blueprint("capture", __name__)

_STREAM = "application/octet-stream"
_CAPTURE_WAIT_S = 10.0
_LATEST = 12


@bp.get("/models/<model_id>/capture")
def capture_page(model_id: str) -> str:
    of = overview(model_id)
    latest = services().library.images(model_id, tagged=False, limit=_LATEST)
    return render_template("capture.html", of=of, latest=latest, most_images=MOST_IMAGES)


@bp.get("/api/cameras/<camera>/stream")
def stream(camera: str) -> Response:
    """What the camera sees, as one long answer of the same parts as `/live/stream`, without any model's results."""
    if request.method == "HEAD":
        return Response(mimetype=_STREAM)
    watch = services().live.watch(camera, NO_MODEL)
    response = Response(watch.parts(), mimetype=_STREAM, headers={"Cache-Control": "no-store"})
    response.call_on_close(watch.close)
    return response


@bp.errorhandler(TooManyViewers)
def too_many(error: TooManyViewers) -> tuple[Response, int]:
    return jsonify(message=str(error), code=error.code), 503


@bp.post("/api/models/<model_id>/captures")
def capture_image(model_id: str) -> tuple[Response, int]:
    """Store a frame that was taken after this request came in."""
    camera = text(json_object(), "camera")
    services().library.model(model_id)
    fresh = services().viewfinder.fresh_frame(camera, _CAPTURE_WAIT_S)
    image = services().library.add_image(
        model_id,
        fresh.pixels,
        capture_name(camera, fresh.taken_ns),
        "camera",
        camera=camera,
        taken_ns=fresh.taken_ns,
    )
    return jsonify(image_json(image)), 201
