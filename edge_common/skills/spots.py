"""What goes from step to step of a skill as boxes: what a model found, and that known again."""

from collections.abc import Sequence
from typing import NamedTuple

from edge_common.detections import Detection
from edge_common.geometry import Box

WHOLE = Box(0.0, 0.0, 1.0, 1.0)
"""Where a detection without a box lies."""


class Thing(NamedTuple):
    """A detection that is known again by its number; otherwise it is as one."""

    label: str
    confidence: float
    box: Box | None
    number: int


Spot = Detection | Thing
Spots = Sequence[Spot]


def within(found: Sequence[Detection]) -> Sequence[Detection]:
    """The same, each box cut to the picture: later steps may rely on shares from 0 to 1."""
    for one in found:
        box = one.box
        if box is not None and (box.x0 < 0 or box.y0 < 0 or box.x1 > 1 or box.y1 > 1):
            return [Detection(each.label, each.confidence, each.box and each.box.clip()) for each in found]
    return found


def as_detection(spot: Spot) -> Detection:
    """What was found, whether it is known again or not."""
    return spot if isinstance(spot, Detection) else Detection(spot.label, spot.confidence, spot.box)
