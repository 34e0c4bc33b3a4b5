"""The views that are learned from: which views of each image, and their features, computed or from the cache."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_common.images import Pixels
from modules.trainer_agent.learning.augment import View, plain_view, random_view, render
from modules.trainer_agent.learning.dataset import TaggedImage, read_pixels
from modules.trainer_agent.learning.feature_cache import FeatureCache
from modules.trainer_agent.learning.features import Arrays

Array = NDArray[np.float32]

MOST_COPIES, FEWEST_COPIES = 8, 2
MOST_PIXELS = 320 * 320 * 320
"""Of all views together, as far as FEWEST_COPIES allows: what bounds time and memory."""
MOST_AT_ONCE_PX = 2 * 640 * 640
"""Of all squares that are looked at side by side."""
HELD_BYTES = 110_000_000
"""Of a backbone's arrays that stay in memory."""
_VERSION = 3
"""Counts up when views or features are made differently, so that old cache entries are not taken for new ones."""


class Backbone(Protocol):
    """A frozen network."""

    def arrays(self, square: Pixels) -> Arrays:
        """What it says of a square, uint8 [S, S, 3] BGR."""


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


def squares_at_once(size_px: int, threads: int) -> int:
    """How many squares backbones may look at side by side.

    Each on one thread, they take a quarter less time than one after the other on all; but each takes memory for itself.
    """
    return max(1, min(threads, MOST_AT_ONCE_PX // size_px**2))


def copies_for(images: int, size_px: int) -> int:
    """How many views of each image: many of few and small ones, few of many or large ones."""
    return max(FEWEST_COPIES, min(MOST_COPIES, MOST_PIXELS // (images * size_px**2)))


def choose_views(one: Tagged, size_px: int, copies: int, seed: int) -> list[View]:
    """The plain view and random ones; the same each time for the same picture and seed, whatever is tagged in it."""
    rng = np.random.default_rng([seed, int(one.image.digest[:15], 16)])
    plain = plain_view(one.width, one.height, size_px)
    return [plain, *(random_view(one.width, one.height, size_px, rng) for _ in range(copies - 1))]


class CachedViews:
    """What a backbone says of the views of images: from memory or the cache when it was asked before.

    Each view is kept by itself: of many or large images fewer views are looked at than when they were few, and those
    are among the ones that were.

    `arrays` may be called from several threads.
    """

    def __init__(
        self, open_backbone: Callable[[], Backbone], backbone_sha256: str, cache: FeatureCache, size_px: int
    ) -> None:
        self.size_px = size_px
        self._open = open_backbone
        self._sha256 = backbone_sha256
        self._cache = cache
        self._lock = threading.Lock()
        self._backbone: Backbone | None = None
        self._held: dict[str, Arrays] = {}
        self._room_bytes = HELD_BYTES

    def arrays(self, one: Tagged, views: Sequence[View]) -> list[Arrays]:
        """The backbone's arrays of each view; raises ImageError if the picture has to be read and cannot be."""
        pixels: Pixels | None = None
        found = []
        for view in views:
            recipe = self._recipe(one, view)
            arrays = self._held.get(recipe) or self._cache.load(recipe)
            if arrays is None:
                pixels = read_pixels(one.image) if pixels is None else pixels
                arrays = self._ready().arrays(render(pixels, view, self.size_px))
                self._cache.save(recipe, arrays)
            self._hold(recipe, arrays)
            found.append(arrays)
        return found

    def missing(self, pairs: Iterable[tuple[Tagged, list[View]]]) -> list[tuple[Tagged, list[View]]]:
        """The images of which the backbone has to be asked."""
        return [
            (one, views) for one, views in pairs if not all(self._cache.has(self._recipe(one, view)) for view in views)
        ]

    def rest(self) -> None:
        """Free the backbone's memory; asked for something new, it is loaded again."""
        self._backbone = None

    def forget(self) -> None:
        """Free what is held in memory, and hold nothing more; it is in the cache."""
        self._held.clear()
        self._room_bytes = 0

    def _recipe(self, one: Tagged, view: View) -> str:
        return f"{_VERSION} {one.image.digest} {self._sha256} {self.size_px} {view}"

    def _ready(self) -> Backbone:
        with self._lock:
            if self._backbone is None:
                self._backbone = self._open()
            return self._backbone

    def _hold(self, recipe: str, arrays: Arrays) -> None:
        """Keep in memory what comes first, as long as there is room: each image is looked at two or three times."""
        size = sum(array.nbytes for array in arrays.values())
        with self._lock:
            if recipe not in self._held and size <= self._room_bytes:
                self._held[recipe] = arrays
                self._room_bytes -= size
