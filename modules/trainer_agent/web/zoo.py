"""The model zoo: ready-made models to try on a camera, to install, and to start a custom model from."""

from flask import Blueprint, Response, jsonify, render_template

from edge_common.images import encode_jpeg, shrink
from edge_common.ready_made import READY_MADE, ready_made
from modules.trainer_agent.live import encode_part
from modules.trainer_agent.web.parsing import json_object, text
from modules.trainer_agent.web.services import services

bp = Blueprint("zoo", __name__)

_SHOWN_SIDE_PX = 960
_QUALITY = 80
_WAIT_S = 10.0


@bp.get("/zoo")
def browse() -> str:
    installed = services().showroom.installed()
    cards = [(one, services().showroom.labels(one), one in installed) for one in READY_MADE]
    return render_template("zoo.html", cards=cards)


@bp.get("/zoo/<name>")
def one(name: str) -> str:
    chosen = ready_made(name)
    return render_template(
        "zoo_model.html",
        one=chosen,
        labels=services().showroom.labels(chosen),
        installed=chosen in services().showroom.installed(),
    )


@bp.post("/api/zoo/<name>/look")
def look(name: str) -> Response:
    """A new picture of `camera` with what the model sees in it, as one part of a live stream."""
    chosen = ready_made(name)
    frame = services().viewfinder.fresh_frame(text(json_object(), "camera"), _WAIT_S)
    found = services().showroom.look(chosen, frame.pixels)
    picture = shrink(frame.pixels, _SHOWN_SIDE_PX)
    facts = {
        "labels": list(services().showroom.labels(chosen)) if chosen.kind == "detection" else [],
        "detections": [
            {
                "label": one.label,
                "confidence": round(one.confidence, 4),
                "box": one.box.to_list() if one.box else None,
            }
            for one in found
        ],
    }
    return Response(encode_part(facts, encode_jpeg(picture, _QUALITY)), mimetype="application/octet-stream")


@bp.put("/api/zoo/<name>")
def install(name: str) -> Response:
    """Have inference run it."""
    chosen = ready_made(name)
    services().showroom.install(chosen)
    return jsonify(model_id=chosen.model_id)


@bp.delete("/api/zoo/<name>")
def remove(name: str) -> tuple[str, int]:
    services().showroom.remove(ready_made(name))
    return "", 204
