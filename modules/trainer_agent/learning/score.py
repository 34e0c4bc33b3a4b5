"""The honest score of a detector: only what it found in images that it had not learned from counts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_common.packages import Score, WrongImage
from modules.trainer_agent.learning.detect import Found
from modules.trainer_agent.learning.evaluate import (
    Ranked,
    Truth,
    average_precision,
    best_threshold,
    match,
    rank,
    resampled_precision,
)
from modules.trainer_agent.learning.intervals import rate_of, share_interval

MOST_WRONG = 20
_RESAMPLINGS = 300

Counts = NDArray[np.intp]


@dataclass(frozen=True)
class HeldBack:
    """What each image's own fold, which had not learned from it, found in it."""

    digests: Sequence[str]
    truths: Sequence[Truth]
    found: Sequence[Found]
    folds: Sequence[Sequence[int]]


def score_detector(held_back: HeldBack, tags: Sequence[str], seed: int) -> tuple[Score, list[float]]:
    """The score, and for each tag the threshold with the best F1 on all images held back."""
    ranked = [rank(held_back.found, held_back.truths, tag) for tag in range(len(tags))]
    per_tag = [average_precision(mine) for mine in ranked]
    value = float(np.mean(per_tag))
    hits, found, tagged = count_at_thresholds(held_back, len(tags))
    images, folds = len(held_back.truths), len(held_back.folds)
    score = Score(
        name="ap50",
        value=value,
        interval=precision_interval(value, ranked, images, seed),
        precision=rate_of(hits.sum(axis=1), found.sum(axis=1)),
        recall=rate_of(hits.sum(axis=1), tagged.sum(axis=1)),
        label_precision={name: rate_of(hits[:, tag], found[:, tag]) for tag, name in enumerate(tags)},
        label_recall={name: rate_of(hits[:, tag], tagged[:, tag]) for tag, name in enumerate(tags)},
        wrong=wrong_images(held_back.digests, (tagged - hits).sum(axis=1), (found - hits).sum(axis=1)),
        per_label=dict(zip(tags, per_tag, strict=True)),
        protocol=f"AP at IoU 0.5, {folds}-fold cross-validation over {images} tagged images",
    )
    return score, [best_threshold(mine) for mine in ranked]


def precision_interval(value: float, ranked: Sequence[Ranked], images: int, seed: int) -> tuple[float, float]:
    """Where the value of as many new images lies, one entry of `ranked` a tag.

    Nine of ten values when the images are drawn again with replacement (Efron 1979), widened as new images vary, too;
    never narrower than that of a share of so many images: few images that are all right prove little.
    """
    weights = np.random.default_rng(seed).multinomial(images, np.full(images, 1 / images), _RESAMPLINGS)
    drawn = np.stack([resampled_precision(mine, weights) for mine in ranked])
    seen = np.isfinite(drawn)
    means = np.where(seen, drawn, 0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    low, high = np.quantile(means[seen.any(axis=0)], [0.05, 0.95]) if seen.any() else (0.0, 1.0)
    least, most = share_interval(value, images)
    low, high = value - (value - low) * 2**0.5, value + (high - value) * 2**0.5
    return max(0.0, min(float(low), least)), min(1.0, max(float(high), most))


def count_at_thresholds(held_back: HeldBack, tags: int) -> tuple[Counts, Counts, Counts]:
    """Hits, detections and tagged boxes, each [images, tags].

    Each fold is counted at the thresholds that are best for the others, as a threshold flatters the images that it
    was chosen on.
    """
    hits, found, tagged = (np.zeros((len(held_back.truths), tags), dtype=np.intp) for _ in range(3))
    for fold in held_back.folds:
        others = [image for image in range(len(held_back.truths)) if image not in fold]
        for tag in range(tags):
            elsewhere = rank([held_back.found[image] for image in others], [held_back.truths[i] for i in others], tag)
            threshold = best_threshold(elsewhere)
            for image in fold:
                one, truth = held_back.found[image], held_back.truths[image]
                sure = (one.tags == tag) & (one.scores >= threshold)
                wanted = truth.boxes[truth.tags == tag]
                hits[image, tag] = match(one.boxes[sure], wanted).sum()
                found[image, tag], tagged[image, tag] = sure.sum(), len(wanted)
    return hits, found, tagged


def wrong_images(digests: Sequence[str], missed: Counts, false: Counts) -> tuple[WrongImage, ...]:
    """The images [n] in which something was missed or false, those with most of it first."""
    order = np.argsort(-(missed + false), kind="stable")[:MOST_WRONG]
    return tuple(
        WrongImage(digest=digests[index], missed=int(missed[index]), false=int(false[index]))
        for index in order
        if missed[index] + false[index]
    )
