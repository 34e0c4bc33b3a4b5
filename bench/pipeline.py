"""The inference module against its own runtime called bare: frames a second, latency, processor, memory, swaps.

`python -m bench.pipeline --video FILE [--model FOLDER] [--backend openvino] [--cameras 1 4 8] [--json]`

Frames of a real video, decoded beforehand, go to a real inference process over its own transport. Shared machines
change their speed from one second to the next, so whatever is measured stands between two measurements of the bare
runtime, and figures are medians of rounds. For each number of cameras: `frames_per_s` with a new frame as soon as one
was answered, and its ratio to the bare runtime; at 80 % of what that did just before, the latency from frame to result
and the processor time for each frame, beside the latency of the bare runtime fed alike (`bare_p95_ms`). Then at that
load, in turns, a few seconds in which the model is swapped every 2 s and as many in which it is not, and the frames
that got no result in each: in all, and where the machine was as fast after as before (`kept_speed`). Of those lost with
swaps, `lost_in_swaps` were sent from when a version went live until it answered within p95's bound, the others while
nothing was being loaded. Last the whole program, with so many cameras that show the video: what each of its processes
takes (`rss_mb`, median of a few seconds).

The runtime has half of the processors, as it has two of the device's four by default. With all of them (`--threads`),
whatever else happens on the machine takes time from it twice: the threads of one layer wait for the slowest.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.line import Line, inference, line, processor_s, read_video, resident_mb
from bench.memory import SETTLE_S, watched
from bench.paces import SWAP_EVERY_S, Paced, Stretch, Swap, bare_rate, full_speed, paced, paced_bare, swapping
from bench.protocol import ROOT
from bench.whole_program import watching
from edge_common.images import Pixels
from edge_common.packages import Manifest, PackageStore
from edge_common.ready_made import build_package, ready_made
from edge_common.version import VERSION
from modules.inference.runtimes.runtime import Runtime, open_runtime

PROCESSORS = len(os.sched_getaffinity(0))
LOAD = 0.8
SWAPS_AT_A_TIME = 2


@dataclass(frozen=True)
class Round:
    """Figures of a few seconds, in which the machine is about as fast throughout."""

    bare: float
    ours: float
    """Frames a second."""
    steady: Stretch
    alone: Stretch
    """The bare runtime's, fed alike."""


@dataclass(frozen=True)
class Measured:
    """A process that looks, beside its own runtime: both idle but for what is asked here."""

    on: Line
    runtime: Runtime
    process: int
    size_px: int
    seconds: float
    rate: float | None
    """Frames a second in place of a share of what the bare runtime does."""

    def bare(self) -> float:
        return bare_rate(self.runtime, self.on.pictures, self.size_px, self.seconds)

    def stretch(self, before: float, run: Callable[[float], Paced]) -> Stretch:
        """What `run` gives at a rate for which the bare runtime did `before` a second."""
        began_s = processor_s(self.process)
        found = run(self.rate or LOAD * before)
        return Stretch(found, processor_s(self.process) - began_s, before, self.bare())

    def round(self) -> Round:
        before, ours, after = self.bare(), full_speed(self.on, self.seconds), self.bare()
        seconds = 2 * self.seconds
        steady = self.stretch(after, lambda rate: paced(self.on, rate, seconds))
        pictures = self.on.pictures
        alone = self.stretch(steady.after, lambda rate: paced_bare(self.runtime, pictures, self.size_px, rate, seconds))
        return Round((before + after) / 2, ours, steady, alone)

    def swaps(self, store: PackageStore, model_id: str, versions: Sequence[str], count: int) -> "Swaps":
        """So many of them, under load; the same load without them, in turns."""
        during, beside, made = list[Stretch](), list[Stretch](), list[Swap]()
        before, lost = self.bare(), 0
        while len(made) < count:
            at_a_time = min(SWAPS_AT_A_TIME, count - len(made))
            # Ends before one more would begin.
            seconds = (at_a_time - 0.1) * SWAP_EVERY_S

            def steady(rate: float, seconds: float = seconds) -> Paced:
                return paced(self.on, rate, seconds)

            def swapped(rate: float, seconds: float = seconds) -> Paced:
                with swapping(store, model_id, versions) as gone_live:
                    found = paced(self.on, rate, seconds)
                made.extend(gone_live)
                return found

            during.append(self.stretch(before, swapped))
            last = during[-1]
            lost += sum(swap.lost(last.paced, last.bound_ms) for swap in made[-at_a_time:])
            beside.append(self.stretch(during[-1].after, steady))
            before = beside[-1].after
        return Swaps(len(made), lost, during, beside)


@dataclass(frozen=True)
class Swaps:
    count: int
    lost_in_swaps: int
    """Sent from when a version went live until it answered as usual."""
    during: list[Stretch]
    beside: list[Stretch]

    def lost(self, *, kept: bool) -> dict[str, int]:
        """Frames sent and lost with and without swaps; kept: only while the machine kept its speed."""
        figures = {}
        for name, stretches in (("while_swapped", self.during), ("beside", self.beside)):
            chosen = [one.paced for one in stretches if one.kept or not kept]
            figures[f"lost_{name}"] = sum(one.lost for one in chosen)
            figures[f"sent_{name}"] = sum(one.sent for one in chosen)
        return figures


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
            measured = Measured(on, runtime, process.pid, first.input_size_px, chosen.seconds, chosen.rate)
            rounds = [measured.round() for _ in range(chosen.rounds)]
            rss_before = resident_mb(process.pid)
            swaps = measured.swaps(store, first.model_id, [second.version, first.version], chosen.swaps)
            # Frames that still wait are no growth: they go, and their memory is given back after swaps at rest.
            for version in (second.version, first.version):
                store.activate(first.model_id, version)
                time.sleep(SWAP_EVERY_S)
            rss_after = resident_mb(process.pid)
        with watching(data / "program", chosen.video, chosen.zoo, package=package, cameras=count) as program:
            time.sleep(chosen.settle)
            modules = watched(program, chosen.seconds)

    def median(value: Callable[[Round], float], digits: int) -> float:
        return round(statistics.median(map(value, rounds)), digits)

    bare = statistics.median(one.bare for one in rounds)
    latencies_ms = [latency for one in rounds for latency in one.steady.paced.latencies_ms]
    while_swapped_ms = [latency for one in swaps.during for latency in one.paced.latencies_ms]
    return {
        "bare_frames_per_s": round(bare, 1),
        "frames_per_s": median(lambda one: one.ours, 1),
        "ratio": median(lambda one: one.ours / one.bare, 3),
        "bare_ms": round(1e3 / bare, 2),
        "p50_ms": round(float(np.percentile(latencies_ms, 50)), 1),
        "p95_ms": median(lambda one: one.steady.paced.p95_ms, 1),
        "p95_of_bound": median(lambda one: one.steady.p95_of_bound, 2),
        "bare_p95_ms": median(lambda one: one.alone.paced.p95_ms, 1),
        "bare_p95_of_bound": median(lambda one: one.alone.p95_of_bound, 2),
        "processor_ms_a_frame": median(lambda one: one.steady.processor_ms, 1),
        "lost": sum(one.steady.paced.lost for one in rounds),
        "bare_lost": sum(one.alone.paced.lost for one in rounds),
        "sent": sum(one.steady.paced.sent for one in rounds),
        "swaps": swaps.count,
        "lost_in_swaps": swaps.lost_in_swaps,
        **swaps.lost(kept=False),
        "kept_speed": swaps.lost(kept=True),
        "versions_seen": len({one.version for stretch in swaps.during for one in stretch.paced.heard}),
        "p95_ms_while_swapped": round(float(np.percentile(while_swapped_ms, 95)), 1),
        "rss_mb_before_swaps": round(rss_before, 1),
        "rss_mb_after_swaps": round(rss_after, 1),
        "rss_mb": {name: figures["median_mb"] for name, figures in modules.items()},
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
    parser.add_argument("--settle", type=float, default=SETTLE_S, help="seconds until the whole program is watched")
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
