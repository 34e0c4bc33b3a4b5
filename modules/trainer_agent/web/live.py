"""The live page, and the stream of pictures and results that it shows."""

import re

from flask import Blueprint, Response, copy_current_request_context, jsonify, render_template, request

from edge_common.detections import WEAKEST
from edge_common.errors import InvalidInput
from modules.trainer_agent.live import LiveView, TooManyViewers
from modules.trainer_agent.web.language import told
from modules.trainer_agent.web.services import services

bp = Blueprint("live", __name__)

_CAMERA = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_STREAM = "application/octet-stream"


@bp.get("/live")
def live_page() -> str:
    view: LiveView = services().live
    return render_template(
        "live.html",
        cameras=sorted(view.frames.states().values(), key=lambda state: state.camera),
        camera=_argument("camera", _CAMERA),
        model=_argument("model", _MODEL),
        trained=bool(services().packages.live()),
        weakest=round(WEAKEST * 100),
    )


@bp.get("/live/stream")
def stream() -> Response:
    """One long answer of parts, as `encode_part` writes them, until the viewer goes away."""
    camera = _argument("camera", _CAMERA)
    if camera is None:
        raise InvalidInput("camera: the id of a camera expected.")
    model = _argument("model", _MODEL)
    if request.method == "HEAD":
        return Response(mimetype=_STREAM)
    view: LiveView = services().live
    watch = view.watch(camera, model)
    response = Response(
        watch.parts(copy_current_request_context(told)), mimetype=_STREAM, headers={"Cache-Control": "no-store"}
    )
    # Closing is tied to the answer, not to its generator: that has no end to run if the viewer leaves at once.
    response.call_on_close(watch.close)
    return response


@bp.errorhandler(TooManyViewers)
def too_many(error: TooManyViewers) -> tuple[Response, int]:
    return jsonify(message=str(error), code=error.code), 503


def _argument(name: str, pattern: re.Pattern[str]) -> str | None:
    value = request.args.get(name) or None
    if value is not None and not pattern.fullmatch(value):
        raise InvalidInput(f"{name}: letters, digits and hyphens expected, got {value[:80]!r}.")
    return value
