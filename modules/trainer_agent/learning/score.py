"""The honest score of a detector: only what it found in images that it had not learned from counts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_common.scores import Rate, Score, WrongImage
from modules.trainer_agent.learning.detect import Found
from modules.trainer_agent.learning.evaluate import (
    Ranked,
    Truth,
    average_precision,
    best_threshold,
    match,
    mean_precision,
    rank,
    resampling_weights,
)
from modules.trainer_agent.learning.intervals import of_committee, rate_of, share_interval

MOST_WRONG = 20

Counts = NDArray[np.intp]


@dataclass(frozen=True)
class CrossValidation:
    """What each image's own fold, which had not learned from it, found in it."""

    digests: Sequence[str]
    truths: Sequence[Truth]
    found: Sequence[Found]
    folds: Sequence[Sequence[int]]


def score_detector(checked: CrossValidation, tags: Sequence[str], seed: int) -> tuple[Score, list[float]]:
    """The score, and for each tag the threshold with the best F1 on all images held back.

    The figures are those of the folds' heads; the intervals are for the model that these make together.
    """
    ranked = [rank(checked.found, checked.truths, tag) for tag in range(len(tags))]
    per_tag = [average_precision(mine) for mine in ranked]
    value = float(np.mean(per_tag))
    hits, found, tagged = count_at_thresholds(checked, len(tags))
    images, folds = len(checked.truths), len(checked.folds)

    def promise(hits: Counts, cases: Counts) -> Rate:
        return of_committee(rate_of(hits, cases), folds)

    score = Score(
        name="ap50",
        value=value,
        interval=precision_interval(value, ranked, images, folds, seed),
        precision=promise(hits.sum(axis=1), found.sum(axis=1)),
        recall=promise(hits.sum(axis=1), tagged.sum(axis=1)),
        label_precision={name: promise(hits[:, tag], found[:, tag]) for tag, name in enumerate(tags)},
        label_recall={name: promise(hits[:, tag], tagged[:, tag]) for tag, name in enumerate(tags)},
        wrong=wrong_images(checked.digests, (tagged - hits).sum(axis=1), (found - hits).sum(axis=1)),
        per_label=dict(zip(tags, per_tag, strict=True)),
        protocol=f"AP at IoU 0.5, {folds}-fold cross-validation over {images} tagged images",
    )
    return score, [best_threshold(mine) for mine in ranked]


def precision_interval(
    value: float, ranked: Sequence[Ranked], images: int, members: int, seed: int
) -> tuple[float, float]:
    """Where the value of as many new images lies, one entry of `ranked` a tag.

    Nine of ten values when the images are drawn again with replacement (Efron 1979), widened as new images vary, too;
    never narrower than that of a share of so many images: few images that are all right prove little. `members`: of
    the committee that the value is of.
    """
    means = mean_precision(ranked, resampling_weights(images, seed))[1:]
    low, high = np.nanquantile(means, [0.05, 0.95]) if np.isfinite(means).any() else (0.0, 1.0)
    least, most = share_interval(value, images)
    low, high = value - (value - low) * 2**0.5, value + (high - value) * 2**0.5
    promised = Rate(value=value, low=max(0.0, min(float(low), least)), high=min(1.0, max(float(high), most)))
    whole = of_committee(promised, members)
    return whole.low, whole.high


def count_at_thresholds(checked: CrossValidation, tags: int) -> tuple[Counts, Counts, Counts]:
    """Hits, detections and tagged boxes, each [images, tags].

    Each fold is counted at the thresholds that are best for the others, as a threshold flatters the images that it
    was chosen on.
    """
    hits, found, tagged = (np.zeros((len(checked.truths), tags), dtype=np.intp) for _ in range(3))
    for fold in checked.folds:
        others = [image for image in range(len(checked.truths)) if image not in fold]
        for tag in range(tags):
            elsewhere = rank([checked.found[image] for image in others], [checked.truths[i] for i in others], tag)
            threshold = best_threshold(elsewhere)
            for image in fold:
                one, truth = checked.found[image], checked.truths[image]
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
