"""Images and boxes as the JSON that pages and programs get."""

from typing import Any

from flask import url_for

from modules.trainer_agent.annotations import LibraryImage, TaggedBox
from modules.trainer_agent.web.names import image_caption


def image_json(image: LibraryImage) -> dict[str, Any]:
    return {
        "id": image.id,
        "name": image.name,
        "caption": image_caption(image),
        "width": image.width,
        "height": image.height,
        "source": image.source,
        "camera": image.camera,
        "taken_ns": image.taken_ns,
        "tags": list(image.tag_ids),
        "tagged": image.tagged,
        "picture": url_for("library.picture", digest=image.digest),
        "thumbnail": url_for("library.thumbnail", digest=image.digest),
        "page": url_for("tagging.one_image", model_id=image.model_id, image_id=image.id),
    }


def box_json(box: TaggedBox) -> dict[str, Any]:
    return {"id": box.id, "tag": box.tag_id, "box": box.box.to_list()}
