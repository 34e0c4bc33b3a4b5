import math
from typing import Any

import numpy as np
import pytest

from edge_common.errors import InvalidInput
from edge_common.geometry import Box, Letterbox, centres, corners, iou_matrix, suppress


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        pytest.param((0.5, 0, 0.4, 1), "x0 <= x1", id="left of itself"),
        pytest.param((0, 0.5, 1, 0.4), "y0 <= y1", id="above itself"),
        pytest.param((math.nan, 0, 1, 1), "finite", id="not a number"),
        pytest.param((0, 0, math.inf, 1), "finite", id="infinite"),
    ],
)
def test_a_box_that_is_none_is_refused(values: tuple[float, float, float, float], reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        Box(*values)


def test_a_box_survives_its_list() -> None:
    box = Box(0.1, 0.2, 0.3, 0.4)

    assert Box.from_list(box.to_list()) == box


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(None, id="nothing"),
        pytest.param("0, 0, 1, 1", id="text"),
        pytest.param([0, 0, 1], id="three numbers"),
        pytest.param([0, 0, 1, 1, 1], id="five numbers"),
        pytest.param([0, 0, 1, "1"], id="a text among them"),
        pytest.param([0, 0, True, 1], id="a truth among them"),
        pytest.param({"x0": 0}, id="an object"),
    ],
)
def test_a_list_that_is_no_box_is_refused(values: Any) -> None:
    with pytest.raises(InvalidInput, match="four numbers"):
        Box.from_list(values)


def test_clipping_keeps_the_part_inside_the_picture() -> None:
    assert Box(-0.5, 0.25, 0.5, 1.5).clip() == Box(0, 0.25, 0.5, 1)
    assert Box(1.5, 0, 2, 1).clip().area == 0


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        pytest.param(Box(0, 0, 0.5, 0.5), 1.0, id="itself"),
        pytest.param(Box(0.25, 0, 0.75, 0.5), 1 / 3, id="half of it"),
        pytest.param(Box(0.5, 0, 1, 0.5), 0.0, id="a neighbour"),
        pytest.param(Box(0.8, 0.8, 0.8, 0.8), 0.0, id="a point elsewhere"),
    ],
)
def test_overlap_is_shared_area_over_union(other: Box, expected: float) -> None:
    box = Box(0, 0, 0.5, 0.5)

    assert box.iou(other) == pytest.approx(expected)
    assert other.iou(box) == pytest.approx(expected)


def test_two_boxes_without_area_do_not_overlap() -> None:
    assert Box(0.5, 0.5, 0.5, 0.5).iou(Box(0.5, 0.5, 0.5, 0.5)) == 0


def test_the_matrix_of_overlaps_agrees_with_the_boxes() -> None:
    numbers = np.random.default_rng(1).random((6, 4)).astype(np.float32)
    values = np.concatenate([numbers[:, :2], numbers[:, :2] + numbers[:, 2:]], axis=1)
    boxes = [Box(*map(float, value)) for value in values]

    matrix = iou_matrix(values[:2], values[2:])

    np.testing.assert_allclose(matrix, [[one.iou(other) for other in boxes[2:]] for one in boxes[:2]], atol=1e-6)


@pytest.mark.parametrize(("width", "height"), [(640, 480), (480, 640), (100, 100), (1921, 1), (7, 1080)])
def test_boxes_go_into_the_square_and_come_back(width: int, height: int) -> None:
    place = Letterbox(width, height, 320)
    boxes = np.array([[0, 0, 1, 1], [0.25, 0.5, 0.5, 0.75]], dtype=np.float32)

    square = place.into(boxes)

    assert square.min() >= 0
    assert square.max() <= 1
    np.testing.assert_allclose(place.back(square), boxes, atol=1e-4)


def test_a_wide_picture_lies_in_the_middle_of_the_square() -> None:
    place = Letterbox(640, 320, 320)

    assert (place.inner_width, place.inner_height, place.left, place.top) == (320, 160, 0, 80)
    np.testing.assert_allclose(place.into(np.array([[0, 0, 1, 1]], dtype=np.float32)), [[0, 0.25, 1, 0.75]])


def test_corners_and_centres_are_each_others_way_back() -> None:
    boxes = np.array([[0.1, 0.2, 0.5, 0.8], [0, 0, 1, 1]], dtype=np.float32)

    np.testing.assert_allclose(centres(boxes)[0], [0.3, 0.5, 0.4, 0.6], atol=1e-6)
    np.testing.assert_allclose(corners(centres(boxes)), boxes, atol=1e-6)


def test_suppression_keeps_the_best_of_each_crowd_best_first() -> None:
    boxes = np.array([[0, 0, 0.4, 0.4], [0.02, 0, 0.42, 0.4], [0.6, 0.6, 1, 1]], dtype=np.float32)
    scores = np.array([0.5, 0.6, 0.9], dtype=np.float32)

    assert suppress(boxes, scores, 0.5, 10).tolist() == [2, 1]
    assert suppress(boxes, scores, 0.99, 10).tolist() == [2, 1, 0]
    assert suppress(boxes, scores, 0.5, 1).tolist() == [2]


def test_a_box_that_only_a_suppressed_one_overlaps_stays() -> None:
    boxes = np.array([[0, 0, 0.4, 1], [0.1, 0, 0.5, 1], [0.2, 0, 0.6, 1]], dtype=np.float32)
    scores = np.array([0.9, 0.8, 0.7], dtype=np.float32)

    assert suppress(boxes, scores, 0.5, 10).tolist() == [0, 2]


def test_suppression_of_nothing_is_nothing() -> None:
    assert suppress(np.empty((0, 4), np.float32), np.empty(0, np.float32), 0.5, 10).tolist() == []
