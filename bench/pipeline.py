"""The inference module against its own runtime called bare: frames a second, latency, processor, memory, swaps.

`python -m bench.pipeline --video FILE [--model FOLDER] [--backend openvino] [--cameras 1 4 8] [--json]`

Frames of a real video, decoded beforehand, go to a real inference process over its own transport. For each number of
cameras, in rounds, as shared machines change their speed from one second to the next: `frames_per_s` with a new
frame as soon as one was answered, and its ratio to the bare runtime just before and after (medians of all rounds); at
80 % of that bare rate the latency from frame to result and the processor time for each frame. Then, at the same load,
the frames that got no result while the model was swapped every 2 s; what is bare is measured again every ten swaps.

The runtime has half of the processors, as it has two of the device's four by default. With all of them (`--threads`),
whatever else happens on the machine takes time from it twice: the threads of one layer wait for the slowest.
"""

import argparse
import itertools
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.line import SETTLE_S, Line, inference, line, processor_s, read_video, resident_mb
from bench.protocol import ROOT
from edge_common.images import Pixels
from edge_common.model_io import to_input
from edge_common.packages import Manifest, PackageStore
from edge_common.ready_made import build_package, ready_made
from edge_common.version import VERSION
from modules.inference.runtimes.runtime import Runtime, open_runtime

PROCESSORS = len(os.sched_getaffinity(0))
LOAD = 0.8
SWAP_EVERY_S = 2.0
SWAPS_AT_A_TIME = 10
_AHEAD = 2
"""Frames of a camera on their way at full speed: one is looked at while the next waits."""


def bare_rate(runtime: Runtime, pictures: Sequence[Pixels], size_px: int, seconds: float) -> float:
    """Frames a second of the runtime alone, on inputs that are ready."""
    inputs = [to_input(pixels, size_px) for pixels in pictures[:8]]
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
class Paced:
    """What came of frames sent at a steady rate."""

    sent: int
    lost: int
    latencies_ms: list[float]
    versions: set[str]


def paced(on: Line, rate: float, seconds: float) -> Paced:
    """Frames at `rate` a second over all cameras in turn."""
    on.sent.clear()
    latencies, versions, sent = [], set(), 0
    began_s = time.perf_counter()
    while (now_s := time.perf_counter()) - began_s < seconds:
        if now_s - began_s >= sent / rate:
            on.send(on.cameras[sent % len(on.cameras)])
            sent += 1
        due_s = began_s + sent / rate - time.perf_counter()
        for result, took_ns in on.answers(max(0, int(due_s * 1000))):
            latencies.append(took_ns / 1e6)
            versions.add(result["model_version"])
    deadline_s = time.monotonic() + 2
    while on.sent and time.monotonic() < deadline_s:
        for result, took_ns in on.answers(50):
            latencies.append(took_ns / 1e6)
            versions.add(result["model_version"])
    return Paced(sent, len(on.sent), latencies, versions)


@contextmanager
def swapping(store: PackageStore, model_id: str, versions: Sequence[str]) -> Iterator[list[str]]:
    """Another version goes live every 2 s; yields those that did."""
    over, made = threading.Event(), list[str]()

    def work() -> None:
        for version in itertools.cycle(versions):
            store.activate(model_id, version)
            made.append(version)
            if over.wait(SWAP_EVERY_S):
                return

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield made
    finally:
        over.set()
        thread.join()


@dataclass(frozen=True)
class Round:
    """Figures of a few seconds, in which the machine is about as fast throughout."""

    bare: float
    ours: float
    """Frames a second."""
    steady: Paced
    processor_ms: float

    @property
    def p95_ms(self) -> float:
        return float(np.percentile(self.steady.latencies_ms, 95))

    @property
    def p95_of_bound(self) -> float:
        """Beside what p95 may be: 1.5 times the bare runtime's time for a frame, in this very round, and 10 ms."""
        return self.p95_ms / (1.5e3 / self.bare + 10)


def one_round(on: Line, runtime: Runtime, process: int, size_px: int, chosen: argparse.Namespace) -> Round:
    def bare() -> float:
        return bare_rate(runtime, on.pictures, size_px, chosen.seconds)

    rates = [bare()]
    ours = full_speed(on, chosen.seconds)
    rates.append(bare())
    rate = statistics.mean(rates)
    before_s = processor_s(process)
    steady = paced(on, chosen.rate or LOAD * rate, 2 * chosen.seconds)
    processor_ms = (processor_s(process) - before_s) / max(1, steady.sent) * 1e3
    return Round(rate, ours, steady, processor_ms)


def measure(
    count: int, pictures: Sequence[Pixels], package: tuple[Manifest, bytes], chosen: argparse.Namespace
) -> dict[str, Any]:
    """All figures for so many cameras."""
    cameras = [f"camera-{number}" for number in range(count)]
    first, model = package
    second = first.model_copy(update={"version": first.version + "-b"})
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        store = PackageStore(data / "models")
        for manifest in (first, second):
            store.write(manifest, model)
        store.activate(first.model_id, first.version)
        runtime = open_runtime(chosen.backend, store.model_file(first.model_id, first.version), chosen.threads)
        with (
            inference(data, chosen.backend, chosen.threads) as (process, frames, results),
            line(frames, results, pictures, cameras) as on,
        ):
            rounds = [one_round(on, runtime, process.pid, first.input_size_px, chosen) for _ in range(chosen.rounds)]
            rss_before = resident_mb(process.pid)
            swapped, swaps = list[Paced](), 0
            while swaps < chosen.swaps:
                bare_now = bare_rate(runtime, pictures, first.input_size_px, chosen.seconds)
                with swapping(store, first.model_id, [second.version, first.version]) as made:
                    seconds = SWAP_EVERY_S * min(SWAPS_AT_A_TIME, chosen.swaps - swaps)
                    swapped.append(paced(on, chosen.rate or LOAD * bare_now, seconds))
                swaps += len(made)
            # Frames that still wait are no growth: they go, and their memory is given back after swaps at rest.
            for version in (first.version, second.version):
                store.activate(first.model_id, version)
                time.sleep(SWAP_EVERY_S)
            rss_after = resident_mb(process.pid)
    bare = statistics.median(one.bare for one in rounds)
    latencies_ms = [latency for one in rounds for latency in one.steady.latencies_ms]
    while_swapped_ms = [latency for one in swapped for latency in one.latencies_ms]
    return {
        "bare_frames_per_s": round(bare, 1),
        "frames_per_s": round(statistics.median(one.ours for one in rounds), 1),
        "ratio": round(statistics.median(one.ours / one.bare for one in rounds), 3),
        "bare_ms": round(1e3 / bare, 2),
        "p50_ms": round(float(np.percentile(latencies_ms, 50)), 1),
        "p95_ms": round(statistics.median(one.p95_ms for one in rounds), 1),
        "p95_of_bound": round(statistics.median(one.p95_of_bound for one in rounds), 2),
        "processor_ms_a_frame": round(statistics.median(one.processor_ms for one in rounds), 1),
        "lost": sum(one.steady.lost for one in rounds),
        "sent": sum(one.steady.sent for one in rounds),
        "swaps": swaps,
        "lost_while_swapped": sum(one.lost for one in swapped),
        "sent_while_swapped": sum(one.sent for one in swapped),
        "versions_seen": len(set[str]().union(*(one.versions for one in swapped))),
        "p95_ms_while_swapped": round(float(np.percentile(while_swapped_ms, 95)), 1),
        "rss_mb": round(rss_before, 1),
        "rss_mb_after_swaps": round(rss_after, 1),
    }


def packaged(folder: Path) -> tuple[Manifest, bytes]:
    """The package in models/<model id>/<version>; raises PackageError."""
    store, model_id, version = PackageStore(folder.parent.parent), folder.parent.name, folder.name
    return store.verify(model_id, version), store.model_file(model_id, version).read_bytes()


def main(words: Sequence[str] | None = None) -> None:
    """Command line; `words` in place of the process's own."""
    parser = argparse.ArgumentParser(prog="bench.pipeline", description=__doc__)
    parser.add_argument("--video", type=Path, required=True)
    parser.add_argument("--model", type=Path, help="folder of a model package; without it the zoo's detector is used")
    parser.add_argument("--zoo", type=Path, default=ROOT / "zoo")
    parser.add_argument("--backend", default="openvino")
    parser.add_argument("--threads", type=int, default=max(1, PROCESSORS // 2), help="of the runtime")
    parser.add_argument("--cameras", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each measurement of a round")
    parser.add_argument("--swaps", type=int, default=5)
    parser.add_argument("--rate", type=float, help="frames a second in place of 80 %% of what the bare runtime does")
    parser.add_argument("--json", action="store_true", help="print one JSON object only")
    chosen = parser.parse_args(words)
    package = packaged(chosen.model) if chosen.model else build_package(chosen.zoo, ready_made("objects"))
    pictures = read_video(chosen.video)
    of_cameras = {}
    for count in chosen.cameras:
        of_cameras[str(count)] = measure(count, pictures, package, chosen)
        if not chosen.json:
            print(count, of_cameras[str(count)], flush=True)
    first = of_cameras[str(chosen.cameras[0])]
    whole = {"program_version": VERSION, "backend": chosen.backend, "threads": chosen.threads, "processors": PROCESSORS}
    print(json.dumps(whole | {"ratio": first["ratio"], "p95_ms": first["p95_ms"], "cameras": of_cameras}))


if __name__ == "__main__":
    main()
