"""What a model, not having learned from an image, found in it: the codec of that file of a package."""

import json
from collections.abc import Mapping

from edge_common.detections import Detection, detections_json, parse_detections
from edge_common.errors import CodecError

HeldBack = Mapping[str, tuple[Detection, ...]]
"""Digest of the image to what was found in it, down to weak detections, best first."""


def encode_held_back(found: HeldBack) -> bytes:
    """UTF-8 JSON."""
    images = {digest: detections_json(detections) for digest, detections in found.items()}
    return json.dumps({"version": 1, "images": images}, ensure_ascii=False).encode()


def decode_held_back(data: bytes) -> HeldBack:
    """Raises CodecError that names the image, the field and the value."""
    try:
        body = json.loads(data)
    except ValueError as error:
        raise CodecError(f"held back: JSON expected, got {data[:80]!r}") from error
    if not isinstance(body, dict) or body.get("version") != 1 or not isinstance(body.get("images"), dict):
        raise CodecError(f"held back: a JSON object of version 1 with images expected, got {data[:80]!r}")
    return {digest: parse_detections(digest, items) for digest, items in body["images"].items()}
