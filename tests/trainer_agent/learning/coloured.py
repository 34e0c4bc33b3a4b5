"""Pictures for models that see nothing but colours."""

import numpy as np

from edge_common.geometry import Box
from edge_common.images import Pixels

GREEN, RED = (0, 255, 0), (0, 0, 255)
TOP_LEFT, BOTTOM_RIGHT = Box(0, 0, 0.5, 0.5), Box(0.5, 0.5, 1, 1)


def shelf(colour: tuple[int, int, int], box: Box, *, grey: int = 0) -> Pixels:
    """A square picture with one quarter in a colour."""
    picture = np.full((96, 96, 3), grey, dtype=np.uint8)
    x0, y0, x1, y1 = (round(corner * 96) for corner in box.to_list())
    picture[y0:y1, x0:x1] = colour
    return picture
