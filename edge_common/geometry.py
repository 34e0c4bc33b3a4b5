"""Boxes and letterboxing: immutable values in normalised coordinates, and the same maths on arrays."""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from edge_common.errors import InvalidInput

Boxes = NDArray[np.float32]
"""Corner boxes x0, y0, x1, y1: float32 [n, 4]."""


@dataclass(frozen=True, slots=True)
class Box:
    """Corners as fractions of the picture's width and height, x to the right and y down."""

    x0: float
    y0: float
    x1: float
    y1: float

    def __post_init__(self) -> None:
        corners = (self.x0, self.y0, self.x1, self.y1)
        if not all(math.isfinite(corner) for corner in corners):
            raise InvalidInput(f"box: corners must be finite numbers, got {corners}")
        if self.x1 < self.x0 or self.y1 < self.y0:
            raise InvalidInput(f"box: x0 <= x1 and y0 <= y1 expected, got {corners}")

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        return self.width * self.height

    def clip(self) -> "Box":
        """The part inside the picture (of zero area if there is none)."""
        if self.x0 >= 0 and self.y0 >= 0 and self.x1 <= 1 and self.y1 <= 1:
            return self
        x0, y0, x1, y1 = (min(max(corner, 0.0), 1.0) for corner in (self.x0, self.y0, self.x1, self.y1))
        return Box(x0, y0, x1, y1)

    def intersection(self, other: "Box") -> float:
        """Area shared with another box."""
        width = min(self.x1, other.x1) - max(self.x0, other.x0)
        height = min(self.y1, other.y1) - max(self.y0, other.y0)
        return max(width, 0.0) * max(height, 0.0)

    def iou(self, other: "Box") -> float:
        """Intersection over union, 0 to 1."""
        shared = self.intersection(other)
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0

    def to_list(self) -> list[float]:
        return [self.x0, self.y0, self.x1, self.y1]

    @classmethod
    def from_list(cls, corners: object) -> Self:
        """A box from four numbers; raises InvalidInput that names what came instead."""
        if not isinstance(corners, list | tuple) or len(corners) != 4:
            raise InvalidInput(f"box: four numbers [x0, y0, x1, y1] expected, got {corners!r}")
        if not all(isinstance(corner, int | float) and not isinstance(corner, bool) for corner in corners):
            raise InvalidInput(f"box: four numbers [x0, y0, x1, y1] expected, got {corners!r}")
        return cls(*(float(corner) for corner in corners))


@dataclass(frozen=True, slots=True)
class Letterbox:
    """How a picture of `width` x `height` px lies, unstretched and centred, in a square of `size` px."""

    width: int
    height: int
    size: int

    @property
    def scale(self) -> float:
        return self.size / max(self.width, self.height)

    @property
    def inner_width(self) -> int:
        return max(1, round(self.width * self.scale))

    @property
    def inner_height(self) -> int:
        return max(1, round(self.height * self.scale))

    @property
    def left(self) -> int:
        return (self.size - self.inner_width) // 2

    @property
    def top(self) -> int:
        return (self.size - self.inner_height) // 2

    def into(self, boxes: Boxes) -> Boxes:
        """Boxes [n, 4] of the picture (0-1) as boxes of the square (0-1)."""
        return (boxes * self._spans() + self._offsets()) / np.float32(self.size)

    def back(self, boxes: Boxes) -> Boxes:
        """Boxes [n, 4] of the square (0-1) as boxes of the picture (0-1), not clipped."""
        return (boxes * np.float32(self.size) - self._offsets()) / self._spans()

    def _spans(self) -> Boxes:
        spans = (self.inner_width, self.inner_height)
        return np.array([*spans, *spans], dtype=np.float32)

    def _offsets(self) -> Boxes:
        return np.array([self.left, self.top, self.left, self.top], dtype=np.float32)


def iou_matrix(first: Boxes, second: Boxes) -> NDArray[np.float32]:
    """Intersection over union of every pair: [n, 4] and [m, 4] give float32 [n, m]."""
    across, down = (_shared_span(first[:, side::2], second[:, side::2]) for side in (0, 1))
    shared = across * down
    areas = [(boxes[:, 2:] - boxes[:, :2]).clip(0).prod(axis=1) for boxes in (first, second)]
    union = areas[0][:, None] + areas[1][None, :] - shared
    return np.asarray(shared / np.maximum(union, 1e-9), dtype=np.float32)


def _shared_span(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Length that spans share, pair by pair: from and to, [n, 2] and [m, 2], give [n, m]."""
    low = np.maximum(first[:, None, 0], second[None, :, 0])
    high = np.minimum(first[:, None, 1], second[None, :, 1])
    return np.asarray(np.maximum(high - low, 0), dtype=np.float32)


def corners(centres: Boxes) -> Boxes:
    """[..., 4] as cx, cy, w, h to corners x0, y0, x1, y1."""
    half = centres[..., 2:] / 2
    return np.concatenate([centres[..., :2] - half, centres[..., :2] + half], axis=-1)


def centres(corner_boxes: Boxes) -> Boxes:
    """[..., 4] corners x0, y0, x1, y1 to cx, cy, w, h."""
    span = corner_boxes[..., 2:] - corner_boxes[..., :2]
    return np.concatenate([corner_boxes[..., :2] + span / 2, span], axis=-1)


def suppress(
    boxes: Boxes, scores: NDArray[np.float32], iou: float, limit: int, classes: NDArray[np.intp] | None = None
) -> NDArray[np.intp]:
    """Greedy non-maximum suppression: indices kept, best first, at most `limit` of a class.

    boxes [n, 4] corners, scores [n], classes [n]; of two of a class that overlap by more than `iou` the better stays.
    Without `classes` all are of one.
    """
    order = np.argsort(-scores, kind="stable")
    of = np.zeros(len(order), dtype=np.intp) if classes is None else classes[order]
    overlaps = (iou_matrix(boxes[order], boxes[order]) > iou) & (of[:, None] == of)
    alive = np.ones(len(order), dtype=bool)
    kept: list[int] = []
    count: Counter[int] = Counter()
    for rank, one in enumerate(of.tolist()):
        if alive[rank] and count[one] < limit:
            kept.append(rank)
            count[one] += 1
            alive &= ~overlaps[rank]
    return order[np.array(kept, dtype=np.intp)]
