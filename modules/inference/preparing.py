"""Makes models' inputs of the newest frame while the models still look at the one before."""

import queue
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from edge_common.frames import Frame, FrameSubscriber
from edge_common.model_io import Floats, to_input
from modules.inference.background import Background

_WAIT_S = 0.1
_EARLY = 3.0
_EARLY_PART = 0.25
"""Making inputs begins so many times as long before they are wanted as it took last, and at least this part of the time
in which the frame before is looked at: late would cost, early is old."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A frame with what models take, by input size: float32 [1, 3, size, size]."""

    frame: Frame
    inputs: Mapping[int, Floats]

    def input(self, size: int) -> Floats:
        """Made now if nobody knew of this size before."""
        found = self.inputs.get(size)
        return to_input(self.frame.pixels, size) if found is None else found


class Preparer(Background):
    """A thread of its own that is one frame ahead of whoever takes, and no more: newer frames win."""

    def __init__(self, frames: FrameSubscriber) -> None:
        super().__init__("prepare")
        self.sizes: frozenset[int] = frozenset()
        """Of the models that look at frames; replaced whole."""
        self._frames = frames
        self._wanted = threading.Semaphore(1)
        self._ready: queue.SimpleQueue[Prepared] = queue.SimpleQueue()
        self._begin_s = 0.0
        self._took_s = 0.0

    def take(self, timeout_s: float, busy_s: float) -> Prepared | None:
        """The next frame, None when time is up; busy_s: how long this one will keep the taker busy, about."""
        try:
            prepared = self._ready.get(timeout=timeout_s)
        except queue.Empty:
            return None
        self._begin_s = time.monotonic() + busy_s - max(_EARLY * self._took_s, _EARLY_PART * busy_s)
        self._wanted.release()
        return prepared

    def _run(self) -> None:
        while not self._stop.is_set():
            if not self._wanted.acquire(timeout=_WAIT_S):
                continue
            self._stop.wait(max(0.0, self._begin_s - time.monotonic()))
            taken = None
            while taken is None and not self._stop.is_set():
                taken = self._frames.frames.take(_WAIT_S)
            if taken is not None:
                began_s = time.monotonic()
                frame = taken[1]
                inputs = {size: to_input(frame.pixels, size) for size in self.sizes}
                self._took_s = time.monotonic() - began_s
                self._ready.put(Prepared(frame, inputs))
