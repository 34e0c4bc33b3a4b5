"""Whether a camera's picture changed: by small grey pictures, so that noise and slow light do not count. Pure."""

import numpy as np
from numpy.typing import NDArray

LOOK_PX = 48
_DIFFERENT = 18
"""Grey levels (of 255) by which a cell differs if something moved there."""
_LEAST_CELLS = 6
"""So many of the 48 x 48 cells: an area of about a fiftieth of the picture's width and height each way."""


def has_changed(before: NDArray[np.uint8], now: NDArray[np.uint8]) -> bool:
    """Whether something else is to be seen; both uint8 [LOOK_PX, LOOK_PX], grey.

    Light that comes or goes everywhere alike is taken out first: by the median, which what moved does not shift.
    """
    difference = now.astype(np.int16) - before.astype(np.int16)
    moved = np.abs(difference - np.median(difference)) > _DIFFERENT
    return int(np.count_nonzero(moved)) >= _LEAST_CELLS
