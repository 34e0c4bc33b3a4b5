"""The newest frame of a device or stream that keeps sending whether anybody reads or not."""

import threading
import time

import cv2
import numpy as np

from edge_common.errors import CameraError
from modules.capture.cameras import Shot

_GRACE_S = 1.0


class NewestCamera:
    """Drains an opened capture in a thread of its own, so a reader that pauses gets a new frame and no backlog.

    `patience_s` is how long it may send nothing before it counts as lost.

    The thread alone touches the capture: a read that hangs holds up neither the reader nor `close`.
    """

    def __init__(self, capture: cv2.VideoCapture, name: str, patience_s: float) -> None:
        self._capture = capture
        self._name = name
        self._patience_s = patience_s
        self._silence = f"no frame for {patience_s:g} s"
        self._changed = threading.Condition()
        self._shot: Shot | None = None
        self._fault = ""
        self._closed = False
        self._thread = threading.Thread(target=self._drain, name=f"drain {name}", daemon=True)
        self._thread.start()

    def read(self) -> Shot:
        with self._changed:
            self._changed.wait_for(lambda: self._shot or self._fault or self._closed, self._patience_s + _GRACE_S)
            shot, self._shot = self._shot, None
            if shot is not None and not self._closed:
                return shot
            reason = "the camera is closed" if self._closed else self._fault or self._silence
            raise CameraError(f"{self._name}: {reason}")

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        # Many cameras take one reader only: give the thread the time that it takes to hang up properly.
        self._thread.join(timeout=1.0)

    def _drain(self) -> None:
        fault = ""
        try:
            while not self._closed and not fault:
                fault = self._next()
        except cv2.error as error:
            fault = f"a frame cannot be decoded: {error.err}"
        self._capture.release()
        with self._changed:
            self._fault = fault
            self._changed.notify_all()

    def _next(self) -> str:
        """Keep one more frame; the reason when there is none."""
        begun_s = time.monotonic()
        taken, pixels = self._capture.read()
        if time.monotonic() - begun_s >= self._patience_s:
            # After a time-out OpenCV still gives the few old frames that the decoder had kept back.
            return self._silence
        if not taken:
            return "it has stopped sending"
        self._keep(Shot(time.time_ns(), np.asarray(pixels, dtype=np.uint8)))
        return ""

    def _keep(self, shot: Shot) -> None:
        with self._changed:
            self._shot = shot
            self._changed.notify_all()
