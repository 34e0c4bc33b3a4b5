"""Whether a picture is like what a classifier was taught: what fits no tag is unlike all of it.

A linear layer says which tag fits best, and is sure of pictures that it has never seen the like of. How near the
nearest taught picture is tells those apart better.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

MOST_EXEMPLARS = 1000
"""What bounds the file: 5 MB."""
KNOWN_TO_STRANGE = 3.0
"""Three of four pictures are taken to fit a tag: rejecting one that does is the worse mistake."""
_NEWTON_STEPS = 40
_RIDGE = 1e-3


@dataclass(frozen=True)
class Familiarity:
    """Logit that a picture is like a taught one: slope times the greatest cosine with an exemplar, plus offset."""

    exemplars: Array
    """Columns of length one, [features, exemplars]."""
    slope: float
    offset: float

    def logits(self, features: Array) -> Array:
        """[n, features] to [n]."""
        return self.of_cosine((unit(features) @ self.exemplars).max(axis=1))

    def of_cosine(self, cosine: Array) -> Array:
        return np.asarray(np.float32(self.slope) * cosine + np.float32(self.offset), dtype=np.float32)


@dataclass(frozen=True)
class Likeness:
    """Of each image, the greatest cosine of its plain view with a view of certain others."""

    known: Array
    """With the images of other folds, as if it were new: [n]; of images without a tag NaN."""
    strange: Array
    """With the images that share no tag with it, as if none of its tags had been taught: [n]."""


def held_to(scores: Array, familiar: Array, *, each: bool = False) -> Array:
    """Logits of tags [n, tags], all lowered so far that none is above the logit of being familiar [n].

    `each`: a tag is lowered for itself only, where a sure one says nothing against the others.
    """
    best = scores if each else scores.max(axis=1, keepdims=True)
    return np.asarray(scores - np.maximum(best - familiar[:, None], 0), dtype=np.float32)


def unit(rows: Array) -> Array:
    """Rows at length one."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6), dtype=np.float32)


def likeness(features: Sequence[Array], wanted: Array, folds: Sequence[Sequence[int]]) -> Likeness:
    """features: for each image [views, d], the plain view first; wanted [n, tags] of 0 and 1."""
    views = len(features[0])
    plain, rows = unit(np.stack([mine[0] for mine in features])), unit(np.concatenate(features))
    # The greatest over the views of each pair of images.
    near = (plain @ rows.T).reshape(len(plain), len(plain), views).max(axis=2)
    tagged = wanted.any(axis=1)
    fold = np.zeros(len(plain), dtype=np.intp)
    for number, members in enumerate(folds):
        fold[list(members)] = number
    known = _greatest(near, np.not_equal.outer(fold, fold) & tagged)
    strange = _greatest(near, np.asarray(wanted @ wanted.T < 1) & tagged)
    return Likeness(np.where(tagged, known, np.nan).astype(np.float32), strange)


def fit_familiarity(features: Sequence[Array], wanted: Array, found: Likeness) -> Familiarity:
    """Logistic regression on how like the images are as known and as strange ones; exemplars are the tagged ones."""
    known = found.known[np.isfinite(found.known)]
    strange = found.strange[np.isfinite(found.strange)]
    slope, offset = _separate(known, strange)
    # Plain views first: where there are too many, the changed copies go.
    rows = [
        mine[view]
        for view in range(len(features[0]))
        for mine, tags in zip(features, wanted, strict=True)
        if tags.any()
    ]
    return Familiarity(np.ascontiguousarray(unit(np.stack(rows[:MOST_EXEMPLARS])).T), slope, offset)


def _greatest(near: Array, allowed: NDArray[np.bool_]) -> Array:
    """The greatest of each row among those allowed; NaN where there is none."""
    best = np.where(allowed, near, -np.inf).max(axis=1)
    return np.asarray(np.where(np.isfinite(best), best, np.nan), dtype=np.float32)


def _separate(known: Array, strange: Array) -> tuple[float, float]:
    """Slope (never negative) and offset; everything is familiar where there is nothing to tell it from."""
    if not len(known) or not len(strange):
        return 0.0, 10.0
    x = np.concatenate([known, strange]).astype(np.float64)
    middle = x.mean()
    design = np.stack([x - middle, np.ones_like(x)], axis=1)
    target = np.repeat([1.0, 0.0], [len(known), len(strange)])
    weight = np.repeat([KNOWN_TO_STRANGE / len(known), 1 / len(strange)], [len(known), len(strange)]) * len(known)
    values = np.zeros(2)
    for _ in range(_NEWTON_STEPS):
        p = 1 / (1 + np.exp(-np.clip(design @ values, -30, 30)))
        curvature = design.T @ (design * (weight * (p * (1 - p) + 1e-6))[:, None]) + _RIDGE * np.eye(2)
        values -= np.linalg.solve(curvature, design.T @ (weight * (p - target)) + _RIDGE * values)
    slope = max(0.0, float(values[0]))
    return slope, float(values[1]) - slope * float(middle)
