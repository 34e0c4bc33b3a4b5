import numpy as np

from edge_common.geometry import corners
from edge_common.ssd import ANCHORS
from modules.trainer_agent.learning.boxes import pair_iou
from modules.trainer_agent.learning.examples import draw_places, grid_of, level_of, make_example, near_places
from tests.trainer_agent.learning.made import random_boxes, random_example, random_features, random_projection

GRID = grid_of(128)


def test_a_grid_has_the_anchors_of_all_levels_one_after_the_other() -> None:
    assert len(GRID.centred) == 8 * 8 * 3 + 4 * 4 * 6 + 2 * 2 * 6
    assert GRID.first == (0, 192, 288)
    np.testing.assert_allclose(GRID.corners, corners(GRID.centred))


def test_anchors_are_split_by_level_into_places_and_turns() -> None:
    anchors = np.array([0, 4, 191, 192, 192 + 6 * 5 + 2, 288, 311])

    split = [(places.tolist(), turns.tolist()) for places, turns in level_of(anchors, GRID)]

    assert split == [([0, 1, 63], [0, 1, 2]), ([0, 5], [0, 2]), ([0, 3], [0, 5])]


def test_what_is_left_out_of_a_view_is_no_background() -> None:
    rng = np.random.default_rng(0)
    ignored = random_boxes(rng, 1)

    example = make_example(
        random_features(rng), random_projection(rng), GRID, random_boxes(rng, 1), np.zeros(1, dtype=np.intp), ignored
    )

    near = pair_iou(corners(example.frozen), ignored) > 0.3
    assert near.any()
    np.testing.assert_array_equal(example.background == 0, near)


def test_near_places_are_those_of_the_pool() -> None:
    example = random_example(np.random.default_rng(1), GRID, tags=1)

    near = near_places(example, GRID)

    for level, (places, _) in enumerate(level_of(example.pool.ravel(), GRID)):
        assert set(near.places[level].tolist()) == set(places.tolist())


def test_a_step_takes_all_near_places_and_a_share_of_the_others_once() -> None:
    grid = grid_of(512)
    example = random_example(np.random.default_rng(2), grid, tags=1)
    near = near_places(example, grid)

    drawn = draw_places(example, near, 0.25, np.random.default_rng(3))

    assert drawn.far_weight == 4
    for level in range(len(ANCHORS)):
        assert not set(drawn.near.places[level].tolist()) & set(drawn.far[level].tolist())
    others = len(example.inputs[0]) - len(near.places[0])
    assert abs(len(drawn.far[0]) - others / 4) < 4 * (others * 0.25 * 0.75) ** 0.5
