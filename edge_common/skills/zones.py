"""Zones drawn on a picture: what lies in an area, and how much of it is covered; shares of width and height alike."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_common.geometry import Box
from edge_common.skills.fields import Outline

CELLS = 128
"""What covers an area is counted in that many columns and rows of cells over it, so it is right to about a percent."""
_NEAR = 1e-9
"""Less apart is the same place."""
_Edge = tuple[float, float, float, float]
"""From a point to the next: x, y, x, y."""


def bounds_of(outline: Outline) -> Box:
    """The smallest box around it."""
    across, down = [x for x, _ in outline], [y for _, y in outline]
    return Box(min(across), min(down), max(across), max(down))


def edges_of(outline: Outline) -> tuple[_Edge, ...]:
    """Of an area: from each point to the next, and from the last to the first."""
    return tuple((*first, *second) for first, second in zip(outline, (*outline[1:], outline[0]), strict=True))


def containing(outline: Outline) -> Callable[[float, float], bool]:
    """A function that tells whether a point, x and y, lies in an area.

    Its border is part of it: a box that the picture cuts off stands on the picture's edge, as zones do that are drawn
    that far. Where an outline crosses itself, what is surrounded twice is outside.
    """
    bounds = bounds_of(outline)
    left, top, right, bottom = bounds.x0 - _NEAR, bounds.y0 - _NEAR, bounds.x1 + _NEAR, bounds.y1 + _NEAR
    edges = edges_of(outline)
    slopes = [(y0, y1, x0, (x1 - x0) / (y1 - y0)) for x0, y0, x1, y1 in edges if abs(y1 - y0) > _NEAR]
    borders = [(_around(edge), edge) for edge in edges]

    def contains(x: float, y: float) -> bool:
        if x < left or x > right or y < top or y > bottom:
            return False
        inside = False
        for y0, y1, x0, slope in slopes:
            if (y0 > y) != (y1 > y) and x < x0 + (y - y0) * slope:
                inside = not inside
        if inside:
            return True
        # A loop, as a generator would take twice the time for most boxes.
        for (x0, y0, x1, y1), edge in borders:  # noqa: SIM110
            if x0 <= x <= x1 and y0 <= y <= y1 and _touches(edge, x, y):
                return True
        return False

    return contains


def _around(edge: _Edge) -> _Edge:
    """Where a point may touch it: left, top, right, bottom."""
    x0, y0, x1, y1 = edge
    return min(x0, x1) - _NEAR, min(y0, y1) - _NEAR, max(x0, x1) + _NEAR, max(y0, y1) + _NEAR


def _touches(edge: _Edge, x: float, y: float) -> bool:
    x0, y0, x1, y1 = edge
    across, down = x1 - x0, y1 - y0
    length = across * across + down * down
    along = min(max(((x - x0) * across + (y - y0) * down) / length, 0.0), 1.0) if length > 0 else 0.0
    return abs(x0 + along * across - x) <= _NEAR and abs(y0 + along * down - y) <= _NEAR


def sharing(outline: Outline) -> Callable[[Box], float]:
    """A function that tells the share of a box, 0 to 1, that lies in an area; 0 of a box without area.

    By Green's theorem: each edge adds what of the box lies above it, plus on the way right and minus on the way back.
    So where an outline crosses itself, parts that are gone round in opposite ways make up for each other.
    """
    edges = []
    for x0, y0, x1, y1 in edges_of(outline):
        if abs(x1 - x0) > _NEAR:
            left, right, first = (x0, x1, y0) if x0 < x1 else (x1, x0, y1)
            edges.append((left, right, min(y0, y1), max(y0, y1), first, (y1 - y0) / (x1 - x0), 1 if x0 < x1 else -1))

    def share_inside(box: Box) -> float:
        x0, y0, x1, y1 = box.x0, box.y0, box.x1, box.y1
        height = y1 - y0
        whole = (x1 - x0) * height
        if whole <= 0:
            return 0.0
        area = 0.0
        for left, right, high, low, first, slope, sign in edges:
            if left < x1 and x0 < right and low > y0:
                start, end = left if left > x0 else x0, right if right < x1 else x1
                if high >= y1:
                    area += sign * (end - start) * height
                else:
                    top = first - y0
                    mean = _mean_within(top + (start - left) * slope, top + (end - left) * slope, height)
                    area += sign * (end - start) * mean
        return min(abs(area) / whole, 1.0)

    return share_inside


def _mean_within(first: float, second: float, height: float) -> float:
    """The mean of min(max(y, 0), height) for y from one number to another."""
    if first > second:
        first, second = second, first
    if second <= 0:
        return 0.0
    if first >= height:
        return height
    if second - first < _NEAR:
        return min(max(first, 0.0), height)
    low, high = max(first, 0.0), min(second, height)
    return ((high - low) * (low + high) / 2 + (second - high) * height) / (second - first)


class Cells(NamedTuple):
    """An area as cells, each in it or not: bool [CELLS, CELLS], rows down."""

    bounds: Box
    inside: NDArray[np.bool_]
    number: int
    """Of those that are."""


def cells_of(outline: Outline) -> Cells:
    """The cells whose centres lie in an area; none of one that is but a line."""
    bounds = bounds_of(outline)
    middles = (np.arange(CELLS) + 0.5) / CELLS
    x = bounds.x0 + middles[None, :] * bounds.width
    y = bounds.y0 + middles[:, None] * bounds.height
    inside = np.zeros((CELLS, CELLS), dtype=np.bool_)
    if min(bounds.width, bounds.height) > _NEAR:
        for x0, y0, x1, y1 in edges_of(outline):
            if abs(y1 - y0) > _NEAR:
                inside ^= ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
    return Cells(bounds, inside, int(np.count_nonzero(inside)))


def covered(cells: Cells, boxes: Iterable[Box]) -> float:
    """The share of an area, 0 to 1, that boxes cover together; 0 of an area without cells."""
    bounds, inside, number = cells
    if not number:
        return 0.0
    left, top = bounds.x0, bounds.y0
    across, down = CELLS / bounds.width, CELLS / bounds.height
    bare = inside.copy()
    for box in boxes:
        # A cell is covered when its centre is.
        x1, y1 = round((box.x1 - left) * across), round((box.y1 - top) * down)
        if x1 > 0 and y1 > 0:
            # Below 0 a slice would count from the end.
            x0, y0 = round((box.x0 - left) * across), round((box.y0 - top) * down)
            bare[y0 if y0 > 0 else 0 : y1, x0 if x0 > 0 else 0 : x1] = False
    return (number - int(np.count_nonzero(bare))) / number
