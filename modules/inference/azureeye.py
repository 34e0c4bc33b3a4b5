"""What azureeyemodule says it sees, read strictly: its messages as detections. Pure.

    {"NEURAL_NETWORK": [{"bbox": [x0, y0, x1, y1],"label": "full", "confidence": "0.874512", "timestamp": "16..."}]}

That is how `objectdetector.cpp` and `classification.cpp` of microsoft/azure-percept-advanced-development put it
together: confidence and nanoseconds as text, an empty list for nothing seen, no `bbox` in a classification. Labels are
put in as they are, so one with a quotation mark breaks the JSON and one with a backslash changes in it. As the model's
labels are known, the text is read in that very form, too, and taken where there is one way only to read it.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from edge_common.detections import Detection, ModelKind
from edge_common.errors import CodecError, InvalidInput
from edge_common.geometry import Box

INPUT = "azureeye"
"""At which its messages come in."""
MOST_BYTES = 262_144
MOST_ITEMS = 1000
_KEY = "NEURAL_NETWORK"
_BEYOND = 1.0
"""S1 does not cut boxes off at the picture's edge; more than a picture beside it are no fractions."""
_ROUNDING = 1e-3
_LATEST_NS = 2**63 - 1
_CONFIDENCE = re.compile(r"[0-9]+(\.[0-9]+)?")
_TIMESTAMP = re.compile(r"[0-9]{1,19}")
_OTHERS = {"Poses": "OpenPose", "Texts": "OCR"}
_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
_HEAD = re.compile(r'\s*\{\s*"NEURAL_NETWORK"\s*:\s*\[\s*')
_ITEM = re.compile(r'\{\s*(?:"bbox":\s*(\[\s*' + r"\s*,\s*".join([_NUMBER] * 4) + r'\s*\])\s*,\s*)?"label":\s*"')
_AFTER_LABEL = re.compile(r'",\s*"confidence":\s*"([^"]*)",\s*"timestamp":\s*"([^"]*)"\s*\}')
_NEXT = re.compile(r"\s*,\s*")
_TAIL = re.compile(r"\s*\]\s*\}\s*")


class ForeignLabel(CodecError):
    """A label that the model which was handed off does not have, so that another one runs."""

    code = "foreign_label"


@dataclass(frozen=True)
class Sighting:
    """One message."""

    kind: ModelKind | None
    """None when nothing was seen, as the message does not say then."""
    timestamp_ns: int | None
    """By the clock of azureeyemodule; None when nothing was seen."""
    detections: tuple[Detection, ...]
    """Best first. Boxes are cut off at the picture's edge; those with nothing left are not among them."""


def parse_message(body: bytes, labels: Sequence[str]) -> Sighting:
    """What a message says of a model with these labels.

    Raises CodecError that names the place and the value, and ForeignLabel where another model must be running.
    """
    if len(body) > MOST_BYTES:
        raise CodecError(f"message: {MOST_BYTES} bytes at most expected, got {len(body)}")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise CodecError(
            f"message: UTF-8 expected, got {body[error.start : error.end]!r} at byte {error.start}"
        ) from None
    broken = ""
    found: list[dict[str, Any]] | None = None
    try:
        found = _items(json.loads(text, object_pairs_hook=_once, parse_constant=_no_number))
    except (ValueError, RecursionError) as error:
        if isinstance(error, CodecError):
            raise
        broken = str(error) or "nested too deep"
    readings = [found] if found is not None and all(item.get("label") in labels for item in found) else []
    readings += [literal for literal in _as_written(text, labels) if literal not in readings]
    if len(readings) > 1:
        raise CodecError(f"message: its labels can be read in more than one way, in {text[:200]!r}")
    if readings:
        return _sighting(readings[0], labels)
    if found is None:
        raise CodecError(f"message: JSON expected ({broken}), and it is no text with this model's labels in it either")
    return _sighting(found, labels)


def _items(message: object) -> list[dict[str, Any]]:
    if not isinstance(message, dict) or set(message) != {_KEY}:
        raise CodecError(f"message: an object with {_KEY} alone expected, got {_shown(message)}")
    items = message[_KEY]
    if isinstance(items, dict):
        kind = next((kind for key, kind in _OTHERS.items() if key in items), None)
        if kind is not None:
            raise CodecError(
                f"{_KEY}: a message of an {kind} model, which is not taken; detection or classification is"
            )
    if not isinstance(items, list):
        raise CodecError(f"{_KEY}: a list expected, got {_shown(items)}")
    if len(items) > MOST_ITEMS:
        raise CodecError(f"{_KEY}: {MOST_ITEMS} items at most expected, got {len(items)}")
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            raise CodecError(f"{_KEY}[{index}]: an object expected, got {_shown(item)}")
        if "occupied" in item:
            raise CodecError(f"{_KEY}[{index}]: a message of a UNet model, which is not taken")
    return items


def _sighting(items: list[dict[str, Any]], labels: Sequence[str]) -> Sighting:
    if not items:
        return Sighting(None, None, ())
    found, times, boxed = [], set(), set()
    for index, item in enumerate(items):
        where = f"{_KEY}[{index}]"
        if unknown := set(item) - {"bbox", "label", "confidence", "timestamp"}:
            raise CodecError(f"{where}: bbox, label, confidence and timestamp expected, got {sorted(unknown)}, too")
        box = _box(f"{where}.bbox", item["bbox"]) if "bbox" in item else None
        confidence = _confidence(f"{where}.confidence", item.get("confidence"))
        times.add(_timestamp(f"{where}.timestamp", item.get("timestamp")))
        boxed.add(box is not None)
        label = item.get("label")
        if not isinstance(label, str):
            raise CodecError(f"{where}.label: text expected, got {_shown(label)}")
        if label not in labels:
            raise ForeignLabel(f"{where}.label: one of {', '.join(map(repr, labels))} expected, got {_shown(label)}")
        if box is None or box.area > 0:
            found.append(Detection(label, confidence, box))
    if len(times) > 1 or len(boxed) > 1:
        what = "the same timestamp" if len(times) > 1 else "a bbox in all items or in none"
        raise CodecError(f"{_KEY}: {what} expected")
    best_first = tuple(sorted(found, key=lambda one: -one.confidence))
    return Sighting("detection" if True in boxed else "classification", times.pop(), best_first)


def _box(where: str, value: object) -> Box:
    try:
        box = Box.from_list(value)
    except (InvalidInput, OverflowError) as error:
        raise CodecError(f"{where}: {error}") from error
    if min(box.x0, box.y0) < -_BEYOND or max(box.x1, box.y1) > 1 + _BEYOND:
        raise CodecError(f"{where}: fractions of the picture expected, got {_shown(value)}")
    return box.clip()


def _confidence(where: str, value: object) -> float:
    if not isinstance(value, str) or not _CONFIDENCE.fullmatch(value) or float(value) > 1 + _ROUNDING:
        raise CodecError(f"{where}: a number from 0 to 1 as text expected, got {_shown(value)}")
    return min(float(value), 1.0)


def _timestamp(where: str, value: object) -> int:
    if not isinstance(value, str) or not _TIMESTAMP.fullmatch(value) or int(value) > _LATEST_NS:
        raise CodecError(f"{where}: nanoseconds as text expected, got {_shown(value)}")
    return int(value)


def _as_written(text: str, labels: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
    """Every way, two at most, to read the text as azureeyemodule writes it, with labels as they are."""
    head = _HEAD.match(text)
    if head is None:
        return
    if _TAIL.fullmatch(text, head.end()):
        yield []
        return
    told = 0
    # Where a reading has got to; two that have come to the same place are as many as make it ambiguous.
    readings: list[tuple[int, list[dict[str, Any]]]] = [(head.end(), [])]
    while readings:
        longer: dict[int, list[list[dict[str, Any]]]] = {}
        for place, items in readings:
            for end, item in _one_item(text, place, labels):
                if len(items) < MOST_ITEMS and len(longer.setdefault(end, [])) < 2:
                    longer[end].append([*items, item])
        readings = []
        for end, those in longer.items():
            following = _NEXT.match(text, end)
            if following is not None:
                readings += [(following.end(), items) for items in those]
            elif _TAIL.fullmatch(text, end):
                for items in those:
                    yield items
                    told += 1
                    if told == 2:
                        return


def _one_item(text: str, place: int, labels: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each way to read one item from `place` on, and where it ends."""
    begun = _ITEM.match(text, place)
    if begun is None:
        return
    for label in labels:
        if not text.startswith(label, begun.end()):
            continue
        rest = _AFTER_LABEL.match(text, begun.end() + len(label))
        if rest is not None:
            item = {"label": label, "confidence": rest[1], "timestamp": rest[2]}
            yield rest.end(), item if begun[1] is None else {"bbox": json.loads(begun[1]), **item}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are there once; a label that closes its own quotes can make a second one."""
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError(f"a key twice among {sorted(key for key, _ in pairs)}")
    return values


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _shown(value: object) -> str:
    return repr(value)[:80]
