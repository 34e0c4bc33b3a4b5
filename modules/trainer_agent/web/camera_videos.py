"""A video that is to be played as a camera: it comes in pieces and gets an address on the device."""

from flask import Blueprint, Response, jsonify

from modules.trainer_agent.web.parsing import file_name, json_object, text
from modules.trainer_agent.web.pieces import take_pieces
from modules.trainer_agent.web.services import services

bp = Blueprint("camera_videos", __name__)
take_pieces(bp, "/api/camera-videos", lambda: services().camera_videos, "video")


@bp.post("/api/camera-videos/<video_id>/keep")
def keep(video_id: str) -> tuple[Response, int]:
    """The `address` of the video for a camera's form, once all of it is here."""
    name = file_name(text(json_object(), "name"), "video")
    return jsonify(address=str(services().camera_videos.keep(video_id, name))), 201
