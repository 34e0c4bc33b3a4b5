from collections.abc import Sequence

import numpy as np
import pytest

from edge_common.ssd import ANCHORS
from modules.trainer_agent.learning.assign import Assignment, assign
from modules.trainer_agent.learning.boxes import correct, giou_loss
from modules.trainer_agent.learning.examples import Example, Places, draw_places, grid_of, near_places
from modules.trainer_agent.learning.fit import FitOptions, adam_step, fit, learn_from, one_cycle
from modules.trainer_agent.learning.head import Head, forward, zero_head
from modules.trainer_agent.learning.losses import quality_loss, sigmoid
from tests.trainer_agent.learning.differences import Doubles, numeric_slope
from tests.trainer_agent.learning.made import random_example

GRID = grid_of(128)
TAGS = 2
OPTIONS = FitOptions()


class DenseLoss:
    """The loss written plainly: every anchor of every example in one table, those left out weighted with zero.

    Which anchors answer, and how well, is settled once: the fit takes it for given at each step too.
    """

    def __init__(self, batch: Sequence[Example], places: Sequence[Places], head: Head) -> None:
        self._batch = batch
        self._weights = np.concatenate([self._weight(*pair) for pair in zip(batch, places, strict=True)])
        self._frozen = np.concatenate([example.frozen for example in batch])
        self._targets = np.concatenate([example.targets for example in batch])
        self._tags = np.concatenate([example.tags for example in batch])
        self._found = self._assign(head)

    def __call__(self, values: Doubles) -> float:
        scores, shifts = self._forward(values)
        found = self._found
        quality = np.zeros_like(scores)
        quality[found.anchors, self._tags[found.targets]] = found.quality
        score_loss, _ = quality_loss(scores, quality, self._weights[:, None])
        moved = correct(self._frozen[found.anchors], shifts[found.anchors])
        box_losses, _ = giou_loss(moved, self._targets[found.targets])
        norm = max(float(found.quality.sum()), 1.0)
        return (score_loss + OPTIONS.box_weight * float((box_losses * found.quality).sum())) / norm

    def _assign(self, head: Head) -> Assignment:
        scores, shifts = self._forward(head.values.astype(np.float64))
        pool = np.concatenate([example.pool + index * len(GRID.centred) for index, example in enumerate(self._batch)])
        likely = sigmoid(scores[pool, self._tags[:, None]])
        return assign(likely, correct(self._frozen[pool], shifts[pool]), pool, self._targets)

    def _forward(self, values: Doubles) -> tuple[Doubles, Doubles]:
        head = Head(TAGS, values)
        scores, shifts = [], []
        for example in self._batch:
            for index, inputs in enumerate(example.inputs):
                first = GRID.first[index]
                old = example.old_logits[first : first + len(inputs) * ANCHORS[index]].astype(np.float64)
                old = old.reshape(len(inputs), ANCHORS[index], -1)
                made = forward(head.levels[index], inputs.astype(np.float64), old, len(inputs))
                scores.append(made.scores.reshape(-1, TAGS))
                shifts.append(made.shifts.reshape(-1, 4))
        return np.concatenate(scores), np.concatenate(shifts)

    def _weight(self, example: Example, places: Places) -> Doubles:
        parts = []
        for index, inputs in enumerate(example.inputs):
            part = np.zeros((len(inputs), ANCHORS[index]))
            part[places.near.places[index]] = 1
            part[places.far[index]] = places.far_weight
            parts.append(part.ravel())
        return np.concatenate(parts) * example.background


@pytest.fixture(scope="module")
def batch() -> list[Example]:
    rng = np.random.default_rng(3)
    return [random_example(rng, GRID, TAGS, boxes) for boxes in (2, 1, 0, 3)]


@pytest.fixture(scope="module")
def places(batch: list[Example]) -> list[Places]:
    rng = np.random.default_rng(4)
    return [draw_places(example, near_places(example, GRID), 0.5, rng) for example in batch]


@pytest.fixture(scope="module")
def head() -> Head:
    """Parameters none of which is zero, so that every path carries something."""
    made = zero_head(TAGS)
    made.values[:] = np.random.default_rng(5).normal(0, 0.05, made.values.shape)
    return made


def test_the_loss_of_a_step_is_that_of_the_dense_table(batch: list[Example], places: list[Places], head: Head) -> None:
    loss = learn_from(batch, places, head, zero_head(TAGS), OPTIONS, None)

    assert loss == pytest.approx(DenseLoss(batch, places, head)(head.values.astype(np.float64)), rel=1e-5)


def test_the_gradient_of_a_step_is_that_of_central_differences(
    batch: list[Example], places: list[Places], head: Head
) -> None:
    gradient = zero_head(TAGS)
    learn_from(batch, places, head, gradient, OPTIONS, None)

    dense = DenseLoss(batch, places, head)
    at = head.values.astype(np.float64)
    rng = np.random.default_rng(6)
    for index in range(len(ANCHORS)):
        for name in head.levels[index]:
            mine = zero_head(TAGS)
            mine.levels[index][name][:] = rng.standard_normal(mine.levels[index][name].shape)
            slope = numeric_slope(dense, at, mine.values.astype(np.float64), step=1e-7)
            # 32 bits against 64: the largest difference seen is 4e-6 of the length of the part's own gradient.
            length = float(np.linalg.norm(gradient.levels[index][name]))
            assert float((gradient.values * mine.values).sum()) == pytest.approx(slope, abs=2e-5 * length), name


def test_a_step_without_any_tagged_box_learns_background_alone(head: Head) -> None:
    example = random_example(np.random.default_rng(7), GRID, TAGS, boxes=0)
    drawn = [draw_places(example, near_places(example, GRID), 1.0, np.random.default_rng(0))]
    gradient = zero_head(TAGS)

    loss = learn_from([example], drawn, head, gradient, OPTIONS, None)

    assert loss > 0
    assert any(level["scores.bias"].any() for level in gradient.levels)
    assert not any(level["boxes.out"].any() for level in gradient.levels)


def test_a_fit_brings_the_loss_down() -> None:
    rng = np.random.default_rng(8)
    examples = [random_example(rng, GRID, TAGS, boxes=1) for _ in range(3)]
    everything = [draw_places(example, near_places(example, GRID), 1.0, rng) for example in examples]

    heads = [fit(examples, TAGS, GRID, seed=0, options=FitOptions(epochs=epochs)) for epochs in (1, 40)]

    before, after = (learn_from(examples, everything, head, zero_head(TAGS), OPTIONS, None) for head in heads)
    assert after < 0.8 * before


def test_the_same_seed_gives_the_same_head_and_another_seed_another() -> None:
    examples = [random_example(np.random.default_rng(9), GRID, TAGS)]
    options = FitOptions(epochs=3)

    first, again, other = (fit(examples, TAGS, GRID, seed=seed, options=options) for seed in (1, 1, 2))

    np.testing.assert_array_equal(first.values, again.values)
    assert (first.values != other.values).any()


def test_a_fit_that_goes_on_from_a_head_soon_knows_a_new_example_and_leaves_the_head_alone() -> None:
    rng = np.random.default_rng(11)
    known, new = ([random_example(rng, GRID, TAGS, boxes=1) for _ in range(count)] for count in (3, 1))
    head = fit(known, TAGS, GRID, seed=0, options=FitOptions(epochs=30))
    values, few = head.values.copy(), FitOptions(epochs=6, peak_rate=0.001)
    everything = [draw_places(example, near_places(example, GRID), 1.0, rng) for example in new]

    def loss(of: Head) -> float:
        return learn_from(new, everything, of, zero_head(TAGS), OPTIONS, None)

    gone_on = fit([*known, *new], TAGS, GRID, seed=1, options=few, start=head)

    assert loss(gone_on) < loss(head)
    assert loss(gone_on) < loss(fit([*known, *new], TAGS, GRID, seed=1, options=few))
    np.testing.assert_array_equal(head.values, values)


def test_progress_goes_up_to_one() -> None:
    examples = [random_example(np.random.default_rng(seed), GRID, TAGS) for seed in range(3)]
    told: list[float] = []

    fit(examples, TAGS, GRID, seed=0, options=FitOptions(epochs=2, examples_a_step=2), progress=told.append)

    assert told == [0.25, 0.5, 0.75, 1.0]


def test_the_learning_rate_goes_up_to_its_peak_and_down_to_almost_nothing() -> None:
    rates = [one_cycle(share) for share in np.linspace(0, 1, 101)]

    assert rates[0] == pytest.approx(0.04)
    assert int(np.argmax(rates)) == 30
    assert rates[30] == pytest.approx(1)
    assert rates[-1] == pytest.approx(0.001)


def test_a_step_of_the_optimiser_is_adamw_by_its_definition() -> None:
    rng = np.random.default_rng(0)
    values, expected = (np.ones(5, dtype=np.float32) for _ in range(2))
    mean, square = np.zeros(5, dtype=np.float32), np.zeros(5, dtype=np.float32)
    first, second = np.zeros(5), np.zeros(5)
    for step in range(1, 6):
        gradient = rng.standard_normal(5).astype(np.float32)

        adam_step(values, gradient, mean, square, step, rate=0.01, decay=0.1)

        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        change = first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        expected = expected * (1 - 0.01 * 0.1) - 0.01 * change
    np.testing.assert_allclose(values, expected, rtol=1e-5)
