"""Box maths of the head: decoding, correction, generalised IoU and its gradient. The dtype of arguments is kept."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

CENTRE_SCALE, SIZE_SCALE = 10.0, 5.0
"""Of the detector's box encodings."""
_SMALL = np.float32(1e-7)
MOST_FROZEN_GROWTH = 8.0
"""The frozen regressor may grow or shrink an anchor's side by at most exp of this."""
MOST_GROWTH = 2.0
"""A correction may grow or shrink a side by at most exp of this."""


def decode(encodings: Array, anchors: Array) -> Array:
    """The frozen boxes cx, cy, w, h (0-1): encodings ty, tx, th, tw [..., 4] on anchors cx, cy, w, h [..., 4]."""
    centre_x = encodings[..., 1] / CENTRE_SCALE * anchors[..., 2] + anchors[..., 0]
    centre_y = encodings[..., 0] / CENTRE_SCALE * anchors[..., 3] + anchors[..., 1]
    width = np.exp(np.clip(encodings[..., 3] / SIZE_SCALE, -MOST_FROZEN_GROWTH, MOST_FROZEN_GROWTH)) * anchors[..., 2]
    height = np.exp(np.clip(encodings[..., 2] / SIZE_SCALE, -MOST_FROZEN_GROWTH, MOST_FROZEN_GROWTH)) * anchors[..., 3]
    decoded: Array = np.stack([centre_x, centre_y, width, height], axis=-1)
    return decoded


def correct(frozen: Array, shift: Array) -> Array:
    """Corners of frozen boxes cx, cy, w, h moved by dx, dy (in their own sizes) and sized by exp(dw), exp(dh)."""
    centre = frozen[..., :2] + shift[..., :2] * frozen[..., 2:]
    half = frozen[..., 2:] * np.exp(np.clip(shift[..., 2:], -MOST_GROWTH, MOST_GROWTH)) / 2
    moved: Array = np.concatenate([centre - half, centre + half], axis=-1)
    return moved


def correct_gradient(frozen: Array, shift: Array, corner_gradient: Array) -> Array:
    """The gradient by `shift` from the one by the corners that `correct` gave; all [..., 4]."""
    size = frozen[..., 2:]
    low, high = corner_gradient[..., :2], corner_gradient[..., 2:]
    inside = np.abs(shift[..., 2:]) < MOST_GROWTH
    half = size * np.exp(np.clip(shift[..., 2:], -MOST_GROWTH, MOST_GROWTH)) / 2
    gradient: Array = np.concatenate([(low + high) * size, (high - low) * half * inside], axis=-1)
    return gradient


def pair_iou(first: Array, second: Array) -> Array:
    """Intersection over union of corner boxes [..., 4] taken pair by pair (shapes broadcast)."""
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., 2:], second[..., 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=-1)
    areas = [np.prod(boxes[..., 2:] - boxes[..., :2], axis=-1) for boxes in (first, second)]
    overlap: Array = shared / np.maximum(areas[0] + areas[1] - shared, _SMALL)
    return overlap


def giou_loss(predicted: Array, target: Array) -> tuple[Array, Array]:
    """1 - generalised IoU of each pair of corner boxes [n, 4], and its gradient by the predicted corners.

    Rezatofighi et al. 2019 (arXiv:1902.09630): GIoU = IoU - (hull - union) / hull.
    """
    low, high = np.maximum(predicted[:, :2], target[:, :2]), np.minimum(predicted[:, 2:], target[:, 2:])
    span = np.maximum(high - low, 0)
    shared = span[:, 0] * span[:, 1]
    size, target_size = predicted[:, 2:] - predicted[:, :2], target[:, 2:] - target[:, :2]
    area = size[:, 0] * size[:, 1]
    union = np.maximum(area + target_size[:, 0] * target_size[:, 1] - shared, _SMALL)
    hull_low, hull_high = np.minimum(predicted[:, :2], target[:, :2]), np.maximum(predicted[:, 2:], target[:, 2:])
    hull_span = hull_high - hull_low
    hull = np.maximum(hull_span[:, 0] * hull_span[:, 1], _SMALL)
    loss = 1 - shared / union + 1 - union / hull

    overlap = (span > 0).all(axis=1, keepdims=True)
    shared_gradient = np.concatenate(
        [-span[:, ::-1] * (predicted[:, :2] > target[:, :2]), span[:, ::-1] * (predicted[:, 2:] < target[:, 2:])],
        axis=1,
    )
    shared_gradient = shared_gradient * overlap
    area_gradient = np.concatenate([-size[:, ::-1], size[:, ::-1]], axis=1)
    hull_gradient = np.concatenate(
        [
            -hull_span[:, ::-1] * (predicted[:, :2] < target[:, :2]),
            hull_span[:, ::-1] * (predicted[:, 2:] > target[:, 2:]),
        ],
        axis=1,
    )
    union_gradient = area_gradient - shared_gradient
    shared, union, hull = shared[:, None], union[:, None], hull[:, None]
    gradient = -(shared_gradient * union - shared * union_gradient) / union**2
    gradient -= (union_gradient * hull - union * hull_gradient) / hull**2
    return loss, gradient
