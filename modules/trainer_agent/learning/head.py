"""The trainable head: for each anchor level one hidden layer for scores and one for box corrections.

Everything is 1x1 convolutions on the grid of a level, written here as matrix products on rows (places).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edge_common.ssd import ANCHORS, LOGITS, STRIDES
from modules.trainer_agent.learning.projection import INPUTS

Array = NDArray[np.float32]

HIDDEN = 64
"""Units of a hidden layer of one fit; several fits joined have so many each."""
LOGIT_SCALE = np.float32(0.2)
"""Old logits are divided by five before they enter the head."""
FIRST_SCORE_BIAS = -4.0
DROPOUT_SCORES = 0.2
DROPOUT_BOXES = 0.1


@dataclass(frozen=True)
class Head:
    """All parameters of all levels in one flat vector, so that the optimiser is a few array operations."""

    tags: int
    values: Array
    """Flat float32."""
    hidden: int = HIDDEN

    @cached_property
    def levels(self) -> list[dict[str, Array]]:
        """For each level of STRIDES, parameter name to a view of its values."""
        levels, start = [], 0
        for index in range(len(STRIDES)):
            views = {}
            for name, shape in _shapes(index, self.tags, self.hidden).items():
                length = int(np.prod(shape))
                views[name] = self.values[start : start + length].reshape(shape)
                start += length
            levels.append(views)
        return levels


def new_head(tags: int, rng: np.random.Generator) -> Head:
    """Random hidden layers (He et al. 2015); scores start at sigmoid(-4), box corrections at zero."""
    head = zero_head(tags)
    for level in head.levels:
        for name in ("scores.hidden", "boxes.hidden"):
            level[name][:] = rng.standard_normal(level[name].shape) * np.sqrt(2 / len(level[name]))
        level["scores.out"][:] = rng.standard_normal(level["scores.out"].shape) * 0.01
        level["scores.bias"][:] = FIRST_SCORE_BIAS
    return head


def zero_head(tags: int, hidden: int = HIDDEN) -> Head:
    """A head of zeros: what gradients are gathered in."""
    length = sum(_size(index, tags, hidden) for index in range(len(STRIDES)))
    return Head(tags, np.zeros(length, dtype=np.float32), hidden)


def join(heads: Sequence[Head]) -> Head:
    """One wide head whose scores (logits) and box corrections are the means of those of the heads.

    The folds' heads as a committee (Krogh & Vedelsby 1995): their errors differ, so their mean errs less than each.
    Means of what two linear layers give are one linear layer on all their hidden units.
    """
    count = len(heads)
    joined = zero_head(heads[0].tags, sum(head.hidden for head in heads))
    for index, level in enumerate(joined.levels):
        parts = [head.levels[index] for head in heads]
        for part in ("scores", "boxes"):
            for name in (f"{part}.hidden", f"{part}.hidden_bias"):
                level[name][:] = np.concatenate([mine[name] for mine in parts], axis=-1)
            level[f"{part}.out"][:] = np.concatenate([mine[f"{part}.out"] for mine in parts]) / count
            level[f"{part}.bias"][:] = np.mean([mine[f"{part}.bias"] for mine in parts], axis=0)
        level["scores.old"][:] = np.mean([mine["scores.old"] for mine in parts], axis=0)
    return joined


@dataclass(frozen=True)
class Pass:
    """What a forward pass over rows of one level gives, and keeps for the way back."""

    scores: Array
    """Logits [rows, anchors, tags]."""
    shifts: Array
    """Box corrections dx, dy, dw, dh [rows, anchors, 4]; zero beyond the rows asked for."""
    inputs: Array
    old_logits: Array
    hidden_scores: Array
    hidden_boxes: Array
    """Of the rows asked for only."""
    learning: bool


def forward(
    level: Mapping[str, Array],
    inputs: Array,
    old_logits: Array,
    box_rows: int,
    dropout: np.random.Generator | None = None,
) -> Pass:
    """Rows of inputs [n, INPUTS] and old logits [n, anchors, 24] to scores, and corrections for the first `box_rows`.

    `dropout` draws which hidden units rest; None when nothing is learned.
    """
    rows, anchors, _ = old_logits.shape
    tags = level["scores.old"].shape[1]
    hidden_scores = _hidden(level, "scores", inputs, DROPOUT_SCORES, dropout)
    hidden_boxes = _hidden(level, "boxes", inputs[:box_rows], DROPOUT_BOXES, dropout)
    from_old = (old_logits.reshape(rows * anchors, LOGITS) @ level["scores.old"]).reshape(rows, anchors, tags)
    fresh = hidden_scores @ level["scores.out"] + level["scores.bias"]
    shifts = np.zeros((rows, anchors, 4), dtype=inputs.dtype)
    shifts[:box_rows] = (hidden_boxes @ level["boxes.out"] + level["boxes.bias"]).reshape(box_rows, anchors, 4)
    scores = fresh.reshape(rows, anchors, tags) + from_old * LOGIT_SCALE
    return Pass(scores, shifts, inputs, old_logits, hidden_scores, hidden_boxes, dropout is not None)


def backward(
    level: Mapping[str, Array], kept: Pass, score_gradient: Array, shift_gradient: Array, into: Mapping[str, Array]
) -> None:
    """Put the gradients of all parameters of a level into `into`, from those by scores and shifts (as in Pass)."""
    rows, anchors, tags = score_gradient.shape
    flat_old = kept.old_logits.reshape(rows * anchors, LOGITS)
    into["scores.old"][:] = flat_old.T @ score_gradient.reshape(rows * anchors, tags) * LOGIT_SCALE
    score_rows = score_gradient.reshape(rows, anchors * tags)
    _backward_part(level, "scores", kept.inputs, kept.hidden_scores, score_rows, DROPOUT_SCORES * kept.learning, into)
    # Few anchors answer for a box, so few rows have anything to pass back.
    box_rows = shift_gradient[: len(kept.hidden_boxes)].reshape(len(kept.hidden_boxes), anchors * 4)
    busy = np.flatnonzero(box_rows.any(axis=1))
    hidden = kept.hidden_boxes[busy]
    _backward_part(level, "boxes", kept.inputs[busy], hidden, box_rows[busy], DROPOUT_BOXES * kept.learning, into)


def _backward_part(
    level: Mapping[str, Array],
    part: str,
    inputs: Array,
    hidden: Array,
    gradient: Array,
    share: float,
    into: Mapping[str, Array],
) -> None:
    into[f"{part}.out"][:] = hidden.T @ gradient
    into[f"{part}.bias"][:] = gradient.sum(axis=0)
    # A unit that rested, or was below zero, has a hidden value of zero and passes nothing back.
    back = gradient @ level[f"{part}.out"].T
    back *= hidden > 0
    back *= np.float32(1 / (1 - share))
    into[f"{part}.hidden"][:] = inputs.T @ back
    into[f"{part}.hidden_bias"][:] = back.sum(axis=0)


def _hidden(
    level: Mapping[str, Array], part: str, inputs: Array, share: float, dropout: np.random.Generator | None
) -> Array:
    hidden = inputs @ level[f"{part}.hidden"]
    hidden += level[f"{part}.hidden_bias"]
    np.maximum(hidden, 0, out=hidden)
    if dropout is not None:
        # Bytes are drawn far faster than floats, and 1/256 is fine enough for a share of units.
        drawn = np.frombuffer(dropout.bytes(hidden.size), dtype=np.uint8).reshape(hidden.shape)
        hidden *= drawn >= round(share * 256)
        hidden *= np.float32(1 / (1 - share))
    return hidden


def _shapes(index: int, tags: int, hidden: int) -> dict[str, tuple[int, ...]]:
    anchors = ANCHORS[index]
    return {
        "scores.hidden": (INPUTS, hidden),
        "scores.hidden_bias": (hidden,),
        "scores.out": (hidden, anchors * tags),
        "scores.bias": (anchors * tags,),
        "scores.old": (LOGITS, tags),
        "boxes.hidden": (INPUTS, hidden),
        "boxes.hidden_bias": (hidden,),
        "boxes.out": (hidden, anchors * 4),
        "boxes.bias": (anchors * 4,),
    }


def _size(index: int, tags: int, hidden: int) -> int:
    return sum(int(np.prod(shape)) for shape in _shapes(index, tags, hidden).values())
