"""What one view of a tagged image is to the fit: head inputs, frozen boxes, old logits, and its tagged boxes."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edge_common.geometry import corners
from edge_common.ssd import ANCHORS, STRIDES, anchor_boxes
from modules.trainer_agent.learning.assign import Indices, candidates
from modules.trainer_agent.learning.boxes import decode, pair_iou
from modules.trainer_agent.learning.features import ViewFeatures
from modules.trainer_agent.learning.projection import Projection, project

Array = NDArray[np.float32]
Half = NDArray[np.float16]

_IGNORED_OVERLAP = 0.3


@dataclass(frozen=True)
class Grid:
    """The anchors of a square of `size_px`: level after level, place after place."""

    size_px: int
    centred: Array
    """cx, cy, w, h in 0-1: [anchors, 4]."""
    corners: Array
    first: tuple[int, ...]
    """Index of the first anchor of each level."""


@dataclass(frozen=True)
class Level:
    """An anchor level of an example, a row for each place; k anchors a place."""

    inputs: Half
    """[places, INPUTS]."""
    old_logits: Half
    """[places, k x 24]."""
    frozen: Array
    """[places, k x 4]."""
    background: Array
    """[places, k]."""


@dataclass(frozen=True)
class Example:
    """One view, ready for the fit; large arrays at 16 bits."""

    inputs: tuple[Half, ...]
    """For each level [places, INPUTS]."""
    old_logits: Half
    """[anchors, 24]."""
    frozen: Array
    """The backbone's own boxes cx, cy, w, h: [anchors, 4]."""
    targets: Array
    """Tagged boxes, corners: [g, 4]."""
    tags: Indices
    """[g]."""
    pool: Indices
    """Anchors that may answer for each tagged box: [g, CANDIDATES]."""
    background: Array
    """[anchors]: 1 where nothing tagged means background, 0 where a box was left out of the view."""

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """The same arrays by place: few long rows are gathered far faster than many short ones."""
        levels, first = [], 0
        for inputs, count in zip(self.inputs, ANCHORS, strict=True):
            places, mine = len(inputs), slice(first, first + len(inputs) * count)
            levels.append(
                Level(
                    inputs,
                    self.old_logits[mine].reshape(places, -1),
                    self.frozen[mine].reshape(places, -1),
                    self.background[mine].reshape(places, -1),
                )
            )
            first = mine.stop
        return tuple(levels)


def grid_of(size_px: int) -> Grid:
    """The anchors of a square picture, flattened."""
    levels = [level.reshape(-1, 4) for level in anchor_boxes(size_px)]
    centred = np.concatenate(levels)
    first = tuple(int(start) for start in np.cumsum([0] + [len(level) for level in levels[:-1]]))
    return Grid(size_px, centred, corners(centred), first)


def make_example(
    view: ViewFeatures, projection: Projection, grid: Grid, targets: Array, tags: Indices, ignored: Array
) -> Example:
    """An example from a view's features, its tagged boxes [g, 4], their tags [g] and boxes to leave out [i, 4]."""
    inputs = tuple(level.astype(np.float16) for level in project(view, projection))
    frozen = decode(view.encodings.astype(np.float32), grid.centred)
    frozen_corners = corners(frozen)
    background = np.ones(len(frozen), dtype=np.float32)
    if len(ignored):
        overlap = np.maximum(pair_iou(frozen_corners[:, None], ignored[None]), 0).max(axis=1)
        background[overlap > _IGNORED_OVERLAP] = 0
    pool = candidates(targets, frozen_corners, grid.corners)
    return Example(inputs, view.logits, frozen, targets, tags, pool, background)


def level_of(anchors: Indices, grid: Grid) -> list[tuple[Indices, Indices]]:
    """Anchor indices split by level: for each the places and which anchor of the place."""
    split = []
    bounds = [*grid.first, len(grid.centred)]
    for index in range(len(STRIDES)):
        mine = anchors[(anchors >= bounds[index]) & (anchors < bounds[index + 1])] - bounds[index]
        split.append((mine // ANCHORS[index], mine % ANCHORS[index]))
    return split


@dataclass(frozen=True)
class Near:
    """The places of one example that have an anchor in some tagged box's pool, and where the pools are in them."""

    places: tuple[Indices, ...]
    """For each level, ascending."""
    level: Indices
    """Of each anchor in the pools: [g, k]."""
    row: Indices
    """Its row, where the anchors of a level's near places are rows one after the other: [g, k]."""


def near_places(example: Example, grid: Grid) -> Near:
    """Where the example's tagged boxes may be answered for."""
    level = np.searchsorted(grid.first, example.pool, side="right") - 1
    row = np.empty_like(example.pool)
    near = []
    for index, (places, turns) in enumerate(level_of(example.pool.ravel(), grid)):
        mine, at = np.unique(places, return_inverse=True)
        row[level == index] = at * ANCHORS[index] + turns
        near.append(mine)
    return Near(tuple(near), level, row)


@dataclass(frozen=True)
class Places:
    """The places of one example that take part in a step."""

    near: Near
    far: tuple[Indices, ...]
    """Some of the others, for each level: background, each standing for several."""
    far_weight: float


def draw_places(example: Example, near: Near, share: float, rng: np.random.Generator) -> Places:
    """The near places of an example, and a random share of the others."""
    far = []
    for level, places in zip(example.inputs, near.places, strict=True):
        others = rng.random(len(level), dtype=np.float32) < share
        others[places] = False
        far.append(np.flatnonzero(others))
    return Places(near, tuple(far), 1 / share)
