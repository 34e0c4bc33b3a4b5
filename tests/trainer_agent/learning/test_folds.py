import numpy as np
import pytest

from modules.trainer_agent.learning.folds import MOST_FOLDS, make_folds


def random_tags(seed: int) -> list[frozenset[int]]:
    rng = np.random.default_rng(seed)
    return [frozenset(rng.choice(4, rng.integers(0, 3), replace=False).tolist()) for _ in range(rng.integers(2, 40))]


@pytest.mark.parametrize("seed", range(20))
def test_every_image_is_held_out_once_and_something_is_left_to_learn_from(seed: int) -> None:
    tags = random_tags(seed)

    folds = make_folds(tags, seed)

    assert sorted(image for fold in folds for image in fold) == list(range(len(tags)))
    assert len(folds) <= MOST_FOLDS
    assert all(len(fold) < len(tags) for fold in folds)


def test_fifteen_images_of_one_tag_make_five_folds_of_three() -> None:
    assert [len(fold) for fold in make_folds([frozenset({0})] * 15, 0)] == [3] * 5


def test_there_can_be_fewer_folds() -> None:
    assert [len(fold) for fold in make_folds([frozenset({0})] * 15, 0, 4)] == [4, 4, 4, 3]


def test_the_images_of_each_tag_are_spread_over_the_folds() -> None:
    tags = [frozenset({0})] * 10 + [frozenset({1})] * 5

    for seed in range(10):
        for fold in make_folds(tags, seed):
            assert sum(0 in tags[image] for image in fold) == 2
            assert sum(1 in tags[image] for image in fold) == 1


def test_the_same_seed_deals_the_same_folds_and_another_one_others() -> None:
    tags = [frozenset({0})] * 15

    assert make_folds(tags, 1) == make_folds(tags, 1)
    assert make_folds(tags, 1) != make_folds(tags, 2)


@pytest.mark.parametrize("seed", range(5))
def test_images_that_were_dealt_before_stay_and_others_fill_the_same_folds(seed: int) -> None:
    tags = random_tags(seed + 100)
    before = make_folds(tags[: len(tags) * 2 // 3 + 1], seed, 4)

    folds = make_folds(tags, seed, len(before), before)

    assert len(folds) == len(before)
    assert all(set(kept) <= set(fold) for kept, fold in zip(before, folds, strict=True))
    assert sorted(image for fold in folds for image in fold) == list(range(len(tags)))


def test_a_new_image_goes_to_the_fold_that_has_fewest_of_its_tag() -> None:
    tags = [frozenset({0}), frozenset({0}), frozenset({1}), frozenset({1})]

    assert make_folds([*tags, frozenset({1})], 0, 2, [[2, 3], [0, 1]]) == [[2, 3], [0, 1, 4]]
