"""The bottle video, looked at frame by frame: which bottles stand on the ledge, where, and when there are fewer than
three of them. Boxes in px of its 640 x 360."""

import random
from collections.abc import Iterator
from pathlib import Path

import cv2

from edge_common.geometry import Box
from edge_common.images import Pixels, digest_of, encode_jpeg
from modules.trainer_agent.learning.dataset import Dataset, TaggedBox, TaggedImage

FRAMES_PER_S = 1189 / 39.855

LEFT, MIDDLE, RIGHT = (56, 108, 121, 311), (288, 109, 344, 311), (507, 107, 572, 313)
LEFT_2, LEFT_3 = (68, 111, 130, 310), (49, 110, 114, 311)
"""Where the left bottle was put back the first and the second time."""
MIDDLE_2, RIGHT_2 = (292, 111, 348, 311), (515, 108, 579, 314)

STANDING = {
    (0, 170): (LEFT, MIDDLE, RIGHT),
    (220, 335): (MIDDLE, RIGHT),
    (400, 480): (LEFT_2, MIDDLE, RIGHT),
    (545, 655): (RIGHT,),
    (730, 815): (MIDDLE_2, RIGHT),
    (865, 920): (LEFT_3, MIDDLE_2, RIGHT),
    (965, 1030): (LEFT_3, MIDDLE_2),
    (1105, 1188): (LEFT_3, MIDDLE_2, RIGHT_2),
}
"""From frame to frame nothing moves, no hand is in the picture, and these bottles stand there."""

TAKEN = ((203, 365), (518, 841), (944, 1077))
"""Frames at which a bottle leaves the ledge, and at which all three stand again. The first time it is the left one, the
second time the left and the middle one, of which the middle one is back at 695, the third time the right one."""

TAKEN_S = tuple((start / FRAMES_PER_S, end / FRAMES_PER_S) for start, end in TAKEN)


def fifteen(video: Path, folder: Path, seed: int) -> Dataset:
    """Fifteen of its frames in which nothing moves, with a box around each bottle, as staff would tag them."""
    chosen = random.Random(seed).sample([number for part in STANDING for number in range(*part)], 15)
    images = []
    for number, pixels in _frames(video, set(chosen)):
        path = folder / f"{number}.jpg"
        path.write_bytes(encode_jpeg(pixels, 95))
        standing = next(boxes for (start, end), boxes in STANDING.items() if start <= number < end)
        boxes = tuple(TaggedBox(0, Box(x0 / 640, y0 / 360, x1 / 640, y1 / 360)) for x0, y0, x1, y1 in standing)
        images.append(TaggedImage(path, digest_of(path.read_bytes()), path.name, boxes))
    return Dataset("detection", ("bottle",), tuple(images))


def _frames(video: Path, wanted: set[int]) -> Iterator[tuple[int, Pixels]]:
    opened = cv2.VideoCapture(str(video))
    number = 0
    while opened.grab():
        if number in wanted:
            yield number, opened.retrieve()[1]
        number += 1
    opened.release()
