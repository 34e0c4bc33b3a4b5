"""Resident memory of the whole program: each module while it watches, and the trainer while it trains.

`python -m bench.memory --video FILE --set FOLDER [--images 15] [--minutes 2] [--json]`

The three modules run as by `make run` on a video as camera, with the ready-made detector live. Figures are MB of each
process (RSS), median and most of the time watched, and what it had most since its start; then, from Train to the new
version, the sum of the trainer's processes with shared pages counted once (PSS), and the largest of them.
`limit_mb` is what each may take.
"""

import argparse
import json
import statistics
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from bench.line import resident_mb
from bench.protocol import ROOT, MeasuredSet, Sample, read_detection_set, split
from edge_common.geometry import Box
from edge_common.images import decode_image
from edge_common.packages import PackageStore
from edge_common.ready_made import build_package, ready_made
from edge_common.version import VERSION
from modules.trainer_agent.database import Database
from modules.trainer_agent.library import Library
from tests.program import MODULES, Program

MOST_MB = {"capture": 120, "inference": 300, "trainer_agent": 180, "training": 700}
SETTLE_S = 20.0
_EVERY_S = 1.0
_TRAINING_EVERY_S = 0.1
_TRAINED_WITHIN_S = 600.0
_OVER = ("trained", "failed", "interrupted", "cancelled")


def fill(data: Path, measured: MeasuredSet, samples: Sequence[Sample]) -> str:
    """A library with one model and these tagged images; its id."""
    with closing(Database(data / "library" / "library.sqlite")) as database:
        library = Library(database, data / "library")
        model = library.create_model("Shelf", "detection", list(measured.tags), automatic=False)
        for sample in samples:
            pixels = decode_image(sample.path.read_bytes(), sample.path.name)
            image = library.add_image(
                model.id, pixels, sample.path.name, "upload", camera=None, taken_ns=time.time_ns()
            )
            for tag, corners in sample.boxes:
                library.put_box(image.id, str(uuid.uuid4()), model.tags[tag].id, Box(*corners))
        return model.id


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


def trained(program: Program, model_id: str) -> dict[str, Any]:
    """Press Train, and what the trainer and the processes that it starts take until the model is there."""
    address = f"http://127.0.0.1:{program.port()}/api/models/{model_id}/training"
    trainer = program.children()["trainer_agent"]
    began_s = time.monotonic()
    _asked(urllib.request.Request(address, data=b"", method="POST"))
    together, largest, state = 0.0, 0.0, {"phase": "running"}
    while state["phase"] not in _OVER:
        if time.monotonic() - began_s > _TRAINED_WITHIN_S:
            raise SystemExit(f"training took more than {_TRAINED_WITHIN_S:g} s: {state}")
        time.sleep(_TRAINING_EVERY_S)
        sizes = [_sizes_mb(process) for process in family(trainer)]
        together = max(together, sum(shared for _, shared in sizes))
        largest = max([largest, *(whole for whole, _ in sizes)])
        state = _asked(urllib.request.Request(address))
    if state["phase"] != "trained":
        raise SystemExit(f"training {state['phase']}: {state.get('message')}")
    return {
        "seconds": round(time.monotonic() - began_s, 1),
        "together_mb": round(together, 1),
        "largest_process_mb": round(largest, 1),
        "limit_mb": MOST_MB["training"],
    }


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


def _asked(request: urllib.request.Request) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except HTTPError as error:
        raise SystemExit(f"{request.full_url}: {error.code} {error.read().decode()}") from error


def main(words: Sequence[str] | None = None) -> None:
    """Command line; `words` in place of the process's own."""
    parser = argparse.ArgumentParser(prog="bench.memory", description=__doc__)
    parser.add_argument("--video", type=Path, required=True, help="what the camera shows, again and again")
    parser.add_argument("--set", type=Path, required=True, help="folder with images/ and COCO annotations.json")
    parser.add_argument("--images", type=int, default=15, help="to train from")
    parser.add_argument("--zoo", type=Path, default=ROOT / "zoo")
    parser.add_argument("--settle", type=float, default=SETTLE_S, help="seconds from the start until it is watched")
    parser.add_argument("--minutes", type=float, default=2.0, help="to watch before the training")
    parser.add_argument("--json", action="store_true", help="print one JSON object only")
    chosen = parser.parse_args(words)
    measured = read_detection_set(chosen.set)
    samples, _ = split(measured, 0, images=chosen.images)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        model_id = fill(data, measured, samples)
        manifest, model = build_package(chosen.zoo, ready_made("objects"))
        store = PackageStore(data / "models")
        store.write(manifest, model)
        store.activate(manifest.model_id, manifest.version)
        program = Program(data, CAMERA=f"file:{chosen.video.resolve()}", ZOO_DIR=str(chosen.zoo.resolve())).ready()
        try:
            time.sleep(chosen.settle)
            modules = watched(program, chosen.minutes * 60)
            training = trained(program, model_id)
        finally:
            program.stop()
    found = {"program_version": VERSION, "images": len(samples), "modules": modules, "training": training}
    if not chosen.json:
        for name, figures in [*modules.items(), ("training", training)]:
            print(f"{name:14} {figures}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
