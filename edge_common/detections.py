"""What a model saw in a frame: detections and results, with the one codec that writes and reads them."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

from edge_common.errors import CodecError, InvalidInput
from edge_common.geometry import Box
from edge_common.json_fields import json_object

VERSION = 1

WEAKEST = 0.1
"""The page for staff can show what a model is at least so sure of."""
MOST_WEAK = 20

ModelKind = Literal["detection", "classification"]


@dataclass(frozen=True, slots=True)
class Detection:
    """One thing that was found; a classification has no box, as it speaks for the whole picture."""

    label: str
    confidence: float
    """0 to 1."""
    box: Box | None


@dataclass(frozen=True)
class Result:
    """What one model version found in one frame."""

    camera: str
    frame_id: str
    taken_ns: int
    model_id: str
    model_version: str
    kind: ModelKind
    detections: tuple[Detection, ...]
    """Everything that it is sure enough of, best first; empty when it found nothing."""
    inference_ms: float
    """From the letterboxed picture to the decoded detections; 0 where another program looked and does not say."""
    weak: tuple[Detection, ...] = ()
    """What it is not sure enough of, down to `WEAKEST`, the best few: to be looked at, not acted on."""

    @cached_property
    def in_picture(self) -> tuple[Detection, ...]:
        """The detections, each box cut to the picture; worked out once, however many skills look at them."""
        return cut(self.detections)


def cut(found: Sequence[Detection]) -> tuple[Detection, ...]:
    """The same, each box cut to the picture."""
    clipped = [(one, one.box and one.box.clip()) for one in found]
    return tuple([one if box is one.box else Detection(one.label, one.confidence, box) for one, box in clipped])


def encode_result(result: Result) -> bytes:
    """The result as UTF-8 JSON."""
    body = {
        "version": VERSION,
        "camera": result.camera,
        "frame_id": result.frame_id,
        "taken_ns": result.taken_ns,
        "model_id": result.model_id,
        "model_version": result.model_version,
        "kind": result.kind,
        "inference_ms": result.inference_ms,
        "detections": detections_json(result.detections),
        "weak": detections_json(result.weak),
    }
    return json.dumps(body, ensure_ascii=False).encode()


def decode_result(data: bytes) -> Result:
    """The result in UTF-8 JSON; raises CodecError that names the field and the value."""
    body = json_object("result", data, VERSION)
    texts = {key: _text(key, body.get(key)) for key in ("camera", "frame_id", "model_id", "model_version")}
    kind: Any = body.get("kind")
    if kind not in get_args(ModelKind):
        raise CodecError(f"kind: one of {get_args(ModelKind)} expected, got {kind!r}")
    taken_ns = body.get("taken_ns")
    if not isinstance(taken_ns, int) or isinstance(taken_ns, bool):
        raise CodecError(f"taken_ns: a whole number expected, got {taken_ns!r}")
    return Result(
        **texts,
        taken_ns=taken_ns,
        kind=kind,
        detections=parse_detections("detections", body.get("detections")),
        inference_ms=_number("inference_ms", body.get("inference_ms")),
        weak=parse_detections("weak", body.get("weak", [])),
    )


def detections_json(detections: Sequence[Detection]) -> list[dict[str, Any]]:
    """The detections as JSON values."""
    return [
        {"label": found.label, "confidence": found.confidence, "box": found.box.to_list() if found.box else None}
        for found in detections
    ]


def parse_detections(where: str, items: object) -> tuple[Detection, ...]:
    """What `detections_json` wrote; raises CodecError that names the field below `where`, and the value."""
    if not isinstance(items, list):
        raise CodecError(f"{where}: a list expected, got {items!r}")
    return tuple(_detection(f"{where}[{index}]", item) for index, item in enumerate(items))


def _detection(where: str, item: object) -> Detection:
    if not isinstance(item, dict):
        raise CodecError(f"{where}: an object expected, got {item!r}")
    confidence = _number(f"{where}.confidence", item.get("confidence"))
    if not 0 <= confidence <= 1:
        raise CodecError(f"{where}.confidence: 0 to 1 expected, got {confidence!r}")
    try:
        box = None if item.get("box") is None else Box.from_list(item["box"])
    except InvalidInput as error:
        raise CodecError(f"{where}.{error}") from error
    return Detection(_text(f"{where}.label", item.get("label")), confidence, box)


def _text(where: str, value: object) -> str:
    if not isinstance(value, str):
        raise CodecError(f"{where}: text expected, got {value!r}")
    return value


def _number(where: str, value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise CodecError(f"{where}: a finite number expected, got {value!r}")
    return float(value)
