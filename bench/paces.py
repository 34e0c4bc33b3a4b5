"""Frames at a pace: as fast as they are answered, or steadily, or with swaps meanwhile; the bare runtime alike."""

import itertools
import math
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from bench.line import SETTLE_S, Line
from edge_common.images import Pixels
from edge_common.model_io import to_input
from edge_common.packages import PackageStore
from modules.inference.runtimes.runtime import Runtime

SWAP_EVERY_S = 2.0
KEPT = 0.9
"""A machine that does at least this part of what it did before has kept its speed."""
_AHEAD = 2
"""Frames of a camera on their way at full speed: one is looked at while the next waits."""
_INPUTS = 8


def bare_rate(runtime: Runtime, pictures: Sequence[Pixels], size_px: int, seconds: float) -> float:
    """Frames a second of the runtime alone, on inputs that are ready."""
    inputs = [to_input(pixels, size_px) for pixels in pictures[:_INPUTS]]
    for image in inputs:
        runtime.infer(image)
    count, began_s = 0, time.perf_counter()
    while time.perf_counter() - began_s < seconds:
        runtime.infer(inputs[count % len(inputs)])
        count += 1
    return count / (time.perf_counter() - began_s)


def full_speed(on: Line, seconds: float) -> float:
    """Results a second when each camera has a new frame as soon as one was answered."""
    for camera in on.cameras:
        for _ in range(_AHEAD):
            on.send(camera)
    count, began_s = 0, time.perf_counter()
    heard_s = began_s
    while (now_s := time.perf_counter()) - began_s < seconds:
        answers = on.answers(20)
        heard_s = now_s if answers else heard_s
        if now_s - heard_s > 1:  # a newer frame took the place of one that waited, so fewer are on their way
            answers, heard_s = [], now_s
            for camera in on.cameras:
                on.send(camera)
        for result, _ in answers:
            on.send(result["camera"])
        count += len(answers)
    rate = count / (time.perf_counter() - began_s)
    # Frames that are still on their way would be answered within the next measurement.
    time.sleep(SETTLE_S)
    on.answers(0)
    on.sent.clear()
    return rate


@dataclass(frozen=True)
class Heard:
    """One frame's result."""

    sent_ns: int
    """Unix time."""
    took_ms: float
    version: str


@dataclass(frozen=True)
class Paced:
    """What came of frames sent at a steady rate."""

    heard: list[Heard]
    lost_ns: list[int]
    """When frames were sent that got no result, Unix time."""

    @property
    def lost(self) -> int:
        return len(self.lost_ns)

    @property
    def sent(self) -> int:
        return len(self.heard) + self.lost

    @property
    def latencies_ms(self) -> list[float]:
        return [one.took_ms for one in self.heard]

    @property
    def p95_ms(self) -> float:
        return float(np.percentile(self.latencies_ms, 95))


@dataclass(frozen=True)
class Swap:
    """A version that went live."""

    version: str
    at_ns: int
    """Unix time."""

    def lost(self, paced: Paced, normal_ms: float) -> int:
        """Of the frames lost, those sent until it answered within `normal_ms`: loaded, and what waited worked off."""
        in_time = [one.sent_ns for one in paced.heard if one.version == self.version and one.took_ms <= normal_ms]
        over_ns = min((sent_ns for sent_ns in in_time if sent_ns > self.at_ns), default=math.inf)
        return sum(self.at_ns <= sent_ns <= over_ns for sent_ns in paced.lost_ns)


@dataclass(frozen=True)
class Stretch:
    """Some seconds at a steady rate."""

    paced: Paced
    processor_s: float
    """Of the inference process."""
    before: float
    after: float
    """Of the bare runtime, just before and just after, frames a second."""

    @property
    def kept(self) -> bool:
        """Whether the machine was as fast after as before; else the rate was too high for it, who knows since when."""
        return self.after >= KEPT * self.before

    @property
    def processor_ms(self) -> float:
        """For each frame."""
        return self.processor_s / max(1, self.paced.sent) * 1e3

    @property
    def bound_ms(self) -> float:
        """What p95 may be: 1.5 times the bare runtime's time for a frame, just then, and 10 ms."""
        return 3e3 / (self.before + self.after) + 10

    @property
    def p95_of_bound(self) -> float:
        return self.paced.p95_ms / self.bound_ms


def paced(on: Line, rate: float, seconds: float) -> Paced:
    """Frames at `rate` a second over all cameras in turn."""
    on.sent.clear()
    heard, sent = list[Heard](), 0

    def hear(wait_ms: int) -> None:
        for result, took_ns in on.answers(wait_ms):
            sent_ns = int(result["frame_id"].partition("-")[0])
            heard.append(Heard(sent_ns, took_ns / 1e6, result["model_version"]))

    began_s = time.perf_counter()
    while (now_s := time.perf_counter()) - began_s < seconds:
        if now_s - began_s >= sent / rate:
            on.send(on.cameras[sent % len(on.cameras)])
            sent += 1
        due_s = began_s + sent / rate - time.perf_counter()
        hear(max(0, int(due_s * 1000)))
    deadline_s = time.monotonic() + 2
    while on.sent and time.monotonic() < deadline_s:
        hear(50)
    return Paced(heard, list(on.sent.values()))


def paced_bare(runtime: Runtime, pictures: Sequence[Pixels], size_px: int, rate: float, seconds: float) -> Paced:
    """The runtime alone at `rate` inputs a second: the newest that is due is looked at, older ones are lost."""
    inputs = [to_input(pixels, size_px) for pixels in pictures[:_INPUTS]]
    heard, due = list[Heard](), 0
    began_s, began_ns = time.perf_counter(), time.time_ns()
    count = math.ceil(seconds * rate)
    while due < count:
        time.sleep(max(0.0, began_s + due / rate - time.perf_counter()))
        newest = max(due, min(count - 1, int((time.perf_counter() - began_s) * rate)))
        runtime.infer(inputs[newest % len(inputs)])
        took_s = time.perf_counter() - began_s - newest / rate
        heard.append(Heard(began_ns + int(newest / rate * 1e9), took_s * 1e3, ""))
        due = newest + 1
    return Paced(heard, [0] * (count - len(heard)))


@contextmanager
def swapping(store: PackageStore, model_id: str, versions: Sequence[str]) -> Iterator[list[Swap]]:
    """Another version goes live every 2 s; yields those that did."""
    over, made = threading.Event(), list[Swap]()

    def work() -> None:
        for version in itertools.cycle(versions):
            made.append(Swap(version, time.time_ns()))
            store.activate(model_id, version)
            if over.wait(SWAP_EVERY_S):
                return

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield made
    finally:
        over.set()
        thread.join()
