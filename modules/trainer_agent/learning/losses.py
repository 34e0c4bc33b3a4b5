"""Scores' loss: quality-weighted cross entropy, with its gradient."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

NEGATIVE_WEIGHT = np.float32(0.75)
_SMALL = np.float32(1e-6)


def sigmoid(logits: Array) -> Array:
    """Probabilities of logits, of any shape; the dtype stays."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))), dtype=logits.dtype)


def quality_loss(logits: Array, quality: Array, weights: Array) -> tuple[float, Array]:
    """Varifocal loss (Zhang et al. 2021, arXiv:2008.13367) summed, and its gradient by the logits; all of one shape.

    Where quality q > 0: q times the cross entropy with target q. Elsewhere: 0.75 p^2 times that with target 0,
    times the weight of the entry. (p^2 is part of the loss and so of its gradient.)
    """
    p = sigmoid(logits)
    log_p, log_rest = np.log(p + _SMALL), np.log(1 - p + _SMALL)
    positive = quality > 0
    loss = np.where(
        positive, -quality * (quality * log_p + (1 - quality) * log_rest), -NEGATIVE_WEIGHT * weights * p**2 * log_rest
    )
    negative_gradient = NEGATIVE_WEIGHT * weights * p**2 * (p - 2 * (1 - p) * log_rest)
    gradient = np.where(positive, quality * (p - quality), negative_gradient)
    return float(loss.sum()), gradient
