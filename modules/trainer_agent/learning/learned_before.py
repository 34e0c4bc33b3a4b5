"""What a full training leaves behind, so that the next of the same model needs to learn only what has changed.

Its heads are starting points (fine-tuning): one whose images are the same stays as it is, the others take a few epochs.
Each image stays in the fold that it was in, so no head is ever checked on what it has learned from.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_common.ssd import FEATURE_MAPS
from modules.trainer_agent.learning.feature_cache import FeatureCache
from modules.trainer_agent.learning.folds import make_folds
from modules.trainer_agent.learning.head import Head
from modules.trainer_agent.learning.projection import Projection
from modules.trainer_agent.learning.views import Tagged

MOST_CHANGED = 0.2
"""Of the images that were learned from; when more were added, removed or tagged anew, everything is learned again."""


@dataclass(frozen=True)
class LearnedBefore:
    """The parts of a full training."""

    projection: Projection
    heads: tuple[Head, ...]
    """One for each fold: it has learned from the images of all the others."""
    fold_of: Mapping[str, int]
    """By the digest of an image."""
    boxes_of: Mapping[str, str]
    """By the digest of an image: that of the boxes that were tagged in it."""

    def folds(self, tagged: Sequence[Tagged], seed: int) -> list[list[int]] | None:
        """Indices of the images to hold out in each fold; None when too much has changed since."""
        here = {one.image.digest for one in tagged}
        changed = len(self.fold_of.keys() - here) + sum(map(self.is_new, tagged))
        if changed > MOST_CHANGED * len(self.fold_of):
            return None
        dealt: list[list[int]] = [[] for _ in self.heads]
        for index, one in enumerate(tagged):
            if one.image.digest in self.fold_of:
                dealt[self.fold_of[one.image.digest]].append(index)
        folds = make_folds(tags_of(tagged), seed, len(self.heads), dealt)
        # Of a fold that has lost all its images there is none left.
        return folds if len(folds) == len(self.heads) else None

    def unchanged(self, fold: int, learn: Sequence[Tagged]) -> bool:
        """Whether a fold's head would learn from the very images that it has learned from, tagged as they were."""
        learned = {digest for digest, other in self.fold_of.items() if other != fold}
        return learned == {one.image.digest for one in learn} and not any(map(self.is_new, learn))

    def is_new(self, one: Tagged) -> bool:
        """Whether it was not learned from, or not as it is tagged now."""
        return self.boxes_of.get(one.image.digest) != _boxes_digest(one)


def tags_of(tagged: Sequence[Tagged]) -> list[frozenset[int]]:
    """The tags in each image."""
    return [frozenset(one.tags.tolist()) for one in tagged]


def keep_learned(
    cache: FeatureCache,
    recipe: str,
    projection: Projection,
    heads: Sequence[Head],
    tagged: Sequence[Tagged],
    folds: Sequence[Sequence[int]],
) -> None:
    """Keep what a full training learned, in place of what an earlier one did; raises OSError when the disk is full."""
    fold_of = {index: fold for fold, held_out in enumerate(folds) for index in held_out}
    arrays: dict[str, NDArray[np.generic]] = {
        "heads": np.stack([head.values for head in heads]),
        "tags": np.array(heads[0].tags),
        "digests": np.array([one.image.digest for one in tagged]),
        "folds": np.array([fold_of[index] for index in range(len(tagged))]),
        "boxes": np.array([_boxes_digest(one) for one in tagged]),
    }
    for name in FEATURE_MAPS:
        arrays[f"{name} weights"] = projection.weights[name]
        arrays[f"{name} biases"] = projection.biases[name]
    cache.save(recipe, arrays)


def load_learned(cache: FeatureCache, recipe: str) -> LearnedBefore | None:
    """What was kept by this recipe; None if there is nothing, or it is damaged."""
    arrays = cache.load(recipe)
    if arrays is None:
        return None
    digests = arrays["digests"].tolist()
    return LearnedBefore(
        Projection(
            {name: arrays[f"{name} weights"].astype(np.float32, copy=False) for name in FEATURE_MAPS},
            {name: arrays[f"{name} biases"].astype(np.float32, copy=False) for name in FEATURE_MAPS},
        ),
        tuple(Head(int(arrays["tags"]), values) for values in arrays["heads"].astype(np.float32, copy=False)),
        dict(zip(digests, arrays["folds"].tolist(), strict=True)),
        dict(zip(digests, arrays["boxes"].tolist(), strict=True)),
    )


def _boxes_digest(one: Tagged) -> str:
    # Which tag a box has is not the head's business.
    return hashlib.sha256(one.boxes.tobytes()).hexdigest()
