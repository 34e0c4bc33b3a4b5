"""COCO annotations (one JSON document) to and from exchanged models; boxes are x, y, width, height in px. Pure."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from edge_common.errors import InvalidInput
from modules.trainer_agent.exchange.exchanged import (
    ExchangedImage,
    ExchangedModel,
    box_at,
    distinct,
    entry,
    listed,
    member,
    number,
    number_in,
    parse_json,
    tag_name,
    text_in,
)

DOCUMENT = "annotations.json"


def is_coco(document: object) -> bool:
    return isinstance(document, Mapping) and {"images", "annotations", "categories"} <= document.keys()


def read_coco(data: bytes, path: str, members: Collection[str], name: str) -> ExchangedModel:
    """The document at `path` of a file with these members; raises InvalidInput that names the entry.

    Images without annotations are ones with nothing to tag, as COCO has it; crowds are left out.
    """
    document = entry(parse_json(data, path), path)
    tags: dict[int, str] = {}
    for index, value in enumerate(listed(document.get("categories"), f"{path}: categories")):
        where = f"{path}: categories[{index}]"
        tags[_id(entry(value, where), "id", where)] = tag_name(text_in(value, "name", where), f"{where}.name")
    boxes = _boxes(document, path, tags)
    images = []
    for index, value in enumerate(listed(document.get("images"), f"{path}: images")):
        where = f"{path}: images[{index}]"
        image_id = _id(entry(value, where), "id", where)
        wide, high = number_in(value, "width", where), number_in(value, "height", where)
        if wide < 1 or high < 1:
            raise InvalidInput(f"{where}: a width and a height of 1 px and more expected, got {wide:g} x {high:g}.")
        file = text_in(value, "file_name", where)
        found = tuple(
            (tag, box_at(x / wide, y / high, w / wide, h / high, place))
            for tag, (x, y, w, h), place in boxes.pop(image_id, [])
        )
        images.append(
            ExchangedImage(member(members, file, path, where), file.rpartition("/")[2], found, nothing=not found)
        )
    for left in boxes.values():
        raise InvalidInput(f"{left[0][2]}.image_id: an image of this document expected; there is none of that id.")
    return ExchangedModel(name, "detection", distinct(tags.values(), f"{path}: categories"), tuple(images))


def write_coco(model: ExchangedModel, sizes: Mapping[str, tuple[int, int]]) -> Iterator[bytes]:
    """The document in pieces, a line for each entry; `sizes`: width and height in px of each image's file."""
    tag_ids = {tag: index for index, tag in enumerate(model.tags, 1)}
    yield f'{{"info": {_json({"description": model.name})},\n"images": ['.encode()
    yield from _lines(
        {"id": image_id, "file_name": image.file, "width": sizes[image.file][0], "height": sizes[image.file][1]}
        for image_id, image in enumerate(model.images, 1)
    )
    yield b'],\n"annotations": ['
    yield from _lines(_annotations(model, sizes, tag_ids))
    yield b'],\n"categories": ['
    yield from _lines({"id": tag_id, "name": tag} for tag, tag_id in tag_ids.items())
    yield b"]}\n"


def _annotations(
    model: ExchangedModel, sizes: Mapping[str, tuple[int, int]], tag_ids: Mapping[str, int]
) -> Iterator[dict[str, object]]:
    count = 0
    for image_id, image in enumerate(model.images, 1):
        wide, high = sizes[image.file]
        for tag, box in image.boxes:
            count += 1
            placed = [box.x0 * wide, box.y0 * high, box.width * wide, box.height * high]
            yield {
                "id": count,
                "image_id": image_id,
                "category_id": tag_ids[tag],
                "bbox": [round(value, 3) for value in placed],
                "area": round(placed[2] * placed[3], 3),
                "iscrowd": 0,
            }


def _lines(entries: Iterable[dict[str, object]]) -> Iterator[bytes]:
    for place, one in enumerate(entries):
        yield (b",\n" if place else b"\n") + _json(one).encode()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


Placed = tuple[str, tuple[float, float, float, float], str]
"""Tag, x, y, width and height in px, and where that stands."""


def _boxes(document: Mapping[str, Any], path: str, tags: Mapping[int, str]) -> dict[int, list[Placed]]:
    found: dict[int, list[Placed]] = {}
    for index, value in enumerate(listed(document.get("annotations"), f"{path}: annotations")):
        where = f"{path}: annotations[{index}]"
        if entry(value, where).get("iscrowd") == 1:
            continue
        category = _id(value, "category_id", where)
        if category not in tags:
            raise InvalidInput(f"{where}.category_id: one of the categories expected, got {category}.")
        corners = listed(value.get("bbox"), f"{where}.bbox")
        if len(corners) != 4:
            raise InvalidInput(f"{where}.bbox: x, y, width and height expected, got {len(corners)} values.")
        x, y, wide, high = (number(corner, f"{where}.bbox[{place}]") for place, corner in enumerate(corners))
        found.setdefault(_id(value, "image_id", where), []).append((tags[category], (x, y, wide, high), f"{where}"))
    return found


def _id(value: Mapping[str, Any], key: str, where: str) -> int:
    found = value.get(key)
    if not isinstance(found, int) or isinstance(found, bool):
        raise InvalidInput(f"{where}.{key}: a whole number expected, got {found!r}.")
    return found
