"""Cameras: which there are and how they do, adding, changing, testing and deleting them."""

import base64
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from edge_common.camera_questions import Answer
from edge_common.camera_urls import CameraUrl, parse_camera_url
from edge_common.errors import ConfigError, InvalidInput
from edge_common.frames import CameraState
from edge_common.sentences import marked
from modules.trainer_agent.camera_form import (
    DEFAULT_RATE,
    LONGEST_LOCATION,
    LONGEST_NAME,
    CameraForm,
    address_of,
    checked_kind,
)
from modules.trainer_agent.camera_videos import LARGEST_VIDEO_BYTES
from modules.trainer_agent.pieces import PIECE_BYTES
from modules.trainer_agent.web.following import following
from modules.trainer_agent.web.language import _, ngettext, shown_time, told
from modules.trainer_agent.web.parsing import flag, json_object, text
from modules.trainer_agent.web.services import services
from modules.trainer_agent.web.wording import camera_name, plain_reason

bp = Blueprint("cameras", __name__)

KINDS = {
    "rtsp": marked("Network camera"),
    "v4l2": marked("USB camera"),
    "file": marked("Video"),
    "folder": marked("Folder"),
    "sim": marked("Simulated shelf"),
}
_PHASES = {
    "live": (marked("live"), "good"),
    "starting": (marked("starting"), "busy"),
    "lost": (marked("no picture"), "bad"),
    "off": (marked("off"), ""),
}
_LOOK_AGAIN_S = 1.0


@bp.get("/cameras")
def cameras_page() -> str:
    removed = services().cameras.own_list().removed
    return render_template(
        "cameras.html",
        cameras=[camera_json(state) for state in services().cameras.states()],
        removed=[(camera, settings.name or camera_name(camera)) for camera, settings in reversed(removed.items())],
    )


@bp.get("/cameras/new")
def new_camera() -> str:
    kind = checked_kind(request.args.get("kind", "rtsp"))
    asked = {key: request.args.get(key, "")[:LONGEST_NAME] for key in ("name", "address")}
    return _form(camera=None, location="", kind=kind, rate=DEFAULT_RATE, enabled=True, kept=False, **asked)


@bp.get("/cameras/<camera>/edit")
def edit_camera(camera: str) -> str:
    settings = services().cameras.own(camera)
    url = _parsed(settings.url)
    return _form(
        camera=camera,
        kind=url.kind if url else "rtsp",
        name=settings.name or camera_name(camera),
        location=settings.location,
        address=address_of(url) if url else "",
        rate=settings.frames_per_s,
        enabled=settings.enabled,
        kept=url is not None and bool(url.user or url.password),
    )


@bp.get("/api/cameras")
def cameras() -> Response:
    return jsonify(cameras=_all())


@bp.get("/api/cameras/events")
def camera_events() -> Response:
    """All cameras now and at every change, as server-sent events."""
    return following(changes(_all_of(services().cameras.states)))


@bp.get("/api/cameras/found")
def found() -> Response:
    """USB cameras that are plugged in."""
    return jsonify(
        found=[
            {"address": one.number, "name": one.name, "problem": one.problem, "used_by": one.used_by}
            for one in services().cameras.found()
        ]
    )


@bp.get("/api/cameras/<camera>/last")
def last_picture(camera: str) -> Response:
    """What the camera saw last, as JPEG; nothing (204) when it gave no picture yet."""
    answer = services().cameras.last(camera)
    if not answer.jpeg:
        return Response(status=204)
    return Response(answer.jpeg, mimetype="image/jpeg")


@bp.post("/api/cameras")
def add() -> tuple[Response, int]:
    return jsonify(id=services().cameras.add(form_of(json_object()))), 201


@bp.put("/api/cameras/<camera>")
def change(camera: str) -> Response:
    services().cameras.change(camera, form_of(json_object()))
    return jsonify(id=camera)


@bp.delete("/api/cameras/<camera>")
def remove(camera: str) -> tuple[str, int]:
    services().cameras.remove(camera)
    return "", 204


@bp.post("/api/cameras/<camera>/put-back")
def put_back(camera: str) -> Response:
    services().cameras.put_back(camera)
    return jsonify(id=camera)


@bp.post("/api/cameras/test")
def try_form() -> Response:
    """A picture from what is typed in the form, or the reason why there is none."""
    body = json_object()
    camera = text(body, "camera") or None
    return jsonify(test_json(services().cameras.try_form(form_of(body), camera)))


@bp.post("/api/cameras/<camera>/test")
def try_again(camera: str) -> Response:
    """A new picture of a camera that is there, or the reason why there is none."""
    return jsonify(test_json(services().cameras.try_again(camera)))


def _form(**values: object) -> str:
    return render_template(
        "camera_form.html",
        kinds=kinds(),
        longest_location=LONGEST_LOCATION,
        piece_bytes=PIECE_BYTES,
        largest_video_bytes=LARGEST_VIDEO_BYTES,
        **values,
    )


def form_of(body: dict[str, Any]) -> CameraForm:
    """Raises InvalidInput."""
    rate = body.get("frames_per_s")
    if not isinstance(rate, int | float) or isinstance(rate, bool):
        raise InvalidInput(f"Pictures a second: a number expected, got {rate!r}.")
    return CameraForm(
        name=text(body, "name"),
        kind=checked_kind(text(body, "kind")),
        address=text(body, "address"),
        user=text(body, "user"),
        password=text(body, "password"),
        forget=flag(body, "forget"),
        frames_per_s=float(rate),
        enabled=flag(body, "enabled"),
        location=text(body, "location"),
    )


def test_json(answer: Answer) -> dict[str, Any]:
    return {
        "reason": plain_reason(answer.reason),
        "width": answer.width,
        "height": answer.height,
        "jpeg": base64.b64encode(answer.jpeg).decode(),
    }


def kinds() -> dict[str, str]:
    """The kinds of cameras, in words."""
    return {kind: told(words) for kind, words in KINDS.items()}


def camera_json(state: CameraState) -> dict[str, Any]:
    """A camera as its card shows it."""
    word, look = _PHASES[state.phase]
    url = _parsed(state.source)
    rate = _("a picture now and then")
    if state.frames_per_s >= 1:
        rate = ngettext("%(num)s picture a second", "%(num)s pictures a second", round(state.frames_per_s))
    size = f" · {state.width} \N{MULTIPLICATION SIGN} {state.height}"
    return {
        "id": state.camera,
        "name": state.name or camera_name(state.camera),
        "location": state.location,
        "phase": state.phase,
        "mark": told(word),
        "look": look,
        "kind": told(KINDS[url.kind]) if url else _("Camera"),
        "source": _where(url) if url else "",
        "about": rate + size if state.phase == "live" else "",
        "reason": "" if state.phase == "live" else plain_reason(state.reason),
        "since": _("Since %(moment)s", moment=_moment(state.since_ns))
        if state.phase == "lost" and state.since_ns
        else "",
        "width": state.width,
        "height": state.height,
        "own": state.own,
    }


def _where(url: CameraUrl) -> str:
    """What staff know it by: of videos and folders the name alone; nothing where there is one only."""
    if url.kind in ("file", "folder"):
        return Path(url.place).name
    return address_of(url) if url.place != "shelf" else ""


def changes(
    look: Callable[[], list[dict[str, Any]]], pause: Callable[[float], object] = time.sleep, name: str = "cameras"
) -> Callable[[float], dict[str, Any] | None]:
    """A function that waits until what `look` gives is new, and gives it by `name`; None when time is up."""
    seen: list[dict[str, Any]] | None = None

    def next_state(timeout_s: float) -> dict[str, Any] | None:
        nonlocal seen
        for _look in range(max(1, round(timeout_s / _LOOK_AGAIN_S))):
            now = look()
            if now != seen:
                seen = now
                return {name: now}
            pause(_LOOK_AGAIN_S)
        return None

    return next_state


def _all() -> list[dict[str, Any]]:
    return [camera_json(state) for state in services().cameras.states()]


def _all_of(states: Callable[[], tuple[CameraState, ...]]) -> Callable[[], list[dict[str, Any]]]:
    return lambda: [camera_json(state) for state in states()]


def _parsed(url: str) -> CameraUrl | None:
    try:
        return parse_camera_url(url)
    except ConfigError:
        return None


def _moment(time_ns: int) -> str:
    return shown_time(datetime.fromtimestamp(time_ns / 1e9), _("d MMM, HH:mm"))
