"""Compares two versions on the same images, each by what it found while it had not learned from them. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_common.detections import Detection
from edge_common.scores import Comparison
from modules.trainer_agent.learning.dataset import Dataset, TaggedImage
from modules.trainer_agent.learning.detect import Found
from modules.trainer_agent.learning.evaluate import Truth, mean_precision, rank, rank_tags, resampling_weights
from modules.trainer_agent.learning.held_back import HeldBack

Array = NDArray[np.float32]


def compare(dataset: Dataset, new: HeldBack, live: HeldBack, live_version: str, seed: int) -> Comparison | None:
    """The figures of both on the images that both were asked about, and where their difference lies.

    None when nothing is tagged in any of these images, so that there are no figures.
    The images are drawn again with replacement (Efron 1979), the same for both, so what makes an image hard for both
    is no difference.
    """
    images = [image for image in dataset.images if image.digest in new and image.digest in live]
    if dataset.kind == "classification" and not dataset.several:
        images = [image for image in images if image.tags]
    if not any(image.boxes or image.tags for image in images):
        return None
    weights = resampling_weights(len(images), seed)
    of_pictures = _several_precisions if dataset.several else _accuracies
    figures = _precisions if dataset.kind == "detection" else of_pictures
    of_new, of_live = (figures(dataset, images, found, weights) for found in (new, live))
    gaps = of_new[1:] - of_live[1:]
    low, high = np.nanquantile(gaps, [0.05, 0.95])
    return Comparison(
        live_version=live_version,
        images=len(images),
        value=float(of_new[0]),
        live_value=float(of_live[0]),
        difference=(float(low), float(high)),
    )


def _precisions(dataset: Dataset, images: Sequence[TaggedImage], found: HeldBack, weights: NDArray[np.intp]) -> Array:
    """Mean AP50 over the tags for each row of weights: [times]."""
    truths = [truth_of(image) for image in images]
    seen = [_found(found[image.digest], dataset.tags) for image in images]
    return mean_precision([rank(seen, truths, tag) for tag in range(len(dataset.tags))], weights)


def _several_precisions(
    dataset: Dataset, images: Sequence[TaggedImage], found: HeldBack, weights: NDArray[np.intp]
) -> Array:
    """Mean AP over the tags of whole pictures for each row of weights: [times]."""
    likely = np.zeros((len(images), len(dataset.tags)), dtype=np.float32)
    wanted = np.zeros(likely.shape, dtype=bool)
    for row, image in enumerate(images):
        wanted[row, list(image.tags)] = True
        for one in found[image.digest]:
            if one.label in dataset.tags:
                likely[row, dataset.tags.index(one.label)] = one.confidence
    return mean_precision(rank_tags(likely, wanted), weights)


def _accuracies(dataset: Dataset, images: Sequence[TaggedImage], found: HeldBack, weights: NDArray[np.intp]) -> Array:
    """Share of images whose likeliest label is one of theirs, for each row of weights: [times]."""
    right = np.array([_names(found[image.digest]) in {dataset.tags[tag] for tag in image.tags} for image in images])
    return np.asarray(weights @ right / weights.sum(axis=1), dtype=np.float32)


def _names(detections: Sequence[Detection]) -> str | None:
    return detections[0].label if detections else None


def truth_of(image: TaggedImage) -> Truth:
    """The tagged boxes in 0-1 of the picture."""
    boxes = np.array([found.box.to_list() for found in image.boxes], dtype=np.float32).reshape(-1, 4)
    return Truth(boxes, np.array([found.tag for found in image.boxes], dtype=np.intp))


def _found(detections: Sequence[Detection], tags: Sequence[str]) -> Found:
    """Those of the dataset's tags, as arrays."""
    mine = [one for one in detections if one.label in tags and one.box is not None]
    return Found(
        np.array([one.box.to_list() for one in mine if one.box], dtype=np.float32).reshape(-1, 4),
        np.array([one.confidence for one in mine], dtype=np.float32),
        np.array([tags.index(one.label) for one in mine], dtype=np.intp),
    )
