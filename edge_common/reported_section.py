"""Reported properties as a hub takes them: cut to its limits, and the patches from what it has to what it shall have.

Pure. The limits are those of Azure IoT Hub and of edgeHub's ReportedPropertiesValidator.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

MOST_DEPTH = 10
MOST_STRING_BYTES = 4096
MOST_NAME_BYTES = 1024
MOST_BYTES = 32 * 1024
LARGEST_WHOLE_NUMBER = 2**52 - 1
NOTE = "cut"
"""The key that tells of what was cut: how many values, and the place of the first."""
_NOTE_BYTES = 512
_NOT_IN_NAMES = re.compile(r"[.$#\s\x00-\x1f\x7f-\x9f]")


def fitted(section: Mapping[str, Any]) -> dict[str, Any]:
    """The section without what a hub would refuse, with a note of what was cut."""
    cut: list[str] = []
    fitting = _fitted_object(section, 1, "", cut)
    while _bytes(fitting) > MOST_BYTES - _NOTE_BYTES:
        cut.append(_drop_largest(fitting))
    if cut:
        fitting[NOTE] = {"count": len(cut), "first": cut[0][:200]}
    return fitting


def patches(hub_has: Mapping[str, Any], shall_have: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What to send, one after the other, each within the limits when both sections are."""
    patch = _difference(hub_has, shall_have)
    if not patch:
        return []
    if _bytes(patch) <= MOST_BYTES:
        return [patch]
    return [part for part in (_deletions(patch), _additions(patch)) if part]


def _fitted(value: Any, depth: int, place: str, cut: list[str]) -> Any:  # noqa: ANN401 (JSON)
    match value:
        case Mapping() | list() | tuple() if depth > MOST_DEPTH:
            cut.append(place)
            return "(too deep)"
        case Mapping():
            return _fitted_object(value, depth, place, cut)
        case list() | tuple():
            if None in value:
                cut.append(place)
            return [_fitted(one, depth + 1, place, cut) for one in value if one is not None]
        case str() if len(data := value.encode(errors="replace")) > MOST_STRING_BYTES:
            cut.append(place)
            return data[: MOST_STRING_BYTES - 3].decode(errors="ignore") + "…"
        case bool():
            return value
        case int() if abs(value) > LARGEST_WHOLE_NUMBER:
            return str(value)
        case float() if not math.isfinite(value):
            return str(value)
    return value


def _fitted_object(section: Mapping[str, Any], depth: int, place: str, cut: list[str]) -> dict[str, Any]:
    fitting = {}
    for name, value in section.items():
        below = f"{place}.{name}" if place else name
        allowed = _NOT_IN_NAMES.sub("_", name).encode(errors="replace")[:MOST_NAME_BYTES].decode(errors="ignore")
        if allowed != name:
            cut.append(below)
        if value is not None:
            fitting[allowed] = _fitted(value, depth + 1, below, cut)
    return fitting


def _drop_largest(section: dict[str, Any]) -> str:
    """Delete the largest value that is no object, the largest object first; gives its place."""
    names = []
    while True:
        name = max(section, key=lambda one: _bytes(section[one]))
        names.append(name)
        below = section[name]
        if not isinstance(below, dict) or not below:
            del section[name]
            return ".".join(names)
        section = below


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """RFC 7396: the patch that makes `new` of `old`."""
    patch: dict[str, Any] = {name: None for name in old if name not in new}
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            if inner := _difference(before, value):
                patch[name] = inner
        elif name not in old or before != value or type(before) is not type(value):
            patch[name] = value
    return patch


def _deletions(patch: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in patch.items():
        if value is None:
            found[name] = None
        elif isinstance(value, Mapping) and (inner := _deletions(value)):
            found[name] = inner
    return found


def _additions(patch: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _additions(value) if isinstance(value, Mapping) else value
        for name, value in patch.items()
        if value is not None
    }


def _bytes(value: object) -> int:
    """As the SDK writes it, with \\u for letters beyond ASCII."""
    return len(json.dumps(value))
