import numpy as np
import pytest

from edge_common.geometry import Letterbox
from modules.trainer_agent.learning.detect import (
    LEAST_SCORE,
    MOST_FOUND,
    Found,
    at_one_half,
    best_first,
    candidates,
    detections_of,
    select,
)
from modules.trainer_agent.learning.examples import grid_of
from modules.trainer_agent.learning.head import new_head
from tests.trainer_agent.learning.made import random_boxes, random_example

BOX, NEAR, FAR = [0.1, 0.1, 0.5, 0.5], [0.12, 0.1, 0.52, 0.5], [0.6, 0.6, 0.9, 0.9]


def test_of_two_that_overlap_the_better_stays() -> None:
    boxes = np.array([BOX, NEAR, FAR], dtype=np.float32)

    found = select(boxes, np.array([[0.6], [0.9], [0.3]], dtype=np.float32))

    np.testing.assert_allclose(found.boxes, [NEAR, FAR])
    np.testing.assert_allclose(found.scores, [0.9, 0.3])


def test_tags_do_not_suppress_one_another() -> None:
    found = select(np.array([BOX, NEAR], dtype=np.float32), np.array([[0.6, 0], [0, 0.9]], dtype=np.float32))

    assert found.tags.tolist() == [1, 0]


def test_hardly_likely_ones_are_left_out() -> None:
    scores = np.array([[LEAST_SCORE / 2], [LEAST_SCORE * 2]], dtype=np.float32)

    assert select(np.array([BOX, FAR], dtype=np.float32), scores).boxes.tolist() == np.float32([FAR]).tolist()


def test_nothing_likely_is_nothing_found() -> None:
    found = select(np.array([BOX], dtype=np.float32), np.zeros((1, 2), dtype=np.float32))

    assert (found.boxes.shape, found.scores.shape, found.tags.shape) == ((0, 4), (0,), (0,))


def test_at_most_a_hundred_come_best_first() -> None:
    scores = np.random.default_rng(0).random(300).astype(np.float32)

    found = best_first(random_boxes(np.random.default_rng(1), 300), scores, np.zeros(300, dtype=np.intp))

    np.testing.assert_array_equal(found.scores, np.sort(scores)[::-1][:MOST_FOUND])


def test_an_untrained_head_is_sure_of_nothing() -> None:
    rng = np.random.default_rng(2)

    found = candidates(new_head(2, rng), random_example(rng, grid_of(128), tags=2))

    assert (found.scores < 0.1).all()


def found_by(tags: list[int], scores: list[float]) -> Found:
    boxes = np.array([BOX, NEAR, FAR][: len(tags)], dtype=np.float32)
    return Found(boxes, np.array(scores, dtype=np.float32), np.array(tags, dtype=np.intp))


@pytest.mark.parametrize(
    ("score", "threshold", "expected"),
    [
        pytest.param(0.2, 0.2, 0.5, id="at its threshold"),
        pytest.param(0.3, 0.5, 0.3, id="where the threshold lies there already"),
        pytest.param(0.5, 0.2, 0.8, id="odds of one to one over one to four"),
        pytest.param(0.0, 0.2, 0.0, id="impossible"),
        pytest.param(1.0, 0.9, 1.0, id="certain"),
    ],
)
def test_scores_are_moved_so_that_their_tags_threshold_lies_at_one_half(
    score: float, threshold: float, expected: float
) -> None:
    assert at_one_half(found_by([0], [score]), [threshold]).scores == pytest.approx([expected])


def test_what_was_best_before_its_threshold_counted_may_come_later() -> None:
    moved = at_one_half(found_by([0, 1, 1], [0.6, 0.4, 0.1]), [0.8, 0.2])

    assert moved.tags.tolist() == [1, 1, 0]
    np.testing.assert_allclose(moved.boxes, [NEAR, FAR, BOX])
    assert moved.scores.tolist() == sorted(moved.scores.tolist(), reverse=True)


def test_what_was_found_is_told_by_names_in_the_picture() -> None:
    # The picture takes the middle half of the square's height.
    found = Found(
        np.array([[0.1, 0.3, 0.5, 0.7], [0.2, 0.1, 0.4, 0.5]], dtype=np.float32),
        np.array([0.87654321, 0.4], dtype=np.float32),
        np.array([1, 0]),
    )

    whole, clipped = detections_of(found, ("gap", "full"), Letterbox(640, 320, 320))

    assert (whole.label, whole.confidence) == ("full", 0.8765)
    assert whole.box.to_list() == pytest.approx([0.1, 0.1, 0.5, 0.9])
    assert (clipped.label, clipped.confidence) == ("gap", 0.4)
    assert clipped.box.to_list() == pytest.approx([0.2, 0, 0.4, 0.5])


def test_what_lies_beside_the_picture_is_left_out() -> None:
    above = Found(np.array([[0.1, 0.0, 0.5, 0.2]], dtype=np.float32), np.array([0.9], np.float32), np.array([0]))

    assert detections_of(above, ("gap",), Letterbox(640, 320, 320)) == ()
