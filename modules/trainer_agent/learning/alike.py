"""Images that add nothing: they show the same as another, tagged in the same places. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_common.geometry import iou_matrix
from modules.trainer_agent.learning.comparison import truth_of
from modules.trainer_agent.learning.dataset import TaggedImage

LIKENESS = 0.98
"""Correlation of two small grey pictures from which they show the same."""
SAME_BOX = 0.7
"""Overlap of two boxes in the same place."""
LOOK_PX = 32


def alike(images: Sequence[TaggedImage], looks: Sequence[NDArray[np.uint8]]) -> tuple[tuple[str, str], ...]:
    """Pairs of digests, each image that shows the same as an earlier one with the first such.

    looks: the images in grey, shrunk to uint8 [LOOK_PX, LOOK_PX].
    """
    if len(images) < 2:
        return ()
    rows = np.stack([look.ravel() for look in looks]).astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    near = rows @ rows.T >= LIKENESS
    pairs = []
    for index, image in enumerate(images):
        twin = next(
            (other for other in np.flatnonzero(near[index, :index]).tolist() if same_tags(images[other], image)), None
        )
        if twin is not None:
            pairs.append((image.digest, images[twin].digest))
    return tuple(pairs)


def same_tags(first: TaggedImage, second: TaggedImage) -> bool:
    """Whether both have the same tags in the same places."""
    if sorted(first.tags) != sorted(second.tags) or len(first.boxes) != len(second.boxes):
        return False
    one, other = truth_of(first), truth_of(second)
    same = (iou_matrix(one.boxes, other.boxes) >= SAME_BOX) & (one.tags[:, None] == other.tags[None])
    return bool(same.any(axis=1).all() and same.any(axis=0).all())
