"""What a model, not having learned from an image, found in it: the codec of that file of a package."""

import json
from collections.abc import Mapping

from edge_common.detections import Detection, detections_json, parse_detections
from edge_common.errors import CodecError
from edge_common.json_fields import json_object

VERSION = 1

HeldBack = Mapping[str, tuple[Detection, ...]]
"""Digest of the image to what was found in it, down to weak detections, best first."""


def encode_held_back(found: HeldBack) -> bytes:
    """UTF-8 JSON."""
    images = {digest: detections_json(detections) for digest, detections in found.items()}
    return json.dumps({"version": VERSION, "images": images}, ensure_ascii=False).encode()


def decode_held_back(data: bytes) -> HeldBack:
    """Raises CodecError that names the image, the field and the value."""
    images = json_object("held back", data, VERSION).get("images")
    if not isinstance(images, dict):
        raise CodecError(f"held back: images by digest expected, got {str(images)[:80]!r}")
    return {digest: parse_detections(digest, items) for digest, items in images.items()}
