"""The views that are learned from: which views of each image, and their features, computed or from the cache."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modules.trainer_agent.learning.augment import View, plain_view, random_view, render
from modules.trainer_agent.learning.backbone import DetailBackbone, DetectionBackbone
from modules.trainer_agent.learning.dataset import TaggedImage, read_pixels
from modules.trainer_agent.learning.feature_cache import FeatureCache
from modules.trainer_agent.learning.features import ViewFeatures, pack, unpack

Array = NDArray[np.float32]

MOST_COPIES, FEWEST_COPIES = 8, 2
MOST_PIXELS = 320 * 320 * 320
"""Of all views together, as far as FEWEST_COPIES allows: what bounds time and memory."""
_VERSION = 1
"""Counts up when views or features are made differently, so that old cache entries are not taken for new ones."""


@dataclass(frozen=True)
class Tagged:
    """A usable image: its size in pixels and its tagged boxes as arrays."""

    image: TaggedImage
    width: int
    height: int
    boxes: Array
    """Corners [g, 4], 0-1 of the picture."""
    tags: NDArray[np.intp]
    """[g]."""


def copies_for(images: int, size_px: int) -> int:
    """How many views of each image: many of few and small ones, few of many or large ones."""
    return max(FEWEST_COPIES, min(MOST_COPIES, MOST_PIXELS // (images * size_px**2)))


def choose_views(one: Tagged, size_px: int, copies: int, seed: int) -> list[View]:
    """The plain view and random ones; the same each time for the same picture and seed, whatever is tagged in it."""
    rng = np.random.default_rng([seed, int(one.image.digest[:15], 16)])
    plain = plain_view(one.width, one.height, size_px)
    return [plain, *(random_view(one.width, one.height, size_px, rng) for _ in range(copies - 1))]


class DetailSource:
    """Detail maps of an image's views: from the cache when they were computed before."""

    def __init__(self, backbone: DetailBackbone, backbone_sha256: str, cache: FeatureCache, size_px: int) -> None:
        self._backbone = backbone
        self._sha256 = backbone_sha256
        self._cache = cache
        self._size_px = size_px

    def maps(self, one: Tagged, views: Sequence[View]) -> NDArray[np.uint8]:
        """uint8 [views, channels, rows, columns]; raises ImageError if the picture has to be read and cannot be."""
        recipe = f"detail {_VERSION} {one.image.digest} {self._sha256} {self._size_px} {list(views)}"
        stored = self._cache.load(recipe)
        if stored is not None:
            return stored["maps"].astype(np.uint8, copy=False)
        pixels = read_pixels(one.image)
        made = self._backbone.maps([render(pixels, view, self._size_px) for view in views])
        self._cache.save(recipe, {"maps": made})
        return made


class FeatureSource:
    """Features of an image's views: from the cache when they were computed before."""

    def __init__(self, backbone: DetectionBackbone, backbone_sha256: str, cache: FeatureCache, size_px: int) -> None:
        self._backbone = backbone
        self._sha256 = backbone_sha256
        self._cache = cache
        self.size_px = size_px

    def features(self, one: Tagged, views: Sequence[View]) -> list[ViewFeatures]:
        """One ViewFeatures for each view; raises ImageError if the picture has to be read and cannot be."""
        recipe = f"{_VERSION} {one.image.digest} {self._sha256} {self.size_px} {list(views)}"
        stored = self._cache.load(recipe)
        if stored is not None:
            return unpack(stored)
        pixels = read_pixels(one.image)
        squares = [render(pixels, view, self.size_px) for view in views]
        made = self._backbone.features(squares)
        self._cache.save(recipe, pack(made))
        return made
