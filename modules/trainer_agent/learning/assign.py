"""Which anchors answer for a tagged box, chosen anew at every step by how well they score and fit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modules.trainer_agent.learning.boxes import pair_iou

Array = NDArray[np.float32]
Indices = NDArray[np.intp]

ANCHORS_PER_BOX = 9
CANDIDATES = 32
_SCORE_POWER, _FIT_POWER = 0.5, 3.0


@dataclass(frozen=True)
class Assignment:
    """Positive anchors of a batch: each answers for one tagged box."""

    anchors: Indices
    """[p] into the rows of predictions."""
    targets: Indices
    """[p] into the tagged boxes."""
    quality: Array
    """[p] 0-1: how well it scores and fits, the best anchor of a box at that box's best overlap."""


def candidates(targets: Array, frozen: Array, anchors: Array) -> Indices:
    """For each tagged box the anchors that may answer for it: [g, CANDIDATES], those that overlap it most.

    Corner boxes: targets [g, 4], frozen predictions [n, 4] and anchors [n, 4]. An anchor counts by the better of
    its place and its frozen prediction: the frozen one knows objects, the place alone knows things that are none.
    """
    overlap = np.maximum(pair_iou(targets[:, None], frozen[None]), 0.999 * pair_iou(targets[:, None], anchors[None]))
    count = min(CANDIDATES, len(anchors))
    return np.argpartition(-overlap, count - 1, axis=1)[:, :count]


def assign(scores: Array, boxes: Array, pool: Indices, targets: Array) -> Assignment:
    """The nine best of each box's pool by score^0.5 x IoU^3.

    Task alignment (Feng et al. 2021, arXiv:2108.07755). scores [g, k]: probability of the box's own tag at each
    anchor of its pool; boxes [g, k, 4] predicted corners; pool [g, k] anchor rows; targets [g, 4]. An anchor wanted
    by two boxes answers for the one that it overlaps more.
    """
    fit = pair_iou(boxes, targets[:, None])
    alignment = scores**_SCORE_POWER * fit**_FIT_POWER
    count = min(ANCHORS_PER_BOX, pool.shape[1])
    best = np.argpartition(-alignment, count - 1, axis=1)[:, :count]
    chosen_fit = np.take_along_axis(fit, best, axis=1)
    chosen_alignment = np.take_along_axis(alignment, best, axis=1)
    top = chosen_alignment.max(axis=1, keepdims=True)
    quality = chosen_alignment / np.maximum(top, 1e-9) * chosen_fit.max(axis=1, keepdims=True)
    anchors = np.take_along_axis(pool, best, axis=1).ravel()
    owners = np.repeat(np.arange(len(targets)), count)
    order = np.argsort(-chosen_fit.ravel(), kind="stable")
    _, first = np.unique(anchors[order], return_index=True)
    kept = order[first]
    kept = kept[chosen_fit.ravel()[kept] > 0]
    return Assignment(anchors[kept], owners[kept], quality.ravel()[kept].astype(np.float32))
