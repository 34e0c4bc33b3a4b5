"""Fits a head to examples: seeded, a few seconds, progress reported by the share of steps done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_common.ssd import ANCHORS, LOGITS
from modules.trainer_agent.learning.assign import Indices, assign
from modules.trainer_agent.learning.boxes import correct, correct_gradient, giou_loss
from modules.trainer_agent.learning.examples import Example, Grid, Places, draw_places, near_places
from modules.trainer_agent.learning.head import Head, Pass, backward, forward, new_head, zero_head
from modules.trainer_agent.learning.losses import quality_loss, sigmoid

Array = NDArray[np.float32]


@dataclass(frozen=True)
class FitOptions:
    """How long and how fast to fit."""

    epochs: int = 20
    examples_a_step: int = 10
    peak_rate: float = 0.003
    weight_decay: float = 0.05
    box_weight: float = 2.0
    background_share: float = 0.1
    """Of the places far from any tagged box, those that take part in a step (weighted up in turn)."""


FULL = FitOptions()
GOING_ON = FitOptions(epochs=6, peak_rate=0.001)
"""From a head that is fitted already, to nearly the same images."""


@dataclass(frozen=True)
class _Rows:
    """A forward pass over a batch; its rows are anchors, level after level."""

    passes: list[Pass]
    frozen: Array
    """The backbone's boxes [rows, 4]."""
    background: Array
    """Weight of each anchor as background [rows]."""
    pool: Indices
    """The rows of the anchors that may answer for each tagged box [boxes, k]."""


def fit(
    examples: Sequence[Example],
    tags: int,
    grid: Grid,
    *,
    seed: int,
    options: FitOptions,
    start: Head | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Head:
    """A head that finds the examples' tagged boxes: AdamW (Loshchilov & Hutter 2019), one-cycle learning rate.

    It goes on from a copy of `start` if there is one.
    """
    rng = np.random.default_rng(seed)
    head = new_head(tags, rng) if start is None else Head(start.tags, start.values.copy(), start.hidden)
    gradient = zero_head(tags)
    near = [near_places(example, grid) for example in examples]
    each = min(options.examples_a_step, len(examples))
    steps_an_epoch = -(-len(examples) // each)
    steps = options.epochs * steps_an_epoch
    mean, square = np.zeros_like(head.values), np.zeros_like(head.values)
    for step in range(steps):
        if step % steps_an_epoch == 0:
            order = rng.permutation(len(examples))
        chosen = order[step % steps_an_epoch * each :][:each]
        batch = [examples[index] for index in chosen]
        places = [draw_places(examples[index], near[index], options.background_share, rng) for index in chosen]
        learn_from(batch, places, head, gradient, options, rng)
        rate = one_cycle(step / max(1, steps - 1)) * options.peak_rate
        adam_step(head.values, gradient.values, mean, square, step + 1, rate, options.weight_decay)
        progress((step + 1) / steps)
    return head


def one_cycle(share: float) -> float:
    """Learning rate as a part of its peak: up over the first 30 % of steps, then down to almost nothing, by cosine."""
    if share < 0.3:
        return float(0.04 + 0.96 * (1 - np.cos(np.pi * share / 0.3)) / 2)
    return float(0.001 + 0.999 * (1 + np.cos(np.pi * (share - 0.3) / 0.7)) / 2)


def adam_step(values: Array, gradient: Array, mean: Array, square: Array, step: int, rate: float, decay: float) -> None:
    """One AdamW update in place; step counts from 1."""
    # All in place but two buffers: the vectors are long, and making new ones costs more than the arithmetic.
    buffer = gradient * np.float32(0.1)
    mean *= np.float32(0.9)
    mean += buffer
    np.multiply(gradient, gradient, out=buffer)
    buffer *= np.float32(0.001)
    square *= np.float32(0.999)
    square += buffer
    np.sqrt(square, out=buffer)
    buffer *= np.float32((1 - 0.999**step) ** -0.5)
    buffer += np.float32(1e-8)
    np.divide(mean, buffer, out=buffer)
    buffer *= np.float32(rate / (1 - 0.9**step))
    values *= np.float32(1 - rate * decay)
    values -= buffer


def learn_from(
    batch: Sequence[Example],
    places: Sequence[Places],
    head: Head,
    gradient: Head,
    options: FitOptions,
    rng: np.random.Generator | None,
) -> float:
    """The loss of a batch on these places, its gradient put into `gradient`; `rng` draws dropout (None: none)."""
    rows = _gather(batch, places, head, rng)
    scores = np.concatenate([kept.scores.reshape(-1, head.tags) for kept in rows.passes])
    shifts = np.concatenate([kept.shifts.reshape(-1, 4) for kept in rows.passes])
    targets = np.concatenate([example.targets for example in batch])
    tags = np.concatenate([example.tags for example in batch])
    quality = np.zeros_like(scores)
    shift_gradient = np.zeros_like(shifts)
    box_loss, norm = 0.0, 1.0
    if len(targets):
        boxes = correct(rows.frozen[rows.pool], shifts[rows.pool])
        found = assign(sigmoid(scores[rows.pool, tags[:, None]]), boxes, rows.pool, targets)
        norm = max(float(found.quality.sum()), 1.0)
        quality[found.anchors, tags[found.targets]] = found.quality
        frozen, shift = rows.frozen[found.anchors], shifts[found.anchors]
        losses, corner_gradient = giou_loss(correct(frozen, shift), targets[found.targets])
        weight = found.quality * np.float32(options.box_weight / norm)
        box_loss = float((losses * weight).sum())
        shift_gradient[found.anchors] = correct_gradient(frozen, shift, corner_gradient * weight[:, None])
    score_loss, score_gradient = quality_loss(scores, quality, rows.background[:, None])
    score_gradient /= np.float32(norm)
    start = 0
    for index, kept in enumerate(rows.passes):
        part = slice(start, start + len(kept.inputs) * ANCHORS[index])
        start = part.stop
        score_part = score_gradient[part].reshape(kept.scores.shape)
        shift_part = shift_gradient[part].reshape(kept.shifts.shape)
        backward(head.levels[index], kept, score_part, shift_part, gradient.levels[index])
    return score_loss / norm + box_loss


def _gather(
    batch: Sequence[Example],
    places: Sequence[Places],
    head: Head,
    rng: np.random.Generator | None,
) -> _Rows:
    passes: list[Pass] = []
    frozen: list[Array] = []
    background: list[Array] = []
    first_near = np.empty((len(batch), len(head.levels)), dtype=np.intp)
    row = 0
    for index, parameters in enumerate(head.levels):
        count = ANCHORS[index]
        levels = [example.levels[index] for example in batch]
        near = [drawn.near.places[index] for drawn in places]
        # Near places of all examples come first, so that box corrections are computed for a plain slice of rows.
        chosen = list(zip([*levels, *levels], [*near, *(drawn.far[index] for drawn in places)], strict=True))
        lengths = [len(of_example) for of_example in near]
        near_rows = sum(lengths)
        first_near[:, index] = row + (np.cumsum([0, *lengths[:-1]])) * count
        inputs = np.concatenate([level.inputs.take(rows, 0) for level, rows in chosen], dtype=np.float32)
        old_logits = np.concatenate([level.old_logits.take(rows, 0) for level, rows in chosen], dtype=np.float32)
        frozen.append(np.concatenate([level.frozen.take(rows, 0) for level, rows in chosen]).reshape(-1, 4))
        weights = np.concatenate([level.background.take(rows, 0) for level, rows in chosen])
        far_weights = [np.float32(drawn.far_weight) for drawn in places]
        weights[near_rows:] *= np.repeat(far_weights, [len(drawn.far[index]) for drawn in places])[:, None]
        background.append(weights.ravel())
        row += weights.size
        passes.append(forward(parameters, inputs, old_logits.reshape(-1, count, LOGITS), near_rows, rng))
    pool = [first_near[index, drawn.near.level] + drawn.near.row for index, drawn in enumerate(places)]
    return _Rows(passes, np.concatenate(frozen), np.concatenate(background), np.concatenate(pool))
