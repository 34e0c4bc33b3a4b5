import numpy as np

from modules.trainer_agent.learning.assign import ANCHORS_PER_BOX, CANDIDATES, assign, candidates
from modules.trainer_agent.learning.boxes import pair_iou
from tests.trainer_agent.learning.made import random_boxes

TARGET = np.array([[0.2, 0.2, 0.6, 0.6]], dtype=np.float32)


def around(target: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Boxes that overlap a target, each by another share: [1, count, 4]."""
    rng = np.random.default_rng(seed)
    return (target + rng.uniform(-0.1, 0.1, (count, 4))).astype(np.float32)[None]


def test_the_pool_of_a_box_holds_the_anchors_that_overlap_it_most() -> None:
    rng = np.random.default_rng(0)
    frozen, anchors, nowhere = random_boxes(rng, 400), random_boxes(rng, 400), np.zeros((400, 4), dtype=np.float32)

    pool = candidates(TARGET, frozen, nowhere)[0]

    overlaps = pair_iou(TARGET, frozen)
    assert len(set(pool.tolist())) == CANDIDATES
    assert overlaps[pool].min() >= np.delete(overlaps, pool).max()
    assert set(candidates(TARGET, nowhere, anchors)[0]) == set(candidates(TARGET, anchors, nowhere)[0])


def test_an_anchor_counts_by_the_better_of_its_place_and_its_prediction() -> None:
    frozen, anchors = np.zeros((200, 4), dtype=np.float32), np.zeros((200, 4), dtype=np.float32)
    frozen[7], anchors[150] = TARGET[0], TARGET[0]

    pool = candidates(TARGET, frozen, anchors)[0]

    assert {7, 150} <= set(pool.tolist())


def test_without_tagged_boxes_there_is_no_pool() -> None:
    boxes = random_boxes(np.random.default_rng(0), 100)

    assert candidates(np.empty((0, 4), dtype=np.float32), boxes, boxes).shape == (0, CANDIDATES)


def test_the_nine_that_score_and_fit_best_answer() -> None:
    boxes = around(TARGET, 40, seed=1)
    scores = np.random.default_rng(2).uniform(0.1, 0.9, (1, 40)).astype(np.float32)
    pool = np.arange(100, 140)[None]

    found = assign(scores, boxes, pool, TARGET)

    aligned = scores[0] ** 0.5 * pair_iou(boxes[0], TARGET) ** 3
    assert set(found.anchors.tolist()) == set((100 + np.argsort(-aligned)[:ANCHORS_PER_BOX]).tolist())
    assert set(found.targets.tolist()) == {0}


def test_quality_is_the_best_overlap_for_the_best_and_less_for_the_others() -> None:
    boxes = around(TARGET, 40, seed=3)
    scores = np.full((1, 40), 0.5, dtype=np.float32)

    found = assign(scores, boxes, np.arange(40)[None], TARGET)

    fit = pair_iou(boxes[0], TARGET)
    np.testing.assert_allclose(found.quality, fit[found.anchors] ** 3 / fit.max() ** 3 * fit.max(), rtol=1e-5)
    assert found.quality.dtype == np.float32


def test_an_anchor_that_two_boxes_want_answers_for_the_one_that_it_overlaps_more() -> None:
    targets = np.array([[0.2, 0.2, 0.6, 0.6], [0.25, 0.2, 0.65, 0.6]], dtype=np.float32)
    rng = np.random.default_rng(4)
    shared = (targets[0] + rng.uniform(-0.1, 0.1, (12, 4))).astype(np.float32)
    boxes = np.stack([shared, shared])
    pool = np.stack([np.arange(12)] * 2)

    found = assign(np.full((2, 12), 0.5, dtype=np.float32), boxes, pool, targets)

    assert len(set(found.anchors.tolist())) == len(found.anchors)
    fit = pair_iou(boxes, targets[:, None])
    wanted = [set(np.argsort(-row)[:ANCHORS_PER_BOX].tolist()) for row in fit]
    assert set(found.anchors.tolist()) == wanted[0] | wanted[1]
    for anchor, target in zip(found.anchors, found.targets, strict=True):
        if anchor in wanted[0] & wanted[1]:
            assert fit[target, anchor] == fit[:, anchor].max()
        else:
            assert anchor in wanted[target]


def test_an_anchor_beside_the_box_does_not_answer_for_it() -> None:
    boxes = np.array([[[0.2, 0.2, 0.6, 0.6], [0.7, 0.7, 0.9, 0.9]]], dtype=np.float32)

    found = assign(np.ones((1, 2), dtype=np.float32), boxes, np.array([[5, 6]]), TARGET)

    assert found.anchors.tolist() == [5]
