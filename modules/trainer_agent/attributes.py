"""Attributes of a model, key = value, by which operations sort models: the rules for them. Pure."""

import re
from collections.abc import Mapping

from edge_common.errors import InvalidInput
from modules.trainer_agent.annotations import folded

MOST_ATTRIBUTES = 20
LONGEST_VALUE = 120
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")


def checked_attributes(value: object) -> dict[str, str]:
    """The attributes in a JSON object, without outer blanks; raises InvalidInput that names the key and the value."""
    if not isinstance(value, Mapping):
        raise InvalidInput(f"Tags for operations: an object of texts expected, got {value!r}.")
    if len(value) > MOST_ATTRIBUTES:
        raise InvalidInput(f"Tags for operations: at most {MOST_ATTRIBUTES} expected, got {len(value)}.")
    checked: dict[str, str] = {}
    for key, text in value.items():
        name = str(key).strip()
        if not _KEY.fullmatch(name):
            raise InvalidInput(
                f"Tags for operations: a key starts with a letter and has at most 40 letters, digits, '-' and '_'; "
                f"got {name[:80]!r}."
            )
        if any(folded(name) == folded(known) for known in checked):
            raise InvalidInput(f"Tags for operations: the key '{name}' comes twice.")
        if not isinstance(text, str) or not text.strip() or len(text.strip()) > LONGEST_VALUE:
            raise InvalidInput(
                f"Tags for operations: '{name}' needs a value of 1 to {LONGEST_VALUE} characters, "
                f"got {str(text)[:80]!r}."
            )
        if not text.strip().isprintable():
            raise InvalidInput(f"Tags for operations: '{name}': one line of plain text expected.")
        checked[name] = text.strip()
    return checked
