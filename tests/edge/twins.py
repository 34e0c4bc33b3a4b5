"""A module's twin as the hub keeps it: two sections with versions, patches, and what edgeHub refuses of a report.

The limits are those of edgeHub's ReportedPropertiesValidator.
"""

import json
from dataclasses import dataclass, field
from typing import Any

MOST_DEPTH = 10
MOST_STRING_BYTES = 4096
MOST_NAME_BYTES = 1024
MOST_SECTION_BYTES = 32 * 1024
LARGEST_WHOLE_NUMBER = 4_503_599_627_370_495


class Refused(Exception):
    """A patch that the hub answers with a status other than 2xx."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Section:
    """Desired or reported properties; the version counts changes."""

    values: dict[str, Any] = field(default_factory=dict)
    version: int = 1

    def patch(self, patch: dict[str, Any]) -> int:
        self.values = _merged(self.values, patch)
        self.version += 1
        return self.version

    def whole(self) -> dict[str, Any]:
        return {**self.values, "$version": self.version}


@dataclass
class Twin:
    desired: Section = field(default_factory=Section)
    reported: Section = field(default_factory=Section)

    def document(self) -> bytes:
        return json.dumps({"desired": self.desired.whole(), "reported": self.reported.whole()}).encode()

    def report(self, payload: bytes) -> int:
        """The new version; raises Refused, with nothing changed."""
        if len(payload) > MOST_SECTION_BYTES:
            raise Refused(413, f"at most {MOST_SECTION_BYTES} bytes expected, got {len(payload)}")
        try:
            patch = json.loads(payload)
        except ValueError as error:
            raise Refused(400, f"JSON expected: {error}") from error
        if not isinstance(patch, dict):
            raise Refused(400, f"an object expected, got {type(patch).__name__}")
        _check(patch, 1, "")
        whole = len(json.dumps(_merged(self.reported.values, patch)).encode())
        if whole > MOST_SECTION_BYTES:
            raise Refused(413, f"at most {MOST_SECTION_BYTES} bytes in all expected, got {whole}")
        return self.reported.patch(patch)


def _check(value: Any, depth: int, place: str) -> None:
    match value:
        case dict():
            if depth > MOST_DEPTH:
                raise Refused(400, f"{place}: at most {MOST_DEPTH} levels expected")
            for name, inner in value.items():
                _check_name(name, place)
                _check(inner, depth + 1, f"{place}.{name}")
        case list():
            if depth > MOST_DEPTH:
                raise Refused(400, f"{place}: at most {MOST_DEPTH} levels expected")
            for inner in value:
                if inner is None:
                    raise Refused(400, f"{place}: no null in a list expected")
                _check(inner, depth + 1, f"{place}[]")
        case str() if len(value.encode()) > MOST_STRING_BYTES:
            raise Refused(400, f"{place}: at most {MOST_STRING_BYTES} bytes in a string expected")
        case int() if not isinstance(value, bool) and abs(value) > LARGEST_WHOLE_NUMBER:
            raise Refused(400, f"{place}: a whole number of at most 52 bits expected, got {value}")


def _check_name(name: str, place: str) -> None:
    if len(name.encode()) > MOST_NAME_BYTES:
        raise Refused(400, f"{place}: at most {MOST_NAME_BYTES} bytes in a name expected")
    if any(letter in ".$#" or letter.isspace() or ord(letter) < 32 or ord(letter) == 127 for letter in name):
        raise Refused(400, f"{place}: a name without . $ #, spaces and control characters expected, got {name!r}")


def _merged(target: Any, patch: dict[str, Any]) -> dict[str, Any]:
    # Written out here and not taken from the product, which is what these tests are about.
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value) if isinstance(value, dict) else value
    return merged
