import numpy as np
import pytest
from pydantic import ValidationError

from edge_common.tflite_facts import AnchorMap, TfliteFacts, TfliteOutput, anchor_boxes

FACTS = TfliteFacts(
    colours="rgb",
    scale=2 / 255,
    offset=-1,
    outputs={"raw_boxes": TfliteOutput(tensor="boxes", values="encodings")},
    anchors=(AnchorMap(places=2, sizes=((0.1, 0.2), (0.3, 0.4))), AnchorMap(places=1, sizes=((0.9, 0.8),))),
)


def test_facts_survive_a_manifest():
    assert TfliteFacts.model_validate_json(FACTS.model_dump_json()) == FACTS


def test_anchors_come_map_by_map_row_by_row_place_by_place():
    boxes = anchor_boxes(FACTS.anchors)

    expected = [(x, y, *size) for y in (0.25, 0.75) for x in (0.25, 0.75) for size in ((0.1, 0.2), (0.3, 0.4))]
    np.testing.assert_allclose(boxes, [*expected, (0.5, 0.5, 0.9, 0.8)], atol=1e-7)
    assert boxes.dtype == np.float32


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"anchors": ()}, id="encodings without anchors"),
        pytest.param({"colours": "grey"}, id="other colours"),
        pytest.param({"scale": float("nan")}, id="no number"),
        pytest.param({"outputs": {}}, id="no outputs"),
        pytest.param({"outputs": {"scores": {"tensor": "a", "values": "logits"}}}, id="not of the contract"),
        pytest.param({"outputs": {"probs": {"tensor": "a", "values": "softmax"}}}, id="unknown values"),
        pytest.param({"centre_scale": 0}, id="divided by nothing"),
        pytest.param({"layout": "NHWC"}, id="what the file itself tells"),
    ],
)
def test_facts_that_say_nothing_are_refused(change):
    with pytest.raises(ValidationError):
        TfliteFacts.model_validate(FACTS.model_dump() | change)
