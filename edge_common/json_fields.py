"""Checked values out of the JSON that our programs send each other; anything else raises CodecError."""

import json
from typing import Any

from edge_common.errors import CodecError


def json_object(what: str, data: bytes, version: int, *, secret: bool = False) -> dict[str, Any]:
    """The JSON object of that version; what is `secret` is not repeated when it is none."""
    shown = f"{len(data)} bytes of something else" if secret else repr(data[:80])
    try:
        body = json.loads(data)
    except ValueError as error:
        raise CodecError(f"{what}: JSON expected, got {shown}") from error
    if not isinstance(body, dict) or body.get("version") != version:
        raise CodecError(f"{what}: a JSON object of version {version} expected, got {shown}")
    return body


def text(body: dict[str, Any], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str):
        raise CodecError(f"{key}: text expected, got {value!r}")
    return value


def whole(body: dict[str, Any], key: str) -> int:
    value = body.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise CodecError(f"{key}: a whole number from 0 expected, got {value!r}")
    return value
