"""Views of a tagged image: as it is, and scaled, shifted, mirrored and relit copies. Pure; seeded by its caller."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_common.geometry import Boxes
from edge_common.images import LETTERBOX_GREY, Pixels

ZOOM = 1.6
ASPECT = 1.2
VISIBLE_SHARE = 0.3
"""A box with less than this part of its area left in the view is neither an example nor background."""


@dataclass(frozen=True)
class View:
    """How a picture is laid into the square: x' = scale_x x + shift_x (px), mirrored first, then relit."""

    scale_x: float
    scale_y: float
    shift_x: float
    shift_y: float
    mirrored: bool
    contrast: float
    brightness: float
    gains: tuple[float, float, float]


def plain_view(width: int, height: int, size: int) -> View:
    """The picture as inference sees it: letterboxed and nothing else."""
    scale = size / max(width, height)
    left, top = (size - width * scale) / 2, (size - height * scale) / 2
    return View(scale, scale, left, top, mirrored=False, contrast=1.0, brightness=0.0, gains=(1.0, 1.0, 1.0))


def random_view(width: int, height: int, size: int, rng: np.random.Generator, zoom: float = ZOOM) -> View:
    """A copy as another day might show it: scaled by 1 / zoom to zoom, stretched, shifted, mirrored or not, relit."""
    scale = np.exp(rng.uniform(-np.log(zoom), np.log(zoom)))
    aspect = np.exp(rng.uniform(-np.log(ASPECT), np.log(ASPECT)) / 2)
    plain = size / max(width, height)
    scale_x, scale_y = plain * scale * aspect, plain * scale / aspect
    shift_x, shift_y = rng.uniform(0, 1, 2) * (size - width * scale_x, size - height * scale_y)
    gains = rng.uniform(0.9, 1.1, 3)
    return View(
        float(scale_x),
        float(scale_y),
        float(shift_x),
        float(shift_y),
        mirrored=bool(rng.random() < 0.5),
        contrast=float(rng.uniform(0.7, 1.3)),
        brightness=float(rng.uniform(-25, 25)),
        gains=(float(gains[0]), float(gains[1]), float(gains[2])),
    )


def render(pixels: Pixels, view: View, size: int) -> Pixels:
    """The view as uint8 [size, size, 3] on grey."""
    width = pixels.shape[1]
    mirror = -1 if view.mirrored else 1
    offset = view.shift_x + (view.scale_x * (width - 1) if view.mirrored else 0)
    # Pixel centres lie at halves: without these terms a scaled picture would sit half a pixel off its boxes.
    half_x, half_y = view.scale_x / 2 - 0.5, view.scale_y / 2 - 0.5
    matrix = np.array([[mirror * view.scale_x, 0, offset + half_x], [0, view.scale_y, view.shift_y + half_y]])
    if max(view.scale_x, view.scale_y) < 0.6:
        pixels, matrix = _halved(pixels, matrix)
    grey = (LETTERBOX_GREY,) * 3
    square = cv2.warpAffine(pixels, matrix, (size, size), flags=cv2.INTER_LINEAR, borderValue=grey)
    if view.contrast == 1 and view.brightness == 0 and view.gains == (1, 1, 1):
        return np.asarray(square, dtype=np.uint8)
    levels = np.arange(256, dtype=np.float32)
    lit = (levels - 128) * view.contrast + 128 + view.brightness
    table = np.stack([np.clip(lit * gain, 0, 255) for gain in view.gains], axis=-1)
    return np.asarray(cv2.LUT(square, table.round().astype(np.uint8)[None]), dtype=np.uint8)


def view_boxes(boxes: Boxes, width: int, height: int, view: View, size: int) -> tuple[Boxes, NDArray[np.bool_]]:
    """Boxes [n, 4] of the picture (0-1) as boxes of the view (0-1, clipped), and which are visible enough [n]."""
    placed = boxes.astype(np.float32).copy()
    if view.mirrored:
        placed[:, [0, 2]] = 1 - placed[:, [2, 0]]
    placed[:, [0, 2]] = (placed[:, [0, 2]] * width * view.scale_x + view.shift_x) / size
    placed[:, [1, 3]] = (placed[:, [1, 3]] * height * view.scale_y + view.shift_y) / size
    clipped = placed.clip(0, 1)
    before = np.prod(placed[:, 2:] - placed[:, :2], axis=1)
    after = np.prod(clipped[:, 2:] - clipped[:, :2], axis=1)
    return clipped, after > VISIBLE_SHARE * before


def _halved(pixels: Pixels, matrix: NDArray[np.float64]) -> tuple[Pixels, NDArray[np.float64]]:
    """Shrink by areas first: sampling a much larger picture at points would alias where inference averages."""
    height, width = pixels.shape[:2]
    scale = max(abs(matrix[0, 0]), matrix[1, 1])
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(pixels, inner, interpolation=cv2.INTER_AREA)
    ratio_x, ratio_y = inner[0] / width, inner[1] / height
    matrix = matrix.copy()
    # Undo the shrinking in the matrix, about pixel centres.
    matrix[0, 2] += matrix[0, 0] * (0.5 / ratio_x - 0.5)
    matrix[1, 2] += matrix[1, 1] * (0.5 / ratio_y - 0.5)
    matrix[0, 0] /= ratio_x
    matrix[1, 1] /= ratio_y
    return np.asarray(small, dtype=np.uint8), matrix
