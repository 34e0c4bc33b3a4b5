"""A detector's folds asked once more about the images that they have not learned from, by changed backbones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge_common.images import Pixels
from modules.trainer_agent.learning.augment import View, render
from modules.trainer_agent.learning.dataset import read_pixels
from modules.trainer_agent.learning.detect import Found, candidates
from modules.trainer_agent.learning.examples import grid_of, make_example
from modules.trainer_agent.learning.features import ViewFeatures
from modules.trainer_agent.learning.head import Head
from modules.trainer_agent.learning.projection import Projection
from modules.trainer_agent.learning.score import CrossValidation
from modules.trainer_agent.learning.teller import DETAIL, TagTeller
from modules.trainer_agent.learning.views import Tagged

Look = Callable[[Pixels], tuple[ViewFeatures, NDArray[np.uint8] | None]]
"""What backbones say of a square, uint8 [S, S, 3] BGR: the detector's features, and the map DETAIL where it is used."""

_NO_BOXES, _NO_TAGS = np.empty((0, 4), dtype=np.float32), np.empty(0, dtype=np.intp)


@dataclass(frozen=True)
class FoldCheck:
    """What each fold has learned, and what is to be found in the images held back from it."""

    checked: CrossValidation
    """With what was found by the backbones that were learned from."""
    tagged: Sequence[Tagged]
    views: Sequence[Sequence[View]]
    """Of each image, the plain one first: that is looked at."""
    size_px: int
    projection: Projection
    heads: Sequence[Head]
    """One without each fold."""
    tellers: Sequence[TagTeller] | None
    """One without each fold; None where there is one tag only."""

    def squares(self, images: Sequence[int]) -> list[Pixels]:
        """The plain views of images by their indices, uint8 [S, S, 3] BGR; raises ImageError if one is gone."""
        return [render(read_pixels(self.tagged[one].image), self.views[one][0], self.size_px) for one in images]

    def by(self, look: Look, progress: Callable[[float], None]) -> CrossValidation:
        """The same with what is found by these backbones; raises ImageError if a picture is gone."""
        found: dict[int, Found] = {}
        for fold, images in enumerate(self.checked.folds):
            for image in images:
                (square,) = self.squares([image])
                found[image] = self.find(fold, *look(square))
                progress(len(found) / len(self.tagged))
        return replace(self.checked, found=[found[image] for image in range(len(self.tagged))])

    def find(self, fold: int, features: ViewFeatures, detail: NDArray[np.uint8] | None) -> Found:
        """What one fold finds where the backbones have looked, as `Look`."""
        example = make_example(features, self.projection, grid_of(self.size_px), _NO_BOXES, _NO_TAGS, _NO_BOXES)
        likely = candidates(self.heads[fold], example)
        if self.tellers is None:
            return likely.times(np.ones(1, dtype=np.float32))
        maps = features.maps if detail is None else {DETAIL: detail, **features.maps}
        return likely.times(self.tellers[fold].shares(maps, likely.boxes))
