import numpy as np
import pytest

from modules.trainer_agent.learning.familiarity import (
    MOST_EXEMPLARS,
    Familiarity,
    fit_familiarity,
    held_to,
    likeness,
    unit,
)

FOLDS = [[0, 2], [1, 3]]


def images(*directions: tuple[float, float]) -> list[np.ndarray]:
    """One view of each image, features in the plane."""
    return [np.float32([direction]) for direction in directions]


def two_tags(first: int, second: int, without: int = 0) -> np.ndarray:
    return np.float32([[1, 0]] * first + [[0, 1]] * second + [[0, 0]] * without)


def test_an_image_is_compared_with_those_of_other_folds_and_with_those_of_other_tags() -> None:
    found = likeness(images((1, 0), (1, 0.1), (0, 1), (0, 1)), two_tags(2, 2), FOLDS)

    near = 1 / np.sqrt(1.01)
    np.testing.assert_allclose(found.known, [near, near, 1, 1], atol=1e-5)
    np.testing.assert_allclose(found.strange, [0, 0.1 * near, 0.1 * near, 0.1 * near], atol=1e-5)


def test_an_image_without_a_tag_is_a_strange_one_and_no_example() -> None:
    features = images((1, 0), (1, 0.1), (0, 1), (0, 1), (0.7, 0.7))

    found = likeness(features, two_tags(2, 2, without=1), [*FOLDS, [4]])

    assert np.isnan(found.known[4])
    assert found.strange[4] == pytest.approx(0.777, abs=0.01)
    assert fit_familiarity(features, two_tags(2, 2, without=1), found).exemplars.shape == (2, 4)


def clusters(seed: int, centres: int = 4, each: int = 8) -> tuple[list[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(seed)
    middles = np.random.default_rng(99).standard_normal((centres, 30))
    tags = np.repeat(np.arange(centres), each)
    rows = middles[tags] + rng.standard_normal((len(tags), 2, 30)).swapaxes(0, 1) * 0.3
    return [np.float32(rows[:, index]) for index in range(len(tags))], np.eye(centres, dtype=np.float32)[tags]


def test_new_images_of_what_was_taught_are_familiar_and_others_are_not() -> None:
    features, wanted = clusters(0)
    order = np.random.default_rng(1).permutation(len(features))
    folds = [order[start::4].tolist() for start in range(4)]

    familiar = fit_familiarity(features, wanted, likeness(features, wanted, folds))

    new = np.concatenate(clusters(2)[0])
    others = np.float32(np.random.default_rng(3).standard_normal((50, 30)))
    assert (familiar.logits(new) > 0).mean() > 0.9
    assert (familiar.logits(others) < 0).mean() > 0.9


def test_with_nothing_to_tell_it_from_everything_is_familiar() -> None:
    features, one_tag = images((1, 0), (1, 0.1), (1, 0.2), (1, 0.3)), np.ones((4, 1), dtype=np.float32)

    familiar = fit_familiarity(features, one_tag, likeness(features, one_tag, FOLDS))

    assert (familiar.logits(np.float32([[0, 1], [-1, 0]])) > 5).all()


def test_strange_ones_that_look_more_alike_than_known_ones_turn_nothing_round() -> None:
    features = images((1, 0), (0, 1), (1, 0), (0, 1))
    wanted = np.float32([[1, 0], [1, 0], [0, 1], [0, 1]])

    familiar = fit_familiarity(features, wanted, likeness(features, wanted, [[0, 1], [2, 3]]))

    assert familiar.slope >= 0


def test_exemplars_are_bounded_and_plain_views_come_first() -> None:
    rng = np.random.default_rng(0)
    features = [np.float32(rng.standard_normal((3, 4))) for _ in range(MOST_EXEMPLARS // 2)]
    wanted = np.eye(2, dtype=np.float32)[np.arange(len(features)) % 2]

    familiar = fit_familiarity(features, wanted, likeness(features, wanted, [[0], [1]]))

    assert familiar.exemplars.shape == (4, MOST_EXEMPLARS)
    plain = unit(np.stack([mine[0] for mine in features]))
    np.testing.assert_allclose(familiar.exemplars[:, : len(features)].T, plain, atol=1e-6)


def test_tags_are_lowered_together_so_that_their_order_stays() -> None:
    held = held_to(np.float32([[4, 3, -1], [4, 3, -1]]), np.float32([1, 9]))

    np.testing.assert_array_equal(held, [[1, 0, -4], [4, 3, -1]])


def test_a_picture_of_nothing_is_no_division_by_zero() -> None:
    assert np.isfinite(Familiarity(np.ones((4, 1), dtype=np.float32), 2.0, -1.0).logits(np.zeros((1, 4)))).all()
