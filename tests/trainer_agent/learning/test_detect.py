import numpy as np

from modules.trainer_agent.learning.detect import LEAST_SCORE, MOST_FOUND, best_first, candidates, select
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
