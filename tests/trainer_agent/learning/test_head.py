import numpy as np
import pytest

from edge_common.ssd import ANCHORS, LOGITS
from modules.trainer_agent.learning.head import HIDDEN, backward, forward, join, new_head, zero_head
from modules.trainer_agent.learning.losses import sigmoid
from modules.trainer_agent.learning.projection import INPUTS
from tests.trainer_agent.learning.differences import Doubles, numeric_slope

TAGS, ROWS, BOX_ROWS = 2, 12, 7


def level_and_rows(index: int) -> tuple[dict[str, Doubles], Doubles, Doubles]:
    """A level's parameters, none of them zero, and rows to pass through it; all at 64 bits."""
    rng = np.random.default_rng(index)
    level = {name: rng.normal(0, 0.1, value.shape) for name, value in zero_head(TAGS).levels[index].items()}
    return level, rng.standard_normal((ROWS, INPUTS)), rng.standard_normal((ROWS, ANCHORS[index], LOGITS))


def test_a_new_head_doubts_everything_and_moves_no_box() -> None:
    head = new_head(TAGS, np.random.default_rng(0))
    rng = np.random.default_rng(1)
    inputs = rng.standard_normal((ROWS, INPUTS)).astype(np.float32)

    made = forward(head.levels[0], inputs, np.zeros((ROWS, ANCHORS[0], LOGITS), dtype=np.float32), ROWS)

    assert made.scores.shape == (ROWS, ANCHORS[0], TAGS)
    assert sigmoid(made.scores).max() < 0.05
    np.testing.assert_array_equal(made.shifts, np.zeros((ROWS, ANCHORS[0], 4)))


def test_the_levels_are_views_of_one_vector() -> None:
    head = zero_head(TAGS)

    for level in head.levels:
        for value in level.values():
            value += 1

    np.testing.assert_array_equal(head.values, np.ones_like(head.values))


def test_boxes_are_corrected_for_the_rows_asked_for_only() -> None:
    level, inputs, old_logits = level_and_rows(1)

    some, every = (forward(level, inputs, old_logits, rows) for rows in (BOX_ROWS, ROWS))

    np.testing.assert_allclose(some.shifts[:BOX_ROWS], every.shifts[:BOX_ROWS])
    assert not some.shifts[BOX_ROWS:].any()
    np.testing.assert_array_equal(some.scores, every.scores)


def test_dropout_rests_a_fifth_of_the_units_and_keeps_the_mean() -> None:
    level, inputs, old_logits = level_and_rows(0)
    inputs, old_logits = inputs.repeat(200, axis=0), old_logits.repeat(200, axis=0)

    still = forward(level, inputs, old_logits, 0).hidden_scores
    drawn = forward(level, inputs, old_logits, 0, np.random.default_rng(0)).hidden_scores

    rested = (drawn == 0) & (still > 0)
    assert rested.sum() / (still > 0).sum() == pytest.approx(0.2, abs=0.005)
    assert drawn.mean() == pytest.approx(still.mean(), rel=0.01)
    assert drawn.shape[1] == HIDDEN


@pytest.mark.parametrize("seed", [pytest.param(None, id="no dropout"), pytest.param(5, id="dropout")])
@pytest.mark.parametrize("index", range(len(ANCHORS)))
def test_the_gradients_of_all_parameters_are_those_of_central_differences(index: int, seed: int | None) -> None:
    level, inputs, old_logits = level_and_rows(index)
    rng = np.random.default_rng(9)
    score_gradient = rng.standard_normal((ROWS, ANCHORS[index], TAGS))
    shift_gradient = rng.standard_normal((ROWS, ANCHORS[index], 4))
    shift_gradient[2:5] = 0  # rows that answer for no box are skipped
    shift_gradient[BOX_ROWS:] = 0

    def run(parameters: dict[str, Doubles]):
        return forward(parameters, inputs, old_logits, BOX_ROWS, None if seed is None else np.random.default_rng(seed))

    into = {name: np.zeros_like(value) for name, value in level.items()}
    backward(level, run(level), score_gradient, shift_gradient, into)

    for name, value in level.items():

        def gain(moved: Doubles, name: str = name) -> float:
            made = run(level | {name: moved})
            return float((made.scores * score_gradient).sum() + (made.shifts * shift_gradient).sum())

        for _ in range(5):
            direction = rng.standard_normal(value.shape)
            slope = numeric_slope(gain, value, direction, step=1e-8)
            assert (into[name] * direction).sum() == pytest.approx(slope, rel=1e-5, abs=1e-5), name


def test_joined_heads_say_the_mean_of_what_each_says() -> None:
    rng = np.random.default_rng(3)
    heads = [zero_head(TAGS) for _ in range(3)]
    for head in heads:
        head.values[:] = rng.normal(0, 0.1, head.values.shape)
    joined = join(heads)
    assert joined.hidden == 3 * HIDDEN

    for index in range(len(ANCHORS)):
        inputs = rng.standard_normal((ROWS, INPUTS)).astype(np.float32)
        old_logits = rng.standard_normal((ROWS, ANCHORS[index], LOGITS)).astype(np.float32)

        together = forward(joined.levels[index], inputs, old_logits, ROWS)
        each = [forward(head.levels[index], inputs, old_logits, ROWS) for head in heads]

        np.testing.assert_allclose(together.scores, np.mean([one.scores for one in each], axis=0), atol=1e-5)
        np.testing.assert_allclose(together.shifts, np.mean([one.shifts for one in each], axis=0), atol=1e-5)
