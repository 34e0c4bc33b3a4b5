"""The same image as the version before and the new one see it."""

from typing import Any

from flask import Blueprint, Response, jsonify

from edge_common.detections import ModelKind, detections_json
from edge_common.errors import EdgeError, NotFound
from modules.trainer_agent.before_after import Seen
from modules.trainer_agent.web.images_json import image_json
from modules.trainer_agent.web.language import _
from modules.trainer_agent.web.services import services
from modules.trainer_agent.web.wording import amount

bp = Blueprint("before_after", __name__)


@bp.get("/api/models/<model_id>/before-after")
def images(model_id: str) -> Response:
    """The images that show best what the last training has changed."""
    found = services().before_after.images(model_id, _version(model_id))
    return jsonify(images=[image.id for image in found])


@bp.get("/api/models/<model_id>/before-after/<int:image_id>")
def both(model_id: str, image_id: int) -> Response:
    image = services().library.image(image_id)
    if image.model_id != model_id:
        raise NotFound(f"Image {image_id} is not in this model.")
    model = services().library.model(model_id)
    before, after = services().before_after.of(image, _version(model_id))
    return jsonify(
        image=image_json(image),
        labels=[tag.name for tag in model.tags],
        before=_seen_json(before, model.kind),
        after=_seen_json(after, model.kind),
    )


def can_be_compared(model_id: str, version: str) -> bool:
    """There is a version before this one, and both can be read."""
    try:
        return services().before_after.before(model_id, version) is not None
    except EdgeError:
        return False


def in_words(seen: Seen, kind: ModelKind) -> str:
    """`found 3 of 5, 1 false alarm`; of a picture with a tag, the tag that was seen and whether it is right."""
    if kind == "classification":
        names = _(" and ").join(f"'{one.label}'" for one in seen.detections) or _("none of its tags")
        return _("%(names)s, wrong", names=names) if seen.wrong else _("%(names)s, right", names=names)
    false = [amount(seen.false, "false alarm")] if seen.false else []
    if not seen.tagged:
        return ", ".join(false) or _("nothing, as it should")
    return ", ".join([_("found %(found)s of %(tagged)s", found=seen.found, tagged=seen.tagged), *false])


def _version(model_id: str) -> str:
    services().library.model(model_id)
    version = services().agent.state(model_id).version
    if version is None:
        raise NotFound("The last training of this model gave no version.")
    return version


def _seen_json(seen: Seen, kind: ModelKind) -> dict[str, Any]:
    return {"detections": detections_json(seen.detections), "words": in_words(seen, kind)}
