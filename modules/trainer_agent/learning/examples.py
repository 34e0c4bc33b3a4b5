"""What one view of a tagged image is to the fit: head inputs, frozen boxes, old logits, and its tagged boxes."""

from dataclasses import dataclass

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


def near_places(example: Example, grid: Grid) -> tuple[Indices, ...]:
    """For each level the places with an anchor in some tagged box's pool."""
    return tuple(np.unique(places) for places, _ in level_of(example.pool.ravel(), grid))


@dataclass(frozen=True)
class Places:
    """The places of one example that take part in a step, for each level."""

    near: tuple[Indices, ...]
    """Places with an anchor that may answer for a tagged box."""
    far: tuple[Indices, ...]
    """Some of the others: background, each standing for several."""
    far_weight: float


def draw_places(example: Example, near: tuple[Indices, ...], share: float, rng: np.random.Generator) -> Places:
    """The near places of an example, and a random share of the others."""
    far = []
    for level, places in zip(example.inputs, near, strict=True):
        others = rng.random(len(level), dtype=np.float32) < share
        others[places] = False
        far.append(np.flatnonzero(others))
    return Places(near, tuple(far), 1 / share)
