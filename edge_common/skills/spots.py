"""What goes from step to step of a skill as boxes: what models found, and that known again."""

from collections.abc import Mapping, Sequence

from edge_common.detections import Detection
from edge_common.geometry import Box

WHOLE = Box(0.0, 0.0, 1.0, 1.0)
"""Where a detection without a box lies."""
Spots = Sequence[Detection]
"""Boxes, all within the picture."""
Things = Mapping[int, Detection]
"""Boxes that are known again, each by its number."""


def cut(found: Spots) -> Spots:
    """The same, each box cut to the picture: later steps may rely on shares from 0 to 1."""
    for one in found:
        box = one.box
        if box is not None and (box.x0 < 0 or box.y0 < 0 or box.x1 > 1 or box.y1 > 1):
            return [Detection(each.label, each.confidence, each.box and each.box.clip()) for each in found]
    return found
