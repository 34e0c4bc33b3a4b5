from pathlib import Path

import numpy as np
import pytest

from modules.trainer_agent.learning.dataset import TaggedImage
from modules.trainer_agent.learning.feature_cache import FeatureCache
from modules.trainer_agent.learning.head import new_head
from modules.trainer_agent.learning.learned_before import LearnedBefore, keep_learned, load_learned
from modules.trainer_agent.learning.views import Tagged
from tests.trainer_agent.learning.made import random_boxes, random_projection

FOLDS = ((0, 4, 8), (1, 5, 9), (2, 6), (3, 7))


def tagged(number: int, boxes: int = 1) -> Tagged:
    """An image of its own for each number; its boxes are the same each time."""
    corners = random_boxes(np.random.default_rng(number), boxes)
    return Tagged(TaggedImage(Path("a"), f"{number:064x}", "a"), 640, 480, corners, np.zeros(boxes, dtype=np.intp))


IMAGES = [tagged(number) for number in range(10)]


@pytest.fixture
def cache(tmp_path: Path) -> FeatureCache:
    return FeatureCache(tmp_path)


@pytest.fixture
def before(cache: FeatureCache) -> LearnedBefore:
    """Ten images in four folds were learned from."""
    rng = np.random.default_rng(0)
    keep_learned(cache, "shelf", random_projection(rng), [new_head(1, rng) for _ in FOLDS], IMAGES, FOLDS)
    found = load_learned(cache, "shelf")
    assert found is not None
    return found


def test_what_was_kept_is_found_as_it_was(cache: FeatureCache, before: LearnedBefore) -> None:
    rng = np.random.default_rng(0)
    projection, heads = random_projection(rng), [new_head(1, rng) for _ in FOLDS]

    for name, weights in projection.weights.items():
        np.testing.assert_array_equal(before.projection.weights[name], weights)
        np.testing.assert_array_equal(before.projection.biases[name], projection.biases[name])
    for head, kept in zip(heads, before.heads, strict=True):
        np.testing.assert_array_equal(head.values, kept.values)
        assert kept.tags == 1
    assert load_learned(cache, "another model") is None


def test_known_images_stay_in_their_folds_and_a_new_one_is_dealt_to_one(before: LearnedBefore) -> None:
    folds = before.folds([*IMAGES, tagged(10)], seed=0)

    assert folds is not None
    assert [set(fold) - {10} for fold in folds] == [set(fold) for fold in FOLDS]
    assert [10 in fold for fold in folds].count(True) == 1


def test_images_may_come_in_another_order(before: LearnedBefore) -> None:
    folds = before.folds(IMAGES[::-1], seed=0)

    assert folds is not None
    assert [sorted(9 - index for index in fold) for fold in folds] == [list(fold) for fold in FOLDS]


@pytest.mark.parametrize(
    ("images", "enough"),
    [
        ([*IMAGES, tagged(10), tagged(11)], True),
        ([*IMAGES, tagged(10), tagged(11), tagged(12)], False),
        (IMAGES[2:], True),
        (IMAGES[3:], False),
        ([tagged(0, boxes=2), tagged(1, boxes=0), *IMAGES[2:]], True),
        ([tagged(0, boxes=2), *IMAGES[2:], tagged(10)], False),
    ],
    ids=["two new", "three new", "two gone", "three gone", "two tagged anew", "one tagged anew, one gone, one new"],
)
def test_a_fifth_of_the_images_may_have_changed(before: LearnedBefore, images: list[Tagged], enough: bool) -> None:
    assert (before.folds(images, seed=0) is not None) == enough


def test_a_fold_without_images_left_is_no_fold(cache: FeatureCache) -> None:
    rng = np.random.default_rng(0)
    heads = [new_head(1, rng) for _ in range(2)]
    keep_learned(cache, "shelf", random_projection(rng), heads, IMAGES, ((0,), tuple(range(1, 10))))
    before = load_learned(cache, "shelf")

    assert before is not None
    assert before.folds(IMAGES[1:], seed=0) is None


def test_a_head_is_unchanged_when_its_very_images_are_there_as_they_were_tagged(before: LearnedBefore) -> None:
    learned = [one for index, one in enumerate(IMAGES) if index not in FOLDS[2]]

    assert before.unchanged(2, learned)
    assert not before.unchanged(1, learned)
    assert not before.unchanged(2, [*learned, tagged(10)])
    assert not before.unchanged(2, learned[1:])
    assert not before.unchanged(2, [tagged(0, boxes=2), *learned[1:]])
