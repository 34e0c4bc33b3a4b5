"""Resident memory of the whole program: each module while it watches, and the trainer while it trains.

`python -m bench.memory --video FILE --set FOLDER [--cameras 1] [--images 15] [--minutes 2] [--json]`

The three modules run as by `make run` with cameras that show a video, and the ready-made detector live. Figures are MB
of each process (RSS), median and most of the time watched, and what it had most since its start; then the sum of the
trainer's processes with shared pages counted once (PSS), and the largest of them: `training` from Train to the new
version, with nothing looked at before; `tagging` once an image was finished after that, while a process waits for the
next training. `limit_mb` is what each may take.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.line import resident_mb
from bench.protocol import read_detection_set, split
from bench.whole_program import Page, Shelf, add_options, fill, watching
from edge_common.ready_made import build_package, ready_made
from edge_common.version import VERSION
from tests.program import MODULES, Program

MOST_MB = {"capture": 120, "inference": 300, "trainer_agent": 180, "training": 700}
SETTLE_S = 20.0
_EVERY_S = 1.0


def watched(program: Program, seconds: float) -> dict[str, dict[str, float]]:
    """Of each module, MB: median and most while it watches, and most since its start."""
    processes = program.children()
    seen: dict[str, list[float]] = {module: [] for module in MODULES}
    deadline_s = time.monotonic() + seconds
    while not seen[MODULES[0]] or time.monotonic() < deadline_s:
        for module in MODULES:
            seen[module].append(resident_mb(processes[module]))
        time.sleep(_EVERY_S)
    return {
        module: {
            "median_mb": round(statistics.median(values), 1),
            "most_mb": round(max(values), 1),
            "since_start_mb": round(resident_mb(processes[module], "VmHWM"), 1),
            "limit_mb": MOST_MB[module],
        }
        for module, values in seen.items()
    }


def trained(program: Program, shelf: Shelf, settle_s: float) -> dict[str, dict[str, float]]:
    """Of the trainer's processes, MB, and seconds from Train."""
    page, trainer = Page(program.port()), program.children()["trainer_agent"]
    together, largest = list[float](), list[float]()

    def look() -> None:
        sizes = [_sizes_mb(process) for process in family(trainer)]
        together.append(sum(shared for _, shared in sizes))
        largest.append(max(whole for whole, _ in sizes))

    began_s = time.monotonic()
    page.train(shelf.model_id, look)
    training = {
        "seconds": round(time.monotonic() - began_s, 1),
        "together_mb": round(max(together), 1),
        "largest_process_mb": round(max(largest), 1),
        "limit_mb": MOST_MB["training"],
    }
    page.done(shelf, 0)
    time.sleep(settle_s)
    look()
    return {"training": training, "tagging": {"together_mb": round(together[-1], 1)}}


def family(process: int) -> Iterator[int]:
    """A process and all that descend from it, as far as they still run."""
    yield process
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from family(int(child))


def _sizes_mb(process: int) -> tuple[float, float]:
    """Resident memory, whole and with pages that are shared counted in parts; nothing of one that has ended."""
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0.0, 0.0
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in text.splitlines()[1:]}
    return kilobytes["Rss"] / 1e3, kilobytes["Pss"] / 1e3


def main(words: Sequence[str] | None = None) -> None:
    """Command line; `words` in place of the process's own."""
    parser = argparse.ArgumentParser(prog="bench.memory", description=__doc__)
    add_options(parser)
    parser.add_argument("--cameras", type=int, default=1)
    parser.add_argument("--settle", type=float, default=SETTLE_S, help="seconds from a start until it is watched")
    parser.add_argument("--minutes", type=float, default=2.0, help="to watch before the training")
    chosen = parser.parse_args(words)
    measured = read_detection_set(chosen.set)
    samples, _ = split(measured, 0, images=chosen.images)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        shelf = fill(data, measured, samples)
        package = build_package(chosen.zoo, ready_made("objects"))
        with watching(data, chosen.video, chosen.zoo, package=package, cameras=chosen.cameras) as program:
            page = Page(program.port())
            for number, sample in enumerate(samples):
                page.tag(shelf, number, sample)
            time.sleep(chosen.settle)
            modules = watched(program, chosen.minutes * 60)
            trainer = trained(program, shelf, chosen.settle)
    amounts = {"cameras": chosen.cameras, "images": len(samples)}
    found = {"program_version": VERSION, **amounts, "modules": modules, **trainer}
    if not chosen.json:
        for name, figures in [*modules.items(), *trainer.items()]:
            print(f"{name:14} {figures}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
