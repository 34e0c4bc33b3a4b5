"""Which tag a found box has: one linear layer on what two backbones say of the places inside the box.

The head says where something tagged is; tags that look alike differ in detail, which the box as a whole shows best.
The mean over a box of a linear layer's scores is the layer on the mean, so the exported graph needs one map a tag.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modules.trainer_agent.learning.features import RELU6_STEP

Array = NDArray[np.float32]
Maps = Mapping[str, NDArray[np.uint8]]
"""Maps of a view by names of CHANNELS, uint8 [channels, rows, columns], in steps of RELU6_STEP."""

DETAIL = "detail16"
"""Lite0's map of stride 16, named apart from the detector's own."""
CHANNELS = {DETAIL: 672, "map16": 576, "map32": 1280}
STRIDES = {DETAIL: 16, "map16": 16, "map32": 32}
RECIPES = (("map16", "map32"), (DETAIL, "map16"), (DETAIL, "map16", "map32"))
"""Which maps may be looked at together: shape and kind by the detector's own, fine detail by Lite0's."""
RIDGE = 0.05
MOST_LOGIT = 10.0
"""Scores are held to this, so that no tag is made impossible."""
LEAST_COVERED = 1 / 1024
"""Cells that a box is taken to span at least: far less than a pixel, but both it and its inverse fit 16 bits."""
_SHARPNESSES = 2.0 ** np.arange(-1, 4.5, 0.5)


@dataclass(frozen=True)
class TagTeller:
    """For each tag a logit: the sum over maps of the box's mean times weights, plus a bias."""

    weights: Mapping[str, Array]
    """Map name to [channels, tags]."""
    bias: Array
    """[tags]."""

    def shares(self, maps: Maps, boxes: Array) -> Array:
        """How likely each box [n, 4] (corners, 0-1) is each tag: float32 [n, tags], adding up to 1."""
        logits = np.zeros((len(boxes), len(self.bias)), dtype=np.float32) + self.bias
        for name, weights in self.weights.items():
            places = maps[name].reshape(len(weights), -1).T.astype(np.float32)
            scores = np.asarray(places @ (weights * RELU6_STEP), dtype=np.float32).T.reshape(-1, *maps[name].shape[1:])
            logits += box_means(scores, boxes)
        return softmax(np.clip(logits, -MOST_LOGIT, MOST_LOGIT))


@dataclass(frozen=True)
class Described:
    """Tagged boxes of one or more views as rows."""

    rows: Mapping[str, Array]
    """For each map of CHANNELS the means over the box: [n, channels]."""
    tags: NDArray[np.intp]
    """[n]."""


def describe(maps: Maps, boxes: Array, tags: NDArray[np.intp]) -> Described:
    """The boxes [n, 4] of a view with their tags [n]."""
    return Described({name: box_means(maps[name].astype(np.float32) * RELU6_STEP, boxes) for name in CHANNELS}, tags)


def joined(described: Sequence[Described]) -> Described:
    """All the boxes as one."""
    rows = {name: np.concatenate([one.rows[name] for one in described]) for name in CHANNELS}
    return Described(rows, np.concatenate([one.tags for one in described]))


def box_means(maps: Array, boxes: Array) -> Array:
    """Means over boxes, cells weighted by how much of them a box covers: [c, side, side], [n, 4] to float32 [n, c]."""
    side = maps.shape[1]
    across, down = _covered(boxes[:, 0], boxes[:, 2], side), _covered(boxes[:, 1], boxes[:, 3], side)
    rows = np.tensordot(down, maps, axes=(1, 1))
    return np.asarray(np.einsum("ncx,nx->nc", rows, across), dtype=np.float32)


def _covered(low: Array, high: Array, side: int) -> Array:
    """The part of each span [n] that lies in each of `side` cells: [n, side], adding up to 1."""
    starts = np.arange(side, dtype=np.float32)
    parts = np.clip(high[:, None] * side - starts, 0, 1) - np.clip(low[:, None] * side - starts, 0, 1)
    return np.asarray(parts / np.maximum(parts.sum(axis=1, keepdims=True), LEAST_COVERED), dtype=np.float32)


def softmax(logits: Array) -> Array:
    """Rows [n, tags] as shares that add up to 1."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


@dataclass(frozen=True)
class TellerOptions:
    """How to tell; chosen on images held back."""

    recipe: tuple[str, ...]
    """Names of the maps that are looked at."""
    sharpness: float
    """Factor on the logits."""


def fit_teller(described: Described, tags: int, options: TellerOptions) -> TagTeller:
    """Ridge regression to 1 for a box's tag and -1 for the others, times the sharpness; closed form.

    Each channel is standardised and each map counts alike. Solved for the boxes, as there are fewer than channels.
    """
    rows = np.concatenate([described.rows[name] for name in options.recipe], axis=1)
    counts = [CHANNELS[name] for name in options.recipe]
    if not len(rows):  # nothing is known: every tag is as likely
        nothing = {name: np.zeros((CHANNELS[name], tags), dtype=np.float32) for name in options.recipe}
        return TagTeller(nothing, np.zeros(tags, dtype=np.float32))
    wanted = np.where(described.tags[:, None] == np.arange(tags), 1.0, -1.0)
    mean = rows.mean(axis=0)
    scale = 1 / ((rows.std(axis=0) + 1e-3) * np.sqrt(np.repeat(counts, counts) * len(counts)))
    scaled = ((rows - mean) * scale).astype(np.float64)
    duals = np.linalg.solve(scaled @ scaled.T + RIDGE * np.eye(len(scaled)), wanted * options.sharpness)
    weights = (scaled.T @ duals * scale[:, None]).astype(np.float32)
    parts = np.split(weights, np.cumsum(counts)[:-1])
    return TagTeller(dict(zip(options.recipe, parts, strict=True)), (-mean @ weights).astype(np.float32))


def fit_tellers(described: Described, tags: int, chosen: Sequence[TellerOptions]) -> TagTeller:
    """One teller whose logits are the means of those by each of the chosen options."""
    tellers = [fit_teller(described, tags, options) for options in chosen]
    weights: dict[str, Array] = {}
    for name in CHANNELS:
        mine = [teller.weights[name] for teller in tellers if name in teller.weights]
        if mine:
            weights[name] = np.sum(mine, axis=0) / np.float32(len(tellers))
    return TagTeller(weights, np.mean([teller.bias for teller in tellers], axis=0))


def choose_options(described: Sequence[Described], folds: Sequence[Sequence[int]], tags: int) -> list[TellerOptions]:
    """Each recipe that makes the tags of images held back about as likely as the best does; image by image.

    Few images do not tell close recipes apart, so those less than two standard errors of the difference worse than
    the best are all used. Each has the sharpness that is best for it.
    """
    tried = [_sharpest(described, folds, tags, recipe) for recipe in RECIPES]
    losses = [losses for _, losses in tried]
    if not len(losses[0]):
        return [tried[0][0]]
    best = losses[int(np.argmin([mine.mean() for mine in losses]))]
    gaps = [mine - best for mine in losses]
    near = [gap.mean() <= 2 * gap.std() / np.sqrt(len(gap)) for gap in gaps]
    return [options for (options, _), is_near in zip(tried, near, strict=True) if is_near]


def _sharpest(
    described: Sequence[Described], folds: Sequence[Sequence[int]], tags: int, recipe: tuple[str, ...]
) -> tuple[TellerOptions, Array]:
    """The sharpness with the least loss, and the mean loss of each image that has boxes: [images]."""
    logits, right, images = _held_back(described, folds, tags, recipe)
    if not len(right):
        return TellerOptions(recipe, 1.0), np.empty(0, dtype=np.float32)
    losses = []
    for sharpness in _SHARPNESSES:
        shares = softmax(np.clip(logits * sharpness, -MOST_LOGIT, MOST_LOGIT))
        losses.append(-np.log(shares[np.arange(len(right)), right] + 1e-6))
    best = int(np.argmin([loss.mean() for loss in losses]))
    counts = np.bincount(images)
    sums = np.bincount(images, losses[best])
    means = np.asarray(sums[counts > 0] / counts[counts > 0], dtype=np.float32)
    return TellerOptions(recipe, float(_SHARPNESSES[best])), means


def _held_back(
    described: Sequence[Described], folds: Sequence[Sequence[int]], tags: int, recipe: tuple[str, ...]
) -> tuple[Array, NDArray[np.intp], NDArray[np.intp]]:
    """Of all boxes the logits [n, tags] by tellers that have not learned from their images, the right tags and images.

    Both of the latter are [n].
    """
    logits: list[Array] = [np.empty((0, tags), dtype=np.float32)]
    right, images = [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.intp)]
    for fold in folds:
        learned = joined([one for image, one in enumerate(described) if image not in fold])
        unseen = joined([described[image] for image in fold])
        if len(learned.tags) and len(unseen.tags):
            teller = fit_teller(learned, tags, TellerOptions(recipe, 1.0))
            logits.append(sum(unseen.rows[name] @ weights for name, weights in teller.weights.items()) + teller.bias)
            right.append(unseen.tags)
            images.append(np.repeat(np.array(fold, dtype=np.intp), [len(described[image].tags) for image in fold]))
    return np.concatenate(logits), np.concatenate(right), np.concatenate(images)
