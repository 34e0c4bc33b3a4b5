"""Checked values out of requests; what is missing or of another kind raises InvalidInput."""

import re
from datetime import date
from typing import Any

from flask import request

from edge_common.errors import InvalidInput

_LONGEST_NAME = 120
_YEARS = range(1970, 9000)


def json_object() -> dict[str, Any]:
    """The JSON object in the body of the present request."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise InvalidInput("A JSON object is expected (Content-Type: application/json).")
    return body


def text(body: dict[str, Any], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str):
        raise InvalidInput(f"{key}: text expected, got {value!r}.")
    return value


def flag(body: dict[str, Any], key: str) -> bool:
    value = body.get(key)
    if not isinstance(value, bool):
        raise InvalidInput(f"{key}: true or false expected, got {value!r}.")
    return value


def whole(body: dict[str, Any], key: str) -> int:
    value = body.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidInput(f"{key}: a whole number expected, got {value!r}.")
    return value


def wholes(body: dict[str, Any], key: str) -> list[int]:
    value = body.get(key)
    if not isinstance(value, list) or not all(type(one) is int for one in value):
        raise InvalidInput(f"{key}: a list of whole numbers expected, got {str(value)[:80]}.")
    return value


def whole_argument(key: str, default: int) -> int:
    """A whole number from 0 in the address of the present request."""
    value = request.args.get(key, str(default))
    if not (value.isascii() and value.isdigit() and len(value) < 16):
        raise InvalidInput(f"{key}: a whole number from 0 expected, got {value[:80]!r}.")
    return int(value)


def file_name(given: str, otherwise: str) -> str:
    """The name of a file that somebody sent, without folders and what cannot be shown, its end where it is long."""
    last = re.split(r"[\\/]", given)[-1]
    return "".join(sign for sign in last if sign.isprintable()).strip()[-_LONGEST_NAME:] or otherwise


def day_argument(key: str) -> date | None:
    """A day in the address of the present request; None where it names none."""
    given = request.args.get(key)
    if not given:
        return None
    try:
        day = date.fromisoformat(given)
    except ValueError as error:
        raise InvalidInput(f"{key}: a day like 2026-11-25 expected, got {given[:80]!r}.") from error
    if day.year not in _YEARS:
        raise InvalidInput(f"{key}: a year from {_YEARS.start} expected, got {given[:80]!r}.")
    return day
