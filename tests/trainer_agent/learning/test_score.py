import numpy as np
import pytest

from modules.trainer_agent.learning.detect import Found
from modules.trainer_agent.learning.evaluate import Truth
from modules.trainer_agent.learning.score import CrossValidation, count_at_thresholds, score_detector, wrong_images

BOX, ELSEWHERE = [0.1, 0.1, 0.3, 0.3], [0.6, 0.6, 0.8, 0.8]


def boxes(*corners: list[float]) -> np.ndarray:
    return np.array(corners, dtype=np.float32).reshape(-1, 4)


def found(*what: tuple[list[float], float]) -> Found:
    scores = np.array([score for _, score in what], dtype=np.float32)
    return Found(boxes(*(box for box, _ in what)), scores, np.zeros(len(what), dtype=np.intp))


def checked(founds: list[Found]) -> CrossValidation:
    """A box in each picture, two pictures a fold."""
    truths = [Truth(boxes(BOX), np.zeros(1, dtype=np.intp)) for _ in founds]
    folds = [[index, index + 1] for index in range(0, len(founds), 2)]
    return CrossValidation([f"image {index}" for index in range(len(founds))], truths, founds, folds)


def test_all_found_and_nothing_else_is_the_whole_score_but_no_certainty() -> None:
    score, thresholds = score_detector(checked([found((BOX, 0.9))] * 6), ["gap"], seed=0)

    assert (score.value, score.precision.value, score.recall.value, score.wrong) == (1, 1, 1, ())
    assert score.interval[0] < 0.8
    assert score.recall.low < 0.8
    assert thresholds == pytest.approx([0.45])


def test_each_fold_is_counted_at_the_threshold_of_the_others() -> None:
    # The first fold scores lower than the others: at their threshold nothing of it would be found.
    weak, strong = found((BOX, 0.2)), found((BOX, 0.9), (ELSEWHERE, 0.6))

    hits, counted, tagged = count_at_thresholds(checked([weak, weak, strong, strong, strong, strong]), 1)

    assert hits[:, 0].tolist() == [0, 0, 1, 1, 1, 1]
    assert counted[:2, 0].tolist() == [0, 0]
    assert tagged[:, 0].tolist() == [1] * 6


def test_the_images_that_were_wrong_come_worst_first() -> None:
    wrong = wrong_images(["a", "b", "c"], np.array([0, 1, 0]), np.array([1, 2, 0]))

    assert [(one.digest, one.missed, one.false) for one in wrong] == [("b", 1, 2), ("a", 0, 1)]


def test_what_was_missed_is_named() -> None:
    score, _ = score_detector(checked([found((BOX, 0.9))] * 5 + [found()]), ["gap"], seed=0)

    assert [(one.digest, one.missed, one.false) for one in score.wrong] == [("image 5", 1, 0)]
    assert score.recall.value == pytest.approx(5 / 6)
    assert score.interval[0] < score.value < score.interval[1]


def test_a_tag_that_is_nowhere_tagged_is_no_error() -> None:
    score, thresholds = score_detector(checked([found()] * 4), ["gap", "nowhere"], seed=0)

    assert score.per_label["nowhere"] == 0
    assert thresholds[1] == 0.5
