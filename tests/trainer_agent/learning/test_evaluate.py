import numpy as np
import pytest

from modules.trainer_agent.learning.detect import Found
from modules.trainer_agent.learning.evaluate import (
    Ranked,
    Truth,
    average_precision,
    best_threshold,
    match,
    mean_precision,
    rank,
    resampled_precision,
    resampling_weights,
)

BOX, ELSEWHERE = [0.1, 0.1, 0.3, 0.3], [0.6, 0.6, 0.8, 0.8]


def ranked(hits: str, boxes: int, scores: list[float] | None = None) -> Ranked:
    """Detections best first: x a hit, - a miss."""
    given = scores or [1 - 0.1 * index for index in range(len(hits))]
    found = np.array([hit == "x" for hit in hits], dtype=bool)
    return Ranked(np.array(given, dtype=np.float32), found, np.zeros(len(hits), dtype=np.intp), np.array([boxes]))


def boxes(*corners: list[float]) -> np.ndarray:
    return np.array(corners, dtype=np.float32).reshape(-1, 4)


@pytest.mark.parametrize(
    ("hits", "tagged", "expected"),
    [
        pytest.param("xx", 2, 1.0, id="all found and nothing else"),
        pytest.param("xx--", 2, 1.0, id="false ones after all true ones cost nothing"),
        pytest.param("-x", 1, 0.5, id="a false one before the true one"),
        pytest.param("x", 2, 0.5, id="half of the boxes missed"),
        pytest.param("x-x", 2, 0.5 * 1 + 0.5 * 2 / 3, id="a false one between"),
        pytest.param("-xx", 2, 2 / 3, id="precision made monotone: both at two thirds"),
        pytest.param("--", 2, 0.0, id="nothing true"),
        pytest.param("", 2, 0.0, id="nothing found"),
        pytest.param("-", 0, 0.0, id="nothing tagged"),
    ],
)
def test_average_precision_by_hand(hits: str, tagged: int, expected: float) -> None:
    assert average_precision(ranked(hits, tagged)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("hits", "tagged", "scores", "expected"),
    [
        pytest.param("xx-", 2, [0.9, 0.7, 0.3], 0.5, id="between the last true and the first false one"),
        pytest.param("xx", 2, [0.9, 0.6], 0.3, id="half-way to nothing when all are true"),
        pytest.param("x-x", 2, [0.9, 0.8, 0.2], 0.1, id="one false one is worth the last true one"),
        pytest.param("x---x", 2, [0.9, 0.5, 0.4, 0.3, 0.2], 0.7, id="three are not"),
        pytest.param("--", 2, [0.9, 0.8], 0.5, id="nothing true"),
        pytest.param("", 2, [], 0.5, id="nothing found"),
        pytest.param("x-", 1, [0.02, 0.01], 0.02, id="never below 0.02"),
        pytest.param("x-", 1, [1.0, 0.99], 0.98, id="never above 0.98"),
    ],
)
def test_the_best_threshold_by_hand(hits: str, tagged: int, scores: list[float], expected: float) -> None:
    assert best_threshold(ranked(hits, tagged, scores)) == pytest.approx(expected)


def test_a_box_is_hit_once() -> None:
    assert match(boxes(BOX, BOX, ELSEWHERE), boxes(BOX)).tolist() == [True, False, False]


def test_the_second_of_two_near_boxes_is_hit_by_the_second_detection() -> None:
    beside = [0.12, 0.1, 0.32, 0.3]

    assert match(boxes(BOX, BOX), boxes(BOX, beside)).tolist() == [True, True]


def test_half_an_overlap_is_a_hit_and_less_is_none() -> None:
    half, less = [0.1, 0.1, 0.3, 0.2001], [0.1, 0.1, 0.3, 0.199]

    assert match(boxes(half), boxes(BOX)).tolist() == [True]
    assert match(boxes(less), boxes(BOX)).tolist() == [False]


def test_detections_of_all_pictures_are_ranked_together_tag_by_tag() -> None:
    first = Found(boxes(BOX, ELSEWHERE), np.array([0.6, 0.5], dtype=np.float32), np.array([0, 1]))
    second = Found(boxes(ELSEWHERE), np.array([0.9], dtype=np.float32), np.array([0]))
    truths = [Truth(boxes(BOX, ELSEWHERE), np.array([0, 0])), Truth(boxes(BOX), np.array([0]))]

    mine = rank([first, second], truths, tag=0)

    np.testing.assert_allclose(mine.scores, [0.9, 0.6])
    assert mine.hits.tolist() == [False, True]
    assert mine.images.tolist() == [1, 0]
    assert mine.tagged.tolist() == [2, 1]
    assert mine.boxes_tagged == 3


def test_a_picture_without_tagged_boxes_counts_what_is_found_in_it_as_false() -> None:
    found = Found(boxes(BOX), np.array([0.9], dtype=np.float32), np.array([0]))

    mine = rank([found], [Truth(boxes(), np.array([], dtype=np.intp))], tag=0)

    assert (mine.hits.tolist(), mine.boxes_tagged) == ([False], 0)


def test_pictures_that_count_once_give_the_average_precision_itself() -> None:
    mine = ranked("x-x-", 3)

    assert resampled_precision(mine, np.ones((1, 1), dtype=np.intp))[0] == pytest.approx(average_precision(mine))


def test_a_picture_that_counts_twice_is_as_if_it_were_there_twice() -> None:
    near, far = Found(boxes(BOX), np.array([0.9], np.float32), np.array([0])), Found(boxes(), np.empty(0), np.array([]))
    truths = [Truth(boxes(BOX), np.array([0])), Truth(boxes(ELSEWHERE), np.array([0]))]

    weighted = resampled_precision(rank([near, far], truths, tag=0), np.array([[2, 1], [0, 3], [0, 0]]))

    twice = average_precision(rank([near, near, far], [truths[0], *truths], tag=0))
    assert weighted[:2].tolist() == pytest.approx([twice, 0.0])
    assert np.isnan(weighted[2])


def test_images_count_once_and_then_as_often_as_they_are_drawn() -> None:
    weights = resampling_weights(15, seed=0)

    assert weights[0].tolist() == [1] * 15
    assert len(weights) > 200
    assert (weights.sum(axis=1) == 15).all()
    assert weights[1:].mean(axis=0) == pytest.approx(np.ones(15), abs=0.25)


def test_the_same_seed_draws_the_same_images() -> None:
    np.testing.assert_array_equal(resampling_weights(15, seed=1), resampling_weights(15, seed=1))
    assert (resampling_weights(15, seed=1) != resampling_weights(15, seed=2)).any()


def test_the_mean_precision_is_over_the_tags_that_have_boxes_in_what_is_drawn() -> None:
    found = [Found(boxes(BOX), np.array([0.9], np.float32), np.array([0])), Found(boxes(), np.empty(0), np.array([]))]
    truths = [Truth(boxes(BOX), np.array([0])), Truth(boxes(BOX), np.array([1]))]
    ranked = [rank(found, truths, tag) for tag in range(3)]

    means = mean_precision(ranked, np.array([[1, 1], [2, 0], [0, 2], [0, 0]]))

    # The first tag is found, the second is not, the third has no box anywhere.
    assert means[:3].tolist() == [0.5, 1, 0]
    assert np.isnan(means[3])
