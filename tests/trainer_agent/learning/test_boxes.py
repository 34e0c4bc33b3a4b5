import numpy as np
import pytest

from modules.trainer_agent.learning.boxes import (
    MOST_GROWTH,
    correct,
    correct_gradient,
    decode,
    giou_loss,
    pair_iou,
)
from tests.trainer_agent.learning.differences import numeric_gradient


def random_corners(rng: np.random.Generator, count: int) -> np.ndarray:
    low = rng.uniform(0, 0.6, (count, 2))
    return np.concatenate([low, low + rng.uniform(0.05, 0.4, (count, 2))], axis=1)


def test_encodings_of_zero_give_the_anchors_back() -> None:
    anchors = np.array([[0.5, 0.25, 0.2, 0.1]], dtype=np.float32)

    boxes = decode(np.zeros((1, 4), dtype=np.float32), anchors)

    np.testing.assert_array_equal(boxes, anchors)
    assert boxes.dtype == np.float32


def test_encodings_move_by_tenths_and_grow_by_fifths_with_y_before_x() -> None:
    anchors = np.array([[0.5, 0.5, 0.2, 0.1]])
    encodings = np.array([[10.0, -10.0, 5 * np.log(3), 5 * np.log(2)]])

    boxes = decode(encodings, anchors)

    np.testing.assert_allclose(boxes, [[0.5 - 0.2, 0.5 + 0.1, 0.4, 0.3]])


def test_a_correction_of_zero_gives_the_corners_of_the_frozen_box() -> None:
    corners = correct(np.array([[0.5, 0.5, 0.2, 0.4]]), np.zeros((1, 4)))

    np.testing.assert_allclose(corners, [[0.4, 0.3, 0.6, 0.7]])


def test_a_correction_moves_by_the_boxs_own_size_and_grows_within_bounds() -> None:
    corners = correct(np.array([[0.5, 0.5, 0.2, 0.4]]), np.array([[1.0, -0.5, np.log(2), 50.0]]))

    half_height = 0.2 * np.exp(MOST_GROWTH)
    np.testing.assert_allclose(corners, [[0.5, 0.3 - half_height, 0.9, 0.3 + half_height]])


def test_the_gradient_of_a_correction_is_that_of_central_differences() -> None:
    rng = np.random.default_rng(1)
    frozen = np.concatenate([rng.uniform(0.2, 0.8, (30, 2)), rng.uniform(0.05, 0.5, (30, 2))], axis=1)
    shift = rng.normal(0, 1.5, (30, 4))  # some sizes beyond MOST_GROWTH, where nothing is passed back
    weights = rng.standard_normal((30, 4))

    expected = numeric_gradient(lambda moved: float((correct(frozen, moved) * weights).sum()), shift)

    assert (np.abs(shift[:, 2:]) > MOST_GROWTH).any()
    np.testing.assert_allclose(correct_gradient(frozen, shift, weights), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    ("second", "overlap"),
    [
        pytest.param([0.0, 0.0, 0.4, 0.4], 1.0, id="itself"),
        pytest.param([0.2, 0.0, 0.6, 0.4], 1 / 3, id="half of it"),
        pytest.param([0.1, 0.1, 0.3, 0.3], 0.25, id="inside it"),
        pytest.param([0.4, 0.0, 0.8, 0.4], 0.0, id="beside it"),
        pytest.param([0.2, 0.2, 0.2, 0.2], 0.0, id="a point in it"),
    ],
)
def test_overlap_of_a_pair(second: list[float], overlap: float) -> None:
    assert pair_iou(np.array([0.0, 0.0, 0.4, 0.4]), np.array(second)) == pytest.approx(overlap)


def test_overlaps_of_two_points_are_nothing_and_not_a_fault() -> None:
    point = np.array([0.5, 0.5, 0.5, 0.5])

    assert pair_iou(point, point) == 0


@pytest.mark.parametrize(
    ("predicted", "loss"),
    [
        pytest.param([0.0, 0.0, 0.4, 0.4], 0.0, id="the target"),
        pytest.param([0.2, 0.0, 0.6, 0.4], 1 - 1 / 3, id="half of it, hull full"),
        pytest.param([0.8, 0.0, 1.2, 0.4], 1 + 1 / 3, id="apart: a third of the hull is empty"),
    ],
)
def test_generalised_overlap_by_hand(predicted: list[float], loss: float) -> None:
    losses, _ = giou_loss(np.array([predicted]), np.array([[0.0, 0.0, 0.4, 0.4]]))

    assert losses[0] == pytest.approx(loss)


def test_the_gradient_of_generalised_overlap_is_that_of_central_differences() -> None:
    rng = np.random.default_rng(2)
    target = random_corners(rng, 300)
    predicted = random_corners(rng, 300)
    predicted[:50] = target[:50] + np.array([-0.02, -0.01, 0.03, 0.01])  # around it
    predicted[50:100] = target[50:100] + np.array([0.01, 0.02, -0.01, -0.02])  # inside it

    _, gradient = giou_loss(predicted, target)

    expected = numeric_gradient(lambda moved: float(giou_loss(moved, target)[0].sum()), predicted)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-6)


def test_what_comes_in_at_32_bits_goes_out_at_32_bits() -> None:
    boxes = random_corners(np.random.default_rng(3), 4).astype(np.float32)

    made = (
        *giou_loss(boxes, boxes),
        correct(boxes, boxes),
        correct_gradient(boxes, boxes, boxes),
        pair_iou(boxes, boxes),
    )

    assert {array.dtype for array in made} == {np.dtype(np.float32)}
