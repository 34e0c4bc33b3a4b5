"""Frames of a recorded video at the pace at which a camera would give them."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from edge_common.errors import InvalidInput
from edge_common.images import Pixels, shrink
from edge_common.sentences import marked

_PLAIN_RATE = 25.0
_UNREADABLE = marked("This file is no video that can be read here. MP4 and MKV files usually are.")


class VideoFrame(NamedTuple):
    """A frame that is looked at."""

    at_s: float
    """From the beginning of the video."""
    share: float
    """Of the video that is behind it, 0 to 1."""
    pixels: Pixels
    """uint8 [height, width, 3] BGR."""


def frames_of(path: Path, per_s: float, longest_side_px: int, most_s: float) -> Iterator[VideoFrame]:
    """At most `per_s` frames of each second, up to `most_s`; raises InvalidInput when it is no video."""
    try:
        video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    except cv2.error as error:
        raise InvalidInput(_UNREADABLE) from error
    try:
        if not video.isOpened():
            raise InvalidInput(_UNREADABLE)
        rate = video.get(cv2.CAP_PROP_FPS)
        between_s = 1 / rate if 1 <= rate <= 240 else 1 / _PLAIN_RATE
        count = max(1.0, video.get(cv2.CAP_PROP_FRAME_COUNT))
        number, due_s, at_s = 0, 0.0, -between_s
        while video.grab():
            # Stamps of broken files stand still or jump back; time in a video does neither.
            at_s = max(at_s + between_s / 2, video.get(cv2.CAP_PROP_POS_MSEC) / 1000)
            number += 1
            if at_s >= most_s:
                return
            # Half a frame early is nearer than half a frame late.
            if at_s < due_s - between_s / 2:
                continue
            taken, pixels = video.retrieve()
            if taken:
                due_s = max(due_s + 1 / per_s, at_s)
                share = min(1.0, number / count)
                yield VideoFrame(at_s, share, shrink(np.asarray(pixels, dtype=np.uint8), longest_side_px))
        if number == 0:
            raise InvalidInput(_UNREADABLE)
    finally:
        video.release()
