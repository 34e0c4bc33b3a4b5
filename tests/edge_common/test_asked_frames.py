import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_common.asked_frames import MOST_WAITING, AskedFrame, AskedFrames, decode_asked, encode_asked
from edge_common.detections import Detection
from edge_common.errors import CodecError
from edge_common.geometry import Box
from edge_common.images import decode_image

ASKED = AskedFrame("bottles", "4", "shelf", 5, "Fast leer", (Detection("bottle", 0.9, Box(0, 0, 0.5, 0.5)),))
PIXELS = np.full((64, 64, 3), (0, 0, 255), dtype=np.uint8)


@pytest.mark.parametrize("asked", [ASKED, AskedFrame("bottles", None, "shelf", 5, "Low", ())], ids=["seen", "not seen"])
def test_what_is_known_of_a_frame_survives_its_codec(asked: AskedFrame) -> None:
    assert decode_asked(encode_asked(asked)) == asked


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"version": 2}, "version 1 expected", id="another version"),
        pytest.param({"model_id": None}, "model_id: text expected", id="no model"),
        pytest.param({"model_version": 3}, "model_version: text expected", id="version as number"),
        pytest.param({"taken_ns": -1}, "taken_ns: a whole number", id="before time"),
        pytest.param({"seen": [{"label": 1}]}, r"seen\[0\]", id="a detection that is none"),
    ],
)
def test_a_bad_field_is_refused_by_its_name(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(CodecError, match=reason):
        decode_asked(json.dumps(json.loads(encode_asked(ASKED)) | change).encode())


def test_a_frame_is_taken_once_with_its_picture(tmp_path: Path) -> None:
    frames = AskedFrames(tmp_path)
    assert frames.put(ASKED, PIXELS)

    ((asked, data),) = frames.take()

    assert asked == ASKED
    assert decode_image(data)[5, 5, 2] > 240
    assert list(frames.take()) == []
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_not_done_with_comes_again(tmp_path: Path) -> None:
    frames = AskedFrames(tmp_path)
    frames.put(ASKED, PIXELS)
    next(frames.take())

    assert len(list(frames.take())) == 1


def test_there_are_few_at_a_time(tmp_path: Path) -> None:
    frames = AskedFrames(tmp_path)

    assert [frames.put(ASKED, PIXELS) for _ in range(MOST_WAITING + 1)] == [True] * MOST_WAITING + [False]


def test_what_cannot_be_read_is_left_out_and_goes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    frames = AskedFrames(tmp_path)
    frames.put(ASKED, PIXELS)
    (tmp_path / "0-x.json").write_text("{")

    assert [asked for asked, _ in frames.take()] == [ASKED]
    assert "0-x.json is left out" in caplog.text
    assert list(tmp_path.iterdir()) == []
