"""SSD-MobileNetV2 (Open Images V4) as a backbone: its maps and its anchors, which keep their size in pixels."""

import numpy as np

from edge_common.geometry import Boxes

LOGITS = 24
"""Labels of the detector for each anchor, `???` (background) first."""
STRIDES = (16, 32, 64)
"""Of the anchor levels that the backbone gives; the detector's three coarser ones add nothing to a few-shot head."""
ANCHORS = (3, 6, 6)
"""For each place of a level."""
FEATURE_MAPS = {"map8": 192, "map16": 576, "map32": 1280, "map64": 512}
"""Output name to channels; the number in a name is the stride in pixels."""
_TRAINED_SIZE_PX = 300
_SCALES = (0.2, 0.35, 0.5, 0.65)
_FIRST_SCALE = 0.1


def anchor_boxes(size_px: int) -> tuple[Boxes, ...]:
    """Anchors of a square picture as cx, cy, w, h in 0-1: for each stride float32 [rows, columns, anchors, 4].

    The rule of TensorFlow's SSD anchor generator: ratios 1, 2, 1/2, 3, 1/3 and one anchor between this level's scale
    and the next; three smaller anchors on the first level. Sizes stay what they were in pixels at 300 px.
    """
    levels = []
    for level, stride in enumerate(STRIDES):
        scale, following = _SCALES[level], _SCALES[level + 1]
        if level == 0:
            pairs = [(_FIRST_SCALE, 1.0), (scale, 2.0), (scale, 0.5)]
        else:
            pairs = [(scale, ratio) for ratio in (1.0, 2.0, 0.5, 3.0, 1 / 3)] + [((scale * following) ** 0.5, 1.0)]
        spans = np.array([(size * ratio**0.5, size / ratio**0.5) for size, ratio in pairs], dtype=np.float32)
        spans *= np.float32(_TRAINED_SIZE_PX / size_px)
        places = (np.arange(size_px // stride, dtype=np.float32) + 0.5) * (stride / size_px)
        grid = np.empty((len(places), len(places), len(pairs), 4), dtype=np.float32)
        grid[..., 0] = places[None, :, None]
        grid[..., 1] = places[:, None, None]
        grid[..., 2:] = spans
        levels.append(grid)
    return tuple(levels)
