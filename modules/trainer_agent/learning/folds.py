"""Cross-validation folds over tagged images, each tag spread over the folds as evenly as it can be."""

from collections.abc import Sequence

import numpy as np

MOST_FOLDS = 5


def make_folds(
    tags_of_images: Sequence[frozenset[int]],
    seed: int,
    most: int = MOST_FOLDS,
    dealt: Sequence[Sequence[int]] | None = None,
) -> list[list[int]]:
    """Indices of the images to hold out in each fold, `most` of them at most; every image is held out once.

    Images are dealt out in random order, those of the rarest tag first, each to the fold that has fewest of its tags.
    With `dealt`, folds of indices, these stay where they are and the other images are dealt to the same folds.
    """
    rng = np.random.default_rng(seed)
    counts: dict[int, int] = {}
    for tags in tags_of_images:
        for tag in tags:
            counts[tag] = counts.get(tag, 0) + 1
    rarest = [min((counts[tag] for tag in tags), default=len(tags_of_images)) for tags in tags_of_images]
    order = sorted(rng.permutation(len(tags_of_images)).tolist(), key=lambda index: rarest[index])
    folds = [list(fold) for fold in dealt or [()] * min(most, len(tags_of_images))]
    there = {index for fold in folds for index in fold}
    for index in order:
        if index in there:
            continue
        shared = [sum(len(tags_of_images[index] & tags_of_images[other]) for other in fold) for fold in folds]
        fullness = [len(fold) for fold in folds]
        folds[min(range(len(folds)), key=lambda fold: (shared[fold], fullness[fold], fold))].append(index)
    return [sorted(fold) for fold in folds if fold]
