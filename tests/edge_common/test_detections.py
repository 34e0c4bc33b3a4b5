import json
from dataclasses import replace
from typing import Any

import pytest

from edge_common.detections import (
    Detection,
    Result,
    decode_result,
    detections_json,
    encode_result,
    parse_detections,
)
from edge_common.errors import CodecError
from edge_common.geometry import Box

FOUND: dict[str, Any] = {"label": "low stock", "confidence": 0.75, "box": [0.1, 0.2, 0.3, 0.4]}
BODY: dict[str, Any] = {
    "version": 1,
    "camera": "camera-1",
    "frame_id": "17-5",
    "taken_ns": 17,
    "model_id": "shelf",
    "model_version": "3",
    "kind": "detection",
    "inference_ms": 12.5,
    "detections": [FOUND],
}


def result(*detections: Detection) -> Result:
    return Result("camera-1", "17-5", 1_790_000_000_123_456_789, "shelf", "3", "detection", detections, 12.5)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(result(), id="nothing found"),
        pytest.param(result(Detection("Müsli: leer", 0.123456789, Box(0.1, 0.2, 0.3, 0.4))), id="a box"),
        pytest.param(result(Detection("full", 1.0, None), Detection("low", 0.0, None)), id="a classification"),
        pytest.param(replace(result(), weak=(Detection("low", 0.2, Box(0.1, 0.2, 0.3, 0.4)),)), id="a weak one"),
    ],
)
def test_a_result_survives_its_codec(sent: Result) -> None:
    assert decode_result(encode_result(sent)) == sent


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "JSON expected", id="empty"),
        pytest.param(b'{"version": 1', "JSON expected", id="cut short"),
        pytest.param(b"\xff\xfe", "JSON expected", id="not text"),
        pytest.param(b"[]", "object of version 1", id="a list"),
        pytest.param(b"{}", "object of version 1", id="no version"),
    ],
)
def test_bytes_that_are_no_result_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(CodecError, match=reason):
        decode_result(data)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"version": 2}, "version 1", id="another version"),
        pytest.param({"camera": 7}, "camera: text expected, got 7", id="camera as number"),
        pytest.param({"model_version": None}, "model_version: text expected", id="no model version"),
        pytest.param({"kind": "poetry"}, "kind: one of", id="another kind"),
        pytest.param({"taken_ns": 1.5}, "taken_ns: a whole number", id="fraction of a nanosecond"),
        pytest.param({"taken_ns": True}, "taken_ns: a whole number", id="time as truth"),
        pytest.param({"inference_ms": "12"}, "inference_ms: a finite number", id="duration as text"),
        pytest.param({"detections": {}}, "detections: a list", id="detections as object"),
        pytest.param({"detections": [3]}, r"detections\[0\]: an object", id="a detection as number"),
        pytest.param({"detections": [FOUND | {"label": None}]}, r"detections\[0\].label: text", id="no label"),
        pytest.param({"detections": [FOUND | {"confidence": 1.2}]}, "confidence: 0 to 1", id="too sure"),
        pytest.param({"detections": [FOUND | {"confidence": float("nan")}]}, "a finite number", id="not a number"),
        pytest.param({"detections": [FOUND, FOUND | {"box": [0, 0, 1]}]}, r"detections\[1\].box: four", id="short box"),
        pytest.param({"detections": [FOUND | {"box": [1, 0, 0, 1]}]}, "x0 <= x1", id="box inside out"),
    ],
)
def test_a_result_with_a_bad_field_is_refused_by_its_name(change: dict[str, Any], reason: str) -> None:
    decode_result(json.dumps(BODY).encode())

    with pytest.raises(CodecError, match=reason):
        decode_result(json.dumps(BODY | change).encode())


@pytest.mark.parametrize(
    "found",
    [
        pytest.param((), id="nothing"),
        pytest.param((Detection("Müsli: leer", 0.123456789, Box(0.1, 0.2, 0.3, 0.4)),), id="a box"),
        pytest.param((Detection("full", 1.0, None), Detection("low", 0.0, None)), id="without boxes"),
    ],
)
def test_detections_survive_being_json(found: tuple[Detection, ...]) -> None:
    assert parse_detections("found", json.loads(json.dumps(detections_json(found)))) == found


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        pytest.param(None, "^found: a list expected, got None", id="nothing at all"),
        pytest.param({}, "^found: a list expected", id="an object"),
        pytest.param([FOUND, "gap"], r"^found\[1\]: an object expected, got 'gap'", id="a detection as text"),
        pytest.param([FOUND | {"label": 3}], r"^found\[0\]\.label: text expected, got 3", id="label as number"),
        pytest.param([FOUND | {"confidence": -0.1}], r"^found\[0\]\.confidence: 0 to 1", id="less than unsure"),
        pytest.param([FOUND | {"confidence": True}], r"^found\[0\]\.confidence: a finite number", id="sure as truth"),
        pytest.param([FOUND, FOUND | {"box": "all"}], r"^found\[1\]\.box: four numbers", id="box as text"),
    ],
)
def test_json_that_is_no_detections_is_refused_by_its_place(items: object, reason: str) -> None:
    with pytest.raises(CodecError, match=reason):
        parse_detections("found", items)
