"""A video that is to be played as a camera: it comes in pieces and gets an address on the device."""

from flask import Blueprint, Response, jsonify, request

from modules.trainer_agent.pieces import PIECE_BYTES
from modules.trainer_agent.web.parsing import file_name, json_object, text, whole, whole_argument
from modules.trainer_agent.web.services import services

bp = Blueprint("camera_videos", __name__)


@bp.post("/api/camera-videos")
def begin() -> tuple[Response, int]:
    """Announce a video by `name` and `size` in bytes."""
    body = json_object()
    name = file_name(text(body, "name"), "video")
    return jsonify(id=services().camera_videos.begin(name, whole(body, "size")).id), 201


@bp.put("/api/camera-videos/<video_id>")
def put(video_id: str) -> Response:
    """The bytes of the body belong at `start`."""
    request.max_content_length = PIECE_BYTES
    coming = services().camera_videos.put(video_id, whole_argument("start", 0), request.get_data())
    return jsonify(received=coming.received)


@bp.post("/api/camera-videos/<video_id>/keep")
def keep(video_id: str) -> tuple[Response, int]:
    """The `address` of the video for a camera's form, once all of it is here."""
    name = file_name(text(json_object(), "name"), "video")
    return jsonify(address=str(services().camera_videos.keep(video_id, name))), 201
