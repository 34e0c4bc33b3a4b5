"""Tagging: one image with its boxes or its tag, each saved as it is made."""

from flask import Blueprint, Response, jsonify, redirect, render_template, url_for
from werkzeug.wrappers import Response as Redirect

from edge_common.errors import NotFound
from edge_common.geometry import Box
from modules.trainer_agent.proposals import tag_named
from modules.trainer_agent.web.images_json import box_json, image_json
from modules.trainer_agent.web.overview import overview
from modules.trainer_agent.web.parsing import flag, json_object, whole, wholes
from modules.trainer_agent.web.services import services

bp = Blueprint("tagging", __name__)


@bp.get("/models/<model_id>/tagging")
def next_image(model_id: str) -> Redirect:
    """To the oldest image that still needs a tag, or to the newest of all."""
    library = services().library
    library.model(model_id)
    waiting = library.search.next_untagged(model_id)
    newest = library.images(model_id, tagged=None, limit=1)
    if waiting is None and not newest:
        return redirect(url_for("library.library_page", model_id=model_id))
    return redirect(url_for("tagging.one_image", model_id=model_id, image_id=waiting or newest[0].id))


@bp.get("/models/<model_id>/images/<int:image_id>")
def one_image(model_id: str, image_id: int) -> str:
    library = services().library
    image = library.image(image_id)
    if image.model_id != model_id:
        raise NotFound(f"Image {image_id} is not in this model.")
    of = overview(model_id)
    before, after = library.neighbours(image)
    untagged = library.search.next_untagged(model_id, after=image_id)
    boxes = [box_json(box) for box in library.boxes(image_id)]
    task = {
        "kind": of.model.kind,
        "image": image_json(image),
        "tags": [{"id": tag.id, "name": tag.name} for tag in of.model.tags],
        "several": of.model.several,
        "boxes": boxes,
        "nothing": image.tagged and not boxes and not image.tag_ids,
    }
    return render_template("tagging.html", of=of, image=image, before=before, after=after, untagged=untagged, task=task)


@bp.get("/api/images/<int:image_id>/proposals")
def proposals(image_id: int) -> Response:
    """What the model in use, or its draft, would tag here, best first; boxes that were drawn already are left out."""
    image = services().library.image(image_id)
    tags = services().library.model(image.model_id).tags
    found = services().proposer.propose(image)
    named = [(tag_named(tags, one.label), one) for one in found.detections]
    return jsonify(
        source=found.source,
        proposals=[
            {"tag": tag.id, "box": one.box.to_list() if one.box else None, "confidence": round(one.confidence, 3)}
            for tag, one in named
            if tag is not None
        ],
    )


@bp.get("/api/images/<int:image_id>/boxes")
def boxes(image_id: int) -> Response:
    """What is drawn in an image now."""
    library = services().library
    library.image(image_id)
    return jsonify(boxes=[box_json(box) for box in library.boxes(image_id)])


@bp.put("/api/images/<int:image_id>/boxes/<box_id>")
def put_box(image_id: int, box_id: str) -> Response:
    body = json_object()
    library = services().library
    box = library.put_box(image_id, box_id, whole(body, "tag"), Box.from_list(body.get("box")))
    services().agent.tags_changed(library.image(image_id).model_id)
    return jsonify(box_json(box))


@bp.delete("/api/images/<int:image_id>/boxes/<box_id>")
def delete_box(image_id: int, box_id: str) -> tuple[str, int]:
    services().library.delete_box(image_id, box_id)
    return "", 204


@bp.put("/api/images/<int:image_id>/tags")
def put_tags(image_id: int) -> Response:
    """Tag the whole picture with `tags`, a list of ids, and with no others."""
    image = services().library.set_image_tags(image_id, wholes(json_object(), "tags"))
    services().agent.tags_changed(image.model_id)
    return jsonify(image_json(image))


@bp.put("/api/images/<int:image_id>/nothing")
def put_nothing(image_id: int) -> Response:
    """Say with `nothing` true that there is nothing to tag here, so that the model learns what is none."""
    nothing = flag(json_object(), "nothing")
    image = services().library.set_nothing(image_id, nothing)
    # Said of an image that is finished with. The page leads on at once, and this may come after its "done".
    services().agent.tags_changed(image.model_id, image_done=nothing)
    if nothing:
        services().drafts.image_done(image.model_id)
    return jsonify(image_json(image))


@bp.post("/api/images/<int:image_id>/done")
def image_done(image_id: int) -> Response:
    """Staff finished this image: a model that trains by itself need not wait for more of its tags."""
    image = services().library.image(image_id)
    services().agent.tags_changed(image.model_id, image_done=True)
    services().drafts.image_done(image.model_id)
    return jsonify(image_json(image))
