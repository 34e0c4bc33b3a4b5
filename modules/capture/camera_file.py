"""A camera that plays a video file over and over, as fast as it was recorded."""

import time
from pathlib import Path

import cv2
import numpy as np

from edge_common.errors import CameraError
from modules.capture.cameras import Shot

_PLAIN_RATE = 25.0
_LONGEST_PAUSE_S = 5.0
_FAR_BEHIND_S = 0.5


class FileCamera:
    """Frames come at the times that the file gives them; those that a slow reader has no time for are left out."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._closed = False
        if not self._path.is_file():
            raise CameraError(f"file: there is no file {self._path}")
        self._video = self._open()
        rate = self._video.get(cv2.CAP_PROP_FPS)
        self._between_s = 1 / rate if 1 <= rate <= 240 else 1 / _PLAIN_RATE
        self._round_s = 0.0
        """Where the present round through the file began on the time line, which goes on from round to round."""
        self._frame_s = -self._between_s
        self._begun_s = time.monotonic()

    def read(self) -> Shot:
        if self._closed:
            raise CameraError("file: the camera is closed")
        self._advance()
        while (behind_s := self._behind_s()) > self._between_s and behind_s < _FAR_BEHIND_S:
            self._advance()
        if self._behind_s() >= _FAR_BEHIND_S:
            # The reader paused, or the machine is too slow: go on from here instead of running after the time.
            self._begun_s = time.monotonic() - self._frame_s
        time.sleep(max(0.0, -self._behind_s()))
        taken, pixels = self._video.retrieve()
        if not taken:
            raise CameraError(f"file: a frame of {self._path} cannot be decoded")
        return Shot(time.time_ns(), np.asarray(pixels, dtype=np.uint8))

    def close(self) -> None:
        self._closed = True
        self._video.release()

    def _open(self) -> cv2.VideoCapture:
        try:
            video = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        except cv2.error as error:
            raise CameraError(f"file: {self._path} cannot be opened: {error.err}") from error
        if not video.isOpened():
            raise CameraError(f"file: {self._path} is not a video that can be read")
        return video

    def _behind_s(self) -> float:
        return time.monotonic() - self._begun_s - self._frame_s

    def _advance(self) -> None:
        """Go to the next frame, which is the first one again after the last."""
        if not self._video.grab():
            self._video.release()
            self._video = self._open()
            self._round_s = self._frame_s + self._between_s
            if not self._video.grab():
                raise CameraError(f"file: there is no frame in {self._path} that can be read")
        stamp_s = self._round_s + self._video.get(cv2.CAP_PROP_POS_MSEC) / 1000
        step_s = stamp_s - self._frame_s
        # Broken files have stamps that stand still or jump; the camera must do neither.
        self._frame_s += step_s if 0 < step_s < _LONGEST_PAUSE_S else self._between_s
