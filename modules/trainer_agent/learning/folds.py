"""Cross-validation folds over tagged images, each tag spread over the folds as evenly as it can be."""

from collections.abc import Sequence

import numpy as np

MOST_FOLDS = 5


def make_folds(tags_of_images: Sequence[frozenset[int]], seed: int, most: int = MOST_FOLDS) -> list[list[int]]:
    """Indices of the images to hold out in each fold, `most` of them at most; every image is held out once.

    Images are dealt out in random order, those of the rarest tag first, each to the fold that has fewest of its tags.
    """
    rng = np.random.default_rng(seed)
    counts: dict[int, int] = {}
    for tags in tags_of_images:
        for tag in tags:
            counts[tag] = counts.get(tag, 0) + 1
    rarest = [min((counts[tag] for tag in tags), default=len(tags_of_images)) for tags in tags_of_images]
    order = sorted(rng.permutation(len(tags_of_images)).tolist(), key=lambda index: rarest[index])
    dealt: list[list[int]] = [[] for _ in range(min(most, len(tags_of_images)))]
    for index in order:
        shared = [sum(len(tags_of_images[index] & tags_of_images[other]) for other in fold) for fold in dealt]
        fullness = [len(fold) for fold in dealt]
        dealt[min(range(len(dealt)), key=lambda fold: (shared[fold], fullness[fold], fold))].append(index)
    return [sorted(fold) for fold in dealt if fold]
