"""What the frozen backbone says of a view, small enough to keep: feature maps at 8 bits, boxes and logits at 16.

Feature maps end in ReLU6, so 8 bits over 0 to 6 keep them to 0.012.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_common.ssd import FEATURE_MAPS

RELU6_STEP = np.float32(6 / 255)
Arrays = dict[str, NDArray[np.generic]]
"""Named arrays of one view."""


@dataclass(frozen=True)
class ViewFeatures:
    """What the frozen backbone says of one view of S x S px."""

    maps: dict[str, NDArray[np.uint8]]
    """Name of FEATURE_MAPS to uint8 [channels, rows, columns], in steps of RELU6_STEP."""
    encodings: NDArray[np.float16]
    """Box encodings ty, tx, th, tw of all anchors, level after level: [anchors, 4]."""
    logits: NDArray[np.float16]
    """Old class logits of all anchors: [anchors, 24]."""


def pack(view: ViewFeatures) -> Arrays:
    """A view as named arrays."""
    return {**view.maps, "encodings": view.encodings, "logits": view.logits}


def unpack(packed: Mapping[str, NDArray[np.generic]]) -> ViewFeatures:
    """The view that was packed."""
    maps = {name: packed[name].astype(np.uint8, copy=False) for name in FEATURE_MAPS}
    encodings, logits = (packed[name].astype(np.float16, copy=False) for name in ("encodings", "logits"))
    return ViewFeatures(maps, encodings, logits)
