"""Classification by several tags for a picture: each tag answers for itself, from a threshold of its own. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_common.scores import Score
from modules.trainer_agent.learning.evaluate import average_precision, best_threshold, rank_tags
from modules.trainer_agent.learning.intervals import rate_of
from modules.trainer_agent.learning.losses import sigmoid
from modules.trainer_agent.learning.score import precision_interval, wrong_images

Array = NDArray[np.float32]

THRESHOLD = 0.5


def shifts(logits: Array, wanted: Array) -> Array:
    """What to take from each tag's logits so that its best threshold is at a probability of one half: [tags].

    logits and wanted (0 or 1) [n, tags], of images held back. The best is the one with the highest F1, as for boxes.
    """
    best = np.array([best_threshold(ranked) for ranked in rank_tags(sigmoid(logits), wanted > 0)])
    return np.asarray(np.log(best / (1 - best)), dtype=np.float32)


def named_by_others(logits: Array, wanted: Array, folds: Sequence[Sequence[int]]) -> NDArray[np.intp]:
    """Which tags each image gets, 0 or 1 [n, tags], each fold at the thresholds that are best for the others.

    A threshold flatters the images that it was chosen on.
    """
    named = np.zeros(logits.shape, dtype=np.intp)
    for fold in folds:
        others = np.setdiff1d(np.arange(len(logits)), fold)
        named[fold] = logits[fold] >= shifts(logits[others], wanted[others])
    return named


def score_several(
    likely: Array,
    named: NDArray[np.intp],
    wanted: Array,
    folds: int,
    digests: Sequence[str],
    tags: Sequence[str],
    seed: int,
) -> Score:
    """likely: probabilities, named: 0 or 1, both [n, tags] and of images held back.

    The figure is the mean over the tags of average precision: how far ahead of the others images with a tag stand.
    """
    ranked = rank_tags(likely, wanted > 0)
    per_tag = {tag: average_precision(mine) for tag, mine in zip(tags, ranked, strict=True) if mine.boxes_tagged}
    value = float(np.mean(list(per_tag.values())))
    there = wanted.astype(np.intp)
    hits = named * there
    return Score(
        name="mean_ap",
        value=value,
        interval=precision_interval(value, ranked, len(wanted), 1, seed),
        precision=rate_of(hits.sum(axis=1), named.sum(axis=1)),
        recall=rate_of(hits.sum(axis=1), there.sum(axis=1)),
        label_precision={tag: rate_of(hits[:, column], named[:, column]) for column, tag in enumerate(tags)},
        label_recall={tag: rate_of(hits[:, column], there[:, column]) for column, tag in enumerate(tags)},
        wrong=wrong_images(digests, (there - hits).sum(axis=1), (named - hits).sum(axis=1)),
        per_label=per_tag,
        protocol=f"mean over the tags of AP, {folds}-fold cross-validation over {len(wanted)} tagged images",
    )
