"""What Custom Vision's training API says of a project's images, kept with the images in one file. Pure.

The document is the list that "get tagged images" returns, or an object with it as `images`: each entry has an `id`,
`tags` and, in a detection project, `regions` with left, top, width and height as parts of the picture.
"""

from collections.abc import Collection, Mapping
from typing import Any

from edge_common.detections import ModelKind
from edge_common.errors import InvalidInput
from modules.trainer_agent.exchange.exchanged import (
    ExchangedImage,
    ExchangedModel,
    box_at,
    distinct,
    entry,
    listed,
    member,
    number_in,
    parse_json,
    tag_name,
    text_in,
)

_SUFFIXES = (".jpg", ".jpeg", ".png")


def is_custom_vision(document: object) -> bool:
    """Whether a parsed document is one of these."""
    found = document.get("images") if isinstance(document, Mapping) else document
    if not isinstance(found, list) or not found or not isinstance(found[0], Mapping):
        return False
    return bool({"regions", "tags"} & found[0].keys())


def read_custom_vision(data: bytes, path: str, members: Collection[str], name: str) -> ExchangedModel:
    """The document at `path` of a file with these members; raises InvalidInput that names the entry."""
    document = parse_json(data, path)
    entries = listed(document.get("images") if isinstance(document, Mapping) else document, f"{path}: images")
    places = [(f"{path}: [{index}]", entry(value, f"{path}: [{index}]")) for index, value in enumerate(entries)]
    kind: ModelKind = "detection" if any(value.get("regions") for _, value in places) else "classification"
    images = tuple(_image(value, where, path, members, kind) for where, value in places)
    tags = [tag for image in images for tag in (*image.tags, *(tag for tag, _ in image.boxes))]
    if not tags:
        raise InvalidInput(f"{path}: no image has a tag or a region.")
    several = any(len(image.tags) > 1 for image in images)
    return ExchangedModel(name, kind, distinct(dict.fromkeys(tags), path), images, several=several)


def _image(
    value: Mapping[str, Any], where: str, path: str, members: Collection[str], kind: ModelKind
) -> ExchangedImage:
    file = _file(value, where, path, members)
    shown = file.rpartition("/")[2]
    if kind == "detection":
        return ExchangedImage(file, shown, tuple(_regions(value, where)))
    tags = listed(value.get("tags") or [], f"{where}.tags")
    named = dict.fromkeys(_tag(tag, f"{where}.tags[{index}]") for index, tag in enumerate(tags))
    return ExchangedImage(file, shown, tags=tuple(named))


def _regions(value: Mapping[str, Any], where: str) -> list[tuple[str, Any]]:
    regions = []
    for index, region in enumerate(listed(value.get("regions") or [], f"{where}.regions")):
        place = f"{where}.regions[{index}]"
        tag = _tag(region, place)
        left, top, width, height = (number_in(region, key, place) for key in ("left", "top", "width", "height"))
        regions.append((tag, box_at(left, top, width, height, place)))
    return regions


def _tag(value: object, where: str) -> str:
    return tag_name(text_in(entry(value, where), "tagName", where), f"{where}.tagName")


def _file(value: Mapping[str, Any], where: str, path: str, members: Collection[str]) -> str:
    """By `file`, `path` or `name` where the document has one, else the image named by its `id`."""
    for key in ("file", "path", "name"):
        if isinstance(value.get(key), str) and value[key]:
            return member(members, value[key], path, f"{where}.{key}")
    image_id = text_in(value, "id", where)
    named = [one for one in members if one.lower().endswith(_SUFFIXES) and image_id == _stem(one)]
    if len(named) != 1:
        raise InvalidInput(f"{where}: one image named {image_id[:60]!r} and .jpg or .png expected, got {len(named)}.")
    return named[0]


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0]
