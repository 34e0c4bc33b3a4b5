"""A model with its images as a value between file formats and the library, and checks that all readers share. Pure."""

import json
import math
import posixpath
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from edge_common.detections import ModelKind
from edge_common.errors import InvalidInput
from edge_common.geometry import Box
from modules.trainer_agent.annotations import ImageSource, checked_tag_name, folded

OUTSIDE = 0.02
"""Of the picture: so far beyond its edge a box may lie, by rounding; it is cut there. Farther is a mistake."""


@dataclass(frozen=True)
class ExchangedImage:
    """An image by its place in the file, with what is tagged in it by names."""

    file: str
    name: str
    boxes: tuple[tuple[str, Box], ...] = ()
    tags: tuple[str, ...] = ()
    """Of the whole picture."""
    nothing: bool = False
    """Somebody looked and found nothing to tag."""
    source: ImageSource = "upload"
    camera: str | None = None
    taken_ns: int = 0
    """0 where that is not known."""


@dataclass(frozen=True)
class ExchangedModel:
    """A model with all of its images, and its versions by name where the format has any."""

    name: str
    kind: ModelKind
    tags: tuple[str, ...]
    images: tuple[ExchangedImage, ...]
    automatic: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)
    versions: tuple[str, ...] = ()
    live: str | None = None
    several: bool = False
    """Classification: an image may have more than one tag."""
    collecting: bool = True
    """Frames that are worth a look are kept by themselves."""


def parse_json(data: bytes, where: str) -> object:
    """Raises InvalidInput that names the file."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{where}: JSON expected ({str(error)[:120]}).") from error


def listed(value: object, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidInput(f"{where}: a list expected, got {_shown(value)}.")
    return value


def entry(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{where}: an object expected, got {_shown(value)}.")
    return value


def text_in(value: Mapping[str, Any], key: str, where: str) -> str:
    found = value.get(key)
    if not isinstance(found, str) or not found:
        raise InvalidInput(f"{where}.{key}: text expected, got {_shown(found)}.")
    return found


def number_in(value: Mapping[str, Any], key: str, where: str) -> float:
    return number(value.get(key), f"{where}.{key}")


def number(found: object, where: str) -> float:
    if not isinstance(found, int | float) or isinstance(found, bool) or not math.isfinite(found):
        raise InvalidInput(f"{where}: a finite number expected, got {_shown(found)}.")
    return float(found)


def tag_name(text: str, where: str) -> str:
    try:
        return checked_tag_name(text)
    except InvalidInput as error:
        raise InvalidInput(f"{where}: {error}") from error


def distinct(names: Collection[str], where: str) -> tuple[str, ...]:
    """The names, each but once; raises InvalidInput when two differ in case only."""
    known: dict[str, str] = {}
    for name in names:
        if known.setdefault(folded(name), name) != name:
            raise InvalidInput(f"{where}: '{name}' and '{known[folded(name)]}' differ in case only.")
    return tuple(known.values())


def box_at(left: float, top: float, width: float, height: float, where: str) -> Box:
    """A box of fractions of the picture, cut at its edge; raises InvalidInput when it is empty or lies outside."""
    if width <= 0 or height <= 0:
        raise InvalidInput(f"{where}: a width and a height above 0 expected, got {width:g} x {height:g}.")
    if min(left, top) < -OUTSIDE or max(left + width, top + height) > 1 + OUTSIDE:
        place = f"{left:g}, {top:g} to {left + width:g}, {top + height:g}"
        raise InvalidInput(f"{where}: a box inside the picture expected, got {place} (as parts of it).")
    return Box(left, top, left + width, top + height).clip()


def member(members: Collection[str], wanted: str, near: str, where: str) -> str:
    """The file that an entry speaks of: at that path from the document or its folders, or the only one of that name.

    `near` is the path of the document. Raises InvalidInput when there is none.
    """
    plain = wanted.replace("\\", "/")
    folder = posixpath.dirname(near)
    for base in (
        folder,
        *(posixpath.join(folder, name) for name in ("images", "JPEGImages")),
        posixpath.dirname(folder),
    ):
        path = posixpath.normpath(posixpath.join(base, plain))
        if path in members:
            return path
    name = posixpath.basename(plain)
    alike = [path for path in members if posixpath.basename(path) == name]
    if len(alike) != 1:
        found = "it is not in the file" if not alike else f"{len(alike)} files have that name"
        raise InvalidInput(f"{where}: the image {wanted[:120]!r} was looked for; {found}.")
    return alike[0]


def _shown(value: object) -> str:
    return repr(value)[:80]
