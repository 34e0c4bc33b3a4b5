"""Teaches tellers which tag a tagged box has: looks at the boxes of all images, checks on folds, keeps the whole."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor

import numpy as np

from modules.trainer_agent.learning.augment import View, view_boxes
from modules.trainer_agent.learning.detect import Candidates, Found
from modules.trainer_agent.learning.features import unpack
from modules.trainer_agent.learning.outcome import Progress
from modules.trainer_agent.learning.side_by_side import side_by_side
from modules.trainer_agent.learning.teller import (
    DETAIL,
    Described,
    Maps,
    TagTeller,
    TellerOptions,
    choose_options,
    describe,
    fit_tellers,
    joined,
)
from modules.trainer_agent.learning.views import CachedViews, Tagged

DETAIL_VIEWS = 3
"""Of each image, for telling tags apart."""
MOST_BOXES = 2000
"""Boxes of all views that are learned from: the time of a fit grows with their cube. Of more, some are drawn."""


class Teaching:
    """Tellers of the tags: fitted without each fold to check, and on all images to keep."""

    def __init__(
        self,
        source: CachedViews,
        details: CachedViews,
        tagged: Sequence[Tagged],
        views: Sequence[Sequence[View]],
        tags: int,
    ) -> None:
        self._source = source
        self._details = details
        self._tagged = tagged
        self._views = views
        self._tags = tags
        boxes = sum(len(one.tags) for one in tagged)
        self._look_at = max(1, min(DETAIL_VIEWS, MOST_BOXES // max(1, boxes)))
        self._share = min(1.0, MOST_BOXES / max(1, boxes * self._look_at))
        self._described: list[Described] = []
        self._options: list[TellerOptions] = []
        self.of_folds: list[TagTeller] = []
        """Each without its fold, once tags were told apart."""

    def look(self, pool: Executor, ahead: int, progress: Progress) -> None:
        """Describe the tagged boxes of all images; holds the maps of a few at a time."""
        for one in side_by_side(pool, self._describe, range(len(self._tagged)), ahead=ahead):
            self._described.append(one)
            progress.done(len(self._described) / len(self._tagged))

    def tell_apart(self, candidates: Mapping[int, Candidates], folds: Sequence[Sequence[int]]) -> list[Found]:
        """What is found in each image, its tags told by a teller that has not learned from it."""
        self._options = choose_options(self._described, folds, self._tags)
        found: dict[int, Found] = {}
        for fold in folds:
            learned = [one for image, one in enumerate(self._described) if image not in fold]
            teller = fit_tellers(joined(learned), self._tags, self._options)
            self.of_folds.append(teller)
            for image in fold:
                (maps,) = self._maps(image, 1)
                found[image] = candidates[image].times(teller.shares(maps, candidates[image].boxes))
        return [found[image] for image in range(len(self._tagged))]

    def teller(self) -> TagTeller:
        return fit_tellers(joined(self._described), self._tags, self._options)

    def _describe(self, image: int) -> Described:
        one, parts = self._tagged[image], []
        rng = np.random.default_rng(image)
        for view, maps in zip(self._views[image], self._maps(image, self._look_at), strict=False):
            boxes, visible = view_boxes(one.boxes, one.width, one.height, view, self._source.size_px)
            visible &= rng.random(len(visible)) < self._share
            parts.append(describe(maps, boxes[visible], one.tags[visible]))
        return joined(parts)

    def _maps(self, image: int, views: int) -> list[Maps]:
        one, mine = self._tagged[image], self._views[image][:views]
        features, details = self._source.arrays(one, mine), self._details.arrays(one, mine)
        return [
            {DETAIL: detail["map"].astype(np.uint8, copy=False), **unpack(each).maps}
            for each, detail in zip(features, details, strict=True)
        ]
