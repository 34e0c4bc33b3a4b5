import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from edge_common.detections import Detection
from edge_common.errors import CodecError
from edge_common.geometry import Box
from modules.trainer_agent.learning.held_back import HeldBack, decode_held_back, encode_held_back

shares = some.floats(0, 1)
boxes = some.builds(
    lambda x, y: Box(*(low_high[at] for at in (0, 1) for low_high in (x, y))),
    some.tuples(shares, shares).map(sorted),
    some.tuples(shares, shares).map(sorted),
)
detections = some.builds(
    Detection, some.text(some.characters(exclude_categories=["Cs"])), shares, some.one_of(some.none(), boxes)
)
digests = some.text("0123456789abcdef", min_size=64, max_size=64)


@given(some.dictionaries(digests, some.lists(detections, max_size=3).map(tuple), max_size=3))
@settings(deadline=None, max_examples=50)
def test_what_was_found_survives_its_codec(found: HeldBack) -> None:
    assert decode_held_back(encode_held_back(found)) == found


def test_an_image_in_which_nothing_was_found_is_kept_as_asked_about() -> None:
    assert decode_held_back(encode_held_back({"a": ()})) == {"a": ()}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "JSON expected, got b''", id="empty"),
        pytest.param(b'{"version": 1, "ima', "JSON expected", id="cut short"),
        pytest.param(b"\xff\xfe", "JSON expected", id="not text"),
        pytest.param(b"[]", "object of version 1", id="a list"),
        pytest.param(b'{"images": {}}', "object of version 1", id="no version"),
        pytest.param(b'{"version": 2, "images": {}}', "object of version 1", id="another version"),
        pytest.param(b'{"version": 1}', "images by digest expected, got 'None'", id="no images"),
        pytest.param(b'{"version": 1, "images": []}', r"images by digest expected, got '\[\]'", id="images as list"),
    ],
)
def test_bytes_that_are_no_such_file_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(CodecError, match=f"^held back: .*{reason}"):
        decode_held_back(data)


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        pytest.param(None, "a7: a list expected, got None", id="no list"),
        pytest.param([3], r"a7\[0\]: an object expected, got 3", id="a detection as number"),
        pytest.param([{"confidence": 0.5}], r"a7\[0\]\.label: text expected, got None", id="no label"),
        pytest.param([{"label": "a", "confidence": 2}], r"a7\[0\]\.confidence: 0 to 1 expected, got 2", id="too sure"),
        pytest.param([{"label": "a", "confidence": 1, "box": [1]}], r"a7\[0\]\.box: four numbers", id="short box"),
    ],
)
def test_a_bad_field_is_refused_by_its_image_and_name(items: object, reason: str) -> None:
    with pytest.raises(CodecError, match=reason):
        decode_held_back(json.dumps({"version": 1, "images": {"a7": items}}).encode())
