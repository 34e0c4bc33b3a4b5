import numpy as np
import pytest

from modules.trainer_agent.learning.feature_cache import FeatureCache
from modules.trainer_agent.learning.fit import FULL, GOING_ON
from modules.trainer_agent.learning.head import new_head
from modules.trainer_agent.learning.learned_before import LearnedBefore, keep_learned, load_learned
from modules.trainer_agent.learning.plan import make_plan
from tests.trainer_agent.learning.made import random_projection
from tests.trainer_agent.learning.test_learned_before import IMAGES, tagged


@pytest.fixture
def before(tmp_path) -> LearnedBefore:
    """What a full training of ten images leaves."""
    rng, plan = np.random.default_rng(0), make_plan(IMAGES, None, copies=7, seed=0)
    cache, heads = FeatureCache(tmp_path), [new_head(1, rng) for _ in plan.folds]
    keep_learned(cache, "shelf", random_projection(rng), heads, IMAGES, plan.folds)
    found = load_learned(cache, "shelf")
    assert found is not None
    return found


def test_without_a_training_before_everything_is_learned() -> None:
    plan = make_plan(IMAGES, None, copies=7, seed=0)

    assert plan.projection is None
    assert plan.copies == (7,) * 10
    assert [len(fold) for fold in plan.folds] == [3, 3, 2, 2]
    for fold, task in zip(plan.folds, plan.tasks, strict=True):
        assert (task.options, task.start) == (FULL, None)
        assert sorted([*task.learn, *task.find]) == list(range(10))
        assert list(task.find) == fold
    assert len({task.seed for task in plan.tasks}) == 4


def test_after_a_new_image_only_heads_that_learn_from_it_go_on(before: LearnedBefore) -> None:
    plan = make_plan([*IMAGES, tagged(10)], before, copies=7, seed=0)

    assert plan.projection is before.projection
    for fold, task, head in zip(plan.folds, plan.tasks, before.heads, strict=True):
        assert task.options == GOING_ON
        assert task.start is head
        assert list(task.find) == fold
        # The image is held out from one head, which has nothing new to learn.
        assert sorted(task.learn) == ([] if 10 in fold else sorted(set(range(11)) - set(fold)))
    assert [task.learn for task in plan.tasks].count(()) == 1
    assert plan.copies == (*[4] * 10, 7)


def test_no_head_is_checked_on_an_image_that_it_has_ever_learned_from(before: LearnedBefore) -> None:
    images = [tagged(10), *IMAGES[:4], tagged(4, boxes=2), *IMAGES[5:]]

    plan = make_plan(images, before, copies=7, seed=0)

    for fold, task in enumerate(plan.tasks):
        learned = {digest for digest, other in before.fold_of.items() if other != fold}
        learned |= {images[index].image.digest for index in task.learn}
        assert not learned & {images[index].image.digest for index in task.find}


def test_when_nothing_has_changed_nothing_is_learned(before: LearnedBefore) -> None:
    plan = make_plan(IMAGES, before, copies=7, seed=0)

    assert [task.learn for task in plan.tasks] == [()] * 4


def test_when_too_much_has_changed_everything_is_learned_again(before: LearnedBefore) -> None:
    images = [*IMAGES, *(tagged(number) for number in range(10, 13))]

    assert make_plan(images, before, copies=7, seed=0) == make_plan(images, None, copies=7, seed=0)
