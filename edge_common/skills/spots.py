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
