import numpy as np
import pytest

from edge_common.errors import InferenceError
from edge_common.geometry import Letterbox, centres
from edge_common.model_io import Floats, decode, to_input

SQUARE = Letterbox(100, 100, 100)
WIDE = Letterbox(200, 100, 100)


def rows(*values: tuple[float, ...]) -> Floats:
    return np.array([values], dtype=np.float32)


def boxes(*corner_boxes: tuple[float, float, float, float]) -> Floats:
    """Corners to what a model gives."""
    return centres(rows(*corner_boxes))


def found(
    raw_boxes: Floats,
    raw_probs: Floats,
    *,
    thresholds: tuple[float, ...] = (0.5, 0.5),
    place: Letterbox = SQUARE,
    overlap: float = 0.5,
    weakest: float = 1.0,
) -> list[tuple[str, float, list[float]]]:
    detections = decode(
        {"raw_boxes": raw_boxes, "raw_probs": raw_probs},
        kind="detection",
        labels=("low", "full"),
        thresholds=np.array(thresholds, dtype=np.float32),
        overlap=overlap,
        place=place,
        weakest=weakest,
    )
    return [
        (one.label, round(one.confidence, 3), [round(corner, 3) for corner in one.box.to_list()])
        for one in detections
        if one.box
    ]


def test_a_picture_becomes_planes_in_bgr_on_grey() -> None:
    picture = np.zeros((50, 100, 3), dtype=np.uint8)
    picture[:] = (10, 20, 30)

    tensor = to_input(picture, 100)

    assert tensor.shape == (1, 3, 100, 100)
    assert tensor.dtype == np.float32
    assert tensor.flags.c_contiguous
    np.testing.assert_array_equal(tensor[0, :, 50, 50], [10, 20, 30])
    np.testing.assert_array_equal(tensor[0, :, 10, 50], [114, 114, 114])


def test_what_is_weak_follows_after_all_that_reaches_its_threshold() -> None:
    places = boxes((0, 0, 0.2, 0.2), (0.5, 0.5, 0.7, 0.7), (0.8, 0, 1, 0.2), (0, 0.8, 0.2, 1))
    probs = rows((0.1, 0.3, 0.0), (0.1, 0.0, 0.7), (0.1, 0.0, 0.6), (0.1, 0.05, 0.05))

    seen = found(places, probs, thresholds=(0.25, 0.65), weakest=0.1)

    assert [(label, confidence) for label, confidence, _ in seen] == [("full", 0.7), ("low", 0.3), ("full", 0.6)]


def test_however_many_weak_ones_there_are_none_that_reaches_its_threshold_is_lost() -> None:
    corners = [(x / 40, y / 40, (x + 1) / 40, (y + 1) / 40) for x in range(40) for y in range(20)]
    probs = rows(*[(0.1, 0.0, 0.6)] * (len(corners) - 2), (0.1, 0.3, 0.0), (0.1, 0.3, 0.0))

    seen = found(boxes(*corners), probs, thresholds=(0.25, 0.65), weakest=0.1)

    assert seen[:2] == found(boxes(*corners), probs, thresholds=(0.25, 0.65))
    assert {label for label, _, _ in seen[2:]} == {"full"}
    assert len(seen) == 100


def test_a_classification_can_tell_of_its_weak_labels() -> None:
    seen = decode(
        {"probs": np.array([[0.2, 0.6, 0.05]], dtype=np.float32)},
        kind="classification",
        labels=("low", "full", "gap"),
        thresholds=np.full(3, 0.5, dtype=np.float32),
        overlap=0.5,
        place=SQUARE,
        weakest=0.1,
    )

    assert [one.label for one in seen] == ["full", "low"]


def test_each_label_has_its_own_threshold() -> None:
    places = boxes((0, 0, 0.2, 0.2), (0.5, 0.5, 0.7, 0.7))
    probs = rows((0.1, 0.6, 0.0), (0.1, 0.0, 0.6))

    assert [label for label, _, _ in found(places, probs, thresholds=(0.5, 0.7))] == ["low"]


def test_a_confidence_at_the_threshold_counts() -> None:
    assert found(boxes((0, 0, 0.2, 0.2)), rows((0, 0.5, 0)), thresholds=(0.5, 0.5))


def test_background_is_no_label() -> None:
    assert found(boxes((0, 0, 0.2, 0.2)), rows((0.99, 0.1, 0.1))) == []


def test_of_two_boxes_of_one_label_on_one_place_the_better_stays() -> None:
    places = boxes((0.1, 0.1, 0.5, 0.5), (0.12, 0.1, 0.52, 0.5))
    probs = rows((0, 0.7, 0), (0, 0.9, 0))

    assert [confidence for _, confidence, _ in found(places, probs)] == [0.9]


def test_boxes_of_different_labels_may_share_a_place() -> None:
    places = boxes((0.1, 0.1, 0.5, 0.5), (0.1, 0.1, 0.5, 0.5))
    probs = rows((0, 0.7, 0), (0, 0, 0.9))

    assert [label for label, _, _ in found(places, probs)] == ["full", "low"]


def test_boxes_come_back_from_the_letterbox_to_the_picture() -> None:
    # A picture twice as wide as high fills the middle half of the square.
    places = boxes((0.25, 0.25, 0.5, 0.75))

    assert found(places, rows((0, 0.9, 0)), place=WIDE) == [("low", 0.9, [0.25, 0.0, 0.5, 1.0])]


def test_boxes_are_clipped_to_the_picture() -> None:
    assert found(boxes((-0.5, 0.2, 0.5, 1.4)), rows((0, 0.9, 0))) == [("low", 0.9, [0, 0.2, 0.5, 1])]


def test_a_box_in_the_grey_border_is_dropped() -> None:
    assert found(boxes((0.1, 0.0, 0.5, 0.2)), rows((0, 0.9, 0)), place=WIDE) == []


def test_a_box_turned_inside_out_is_dropped() -> None:
    assert found(rows((0.5, 0.5, -0.2, 0.2)), rows((0, 0.9, 0))) == []


def test_the_best_hundred_come_out_best_first() -> None:
    across = np.linspace(0, 0.99, 150, dtype=np.float32)
    places = boxes(*[(float(x), 0.0, float(x) + 0.001, 0.5) for x in across])
    probs = rows(*[(0.0, 0.5 + 0.003 * index, 0.0) for index in range(150)])

    confidences = [confidence for _, confidence, _ in found(places, probs)]

    assert len(confidences) == 100
    assert confidences == sorted(confidences, reverse=True)
    assert confidences[0] == pytest.approx(0.5 + 0.003 * 149, abs=1e-3)


def test_scores_a_rounding_beyond_one_are_held_to_one() -> None:
    assert found(boxes((0, 0, 0.2, 0.2)), rows((0, 1.0000005, 0)))[0][1] == 1.0


BROKEN = [
    pytest.param(boxes((0, 0, 1, 1)), rows((0, float("nan"), 0)), "finite", id="not a number"),
    pytest.param(boxes((0, 0, 1, 1)), rows((0, float("inf"), 0)), "finite", id="infinite score"),
    pytest.param(rows((0.5, float("nan"), 1, 1)), rows((0, 0.9, 0)), "raw_boxes: finite", id="box not a number"),
    pytest.param(boxes((0, 0, 1, 1)), rows((0, 3.0, 0)), "from 0 to 1", id="no probability"),
    pytest.param(boxes((0, 0, 1, 1)), rows((0, 0.9)), "3 values a row", id="too few labels"),
    pytest.param(boxes((0, 0, 1, 1)), rows((0, 0.9, 0), (0, 0.9, 0)), "got 1 and 2", id="more scores than boxes"),
    pytest.param(boxes((0, 0, 1, 1))[0], rows((0, 0.9, 0)), "shape", id="no batch axis"),
]


@pytest.mark.parametrize(("raw_boxes", "raw_probs", "reason"), BROKEN)
def test_outputs_that_break_the_contract_are_refused(raw_boxes: Floats, raw_probs: Floats, reason: str) -> None:
    with pytest.raises(InferenceError, match=reason):
        found(raw_boxes, raw_probs)


def test_a_missing_output_is_named() -> None:
    with pytest.raises(InferenceError, match=r"raw_probs is missing; the model gave \['raw_boxes'\]"):
        decode(
            {"raw_boxes": boxes((0, 0, 1, 1))},
            kind="detection",
            labels=("low",),
            thresholds=np.zeros(1, dtype=np.float32),
            overlap=0.5,
            place=SQUARE,
        )


def test_a_classification_names_every_label_that_is_sure_enough_best_first() -> None:
    detections = decode(
        {"probs": np.array([[0.6, 0.2, 0.9]], dtype=np.float32)},
        kind="classification",
        labels=("low", "half", "full"),
        thresholds=np.array([0.5, 0.5, 0.5], dtype=np.float32),
        overlap=0.5,
        place=SQUARE,
    )

    assert [(one.label, round(one.confidence, 2), one.box) for one in detections] == [
        ("full", 0.9, None),
        ("low", 0.6, None),
    ]
