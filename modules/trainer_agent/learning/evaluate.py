"""How good detections are against tagged boxes: matching, average precision, the best threshold. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_common.geometry import iou_matrix
from modules.trainer_agent.learning.detect import Found

Array = NDArray[np.float32]

MATCHING_OVERLAP = 0.5
_RESAMPLINGS = 300


@dataclass(frozen=True)
class Truth:
    """The tagged boxes of one picture: corners [g, 4] and tags [g]."""

    boxes: Array
    tags: NDArray[np.intp]


@dataclass(frozen=True)
class Ranked:
    """All detections of one tag over a set of pictures, best first."""

    scores: Array
    hits: NDArray[np.bool_]
    images: NDArray[np.intp]
    """Index of the picture of each."""
    tagged: NDArray[np.intp]
    """How many boxes of the tag there are in each picture."""

    @property
    def boxes_tagged(self) -> int:
        return int(self.tagged.sum())


def rank(found: Sequence[Found], truths: Sequence[Truth], tag: int) -> Ranked:
    """Match each picture's detections of a tag, best first, to its tagged boxes at IoU 0.5; a box is hit once."""
    scores: list[Array] = [np.empty(0, dtype=np.float32)]
    hits: list[NDArray[np.bool_]] = [np.empty(0, dtype=bool)]
    images: list[NDArray[np.intp]] = [np.empty(0, dtype=np.intp)]
    tagged = np.zeros(len(truths), dtype=np.intp)
    for index, (one, truth) in enumerate(zip(found, truths, strict=True)):
        mine = one.tags == tag
        wanted = truth.boxes[truth.tags == tag]
        tagged[index] = len(wanted)
        scores.append(one.scores[mine])
        hits.append(match(one.boxes[mine], wanted))
        images.append(np.full(len(scores[-1]), index))
    joined = np.concatenate(scores)
    order = np.argsort(-joined, kind="stable")
    return Ranked(joined[order], np.concatenate(hits)[order], np.concatenate(images)[order], tagged)


def rank_tags(likely: Array, wanted: NDArray[np.bool_]) -> list[Ranked]:
    """For each tag all pictures, the likeliest first; likely and wanted [pictures, tags]."""
    orders = np.argsort(-likely, axis=0, kind="stable")
    return [
        Ranked(likely[order, tag], wanted[order, tag], order, wanted[:, tag].astype(np.intp))
        for tag, order in enumerate(orders.T)
    ]


def match(boxes: Array, wanted: Array) -> NDArray[np.bool_]:
    """Which of the boxes [n, 4], best first, hit one of the wanted boxes [g, 4] that none before it has hit."""
    hits = np.zeros(len(boxes), dtype=bool)
    if len(wanted) == 0:
        return hits
    overlap = iou_matrix(boxes, wanted)
    for index in range(len(boxes)):
        best = int(overlap[index].argmax())
        if overlap[index, best] >= MATCHING_OVERLAP:
            hits[index] = True
            overlap[:, best] = -1
    return hits


def average_precision(ranked: Ranked) -> float:
    """Area under the precision-recall curve, precision made monotone (Pascal VOC 2010 onwards); 0 without boxes."""
    if ranked.boxes_tagged == 0:
        return 0.0
    found = np.cumsum(ranked.hits)
    precision = found / np.arange(1, len(found) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(envelope[ranked.hits].sum() / ranked.boxes_tagged)


def resampled_precision(ranked: Ranked, weights: NDArray[np.intp]) -> Array:
    """Average precision when each picture counts as often as weights [times, pictures] say: [times], NaN without boxes.

    What `average_precision` gives for weights of one.
    """
    counted = weights[:, ranked.images]
    found = np.cumsum(counted * ranked.hits, axis=1)
    precision = found / np.maximum(np.cumsum(counted, axis=1), 1)
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    area = (envelope * counted * ranked.hits).sum(axis=1)
    tagged = weights @ ranked.tagged
    return np.asarray(np.where(tagged > 0, area / np.maximum(tagged, 1), np.nan), dtype=np.float32)


def resampling_weights(images: int, seed: int) -> NDArray[np.intp]:
    """How often each image counts: once in the first row, then as often as it is drawn: [1 + times, images]."""
    drawn = np.random.default_rng(seed).multinomial(images, np.full(images, 1 / images), _RESAMPLINGS)
    return np.concatenate([np.ones((1, images), dtype=np.intp), drawn])


def mean_precision(ranked: Sequence[Ranked], weights: NDArray[np.intp]) -> Array:
    """Average precision for each row of weights [times, pictures], mean over the tags that have boxes: [times].

    `ranked` has an entry for each tag; NaN where there is no box at all.
    """
    drawn = np.stack([resampled_precision(mine, weights) for mine in ranked])
    seen = np.isfinite(drawn)
    means = np.where(seen, drawn, 0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    return np.asarray(np.where(seen.any(axis=0), means, np.nan), dtype=np.float32)


def best_threshold(ranked: Ranked) -> float:
    """The score above which F1 is highest, half-way to the next lower score; 0.5 when nothing was found."""
    if not ranked.hits.any():
        return 0.5
    found = np.cumsum(ranked.hits)
    f1 = 2 * found / (np.arange(1, len(found) + 1) + max(ranked.boxes_tagged, 1))
    best = int(f1.argmax())
    below = ranked.scores[best + 1] if best + 1 < len(ranked.scores) else 0.0
    return float(np.clip((ranked.scores[best] + below) / 2, 0.02, 0.98))
