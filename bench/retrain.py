"""Training again after one more image, as staff do who correct a model: seconds from the start of the process.

`python -m bench.retrain --data SET [SET ...] [--seeds 0 1 2] [--json]`: first the images of the protocol, with nothing
cached, then one more and the version so far to compare with.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.fewshot import parse_set
from bench.protocol import MeasuredSet, Workshop, read_detection_set, split


def measure(
    measured: MeasuredSet, seed: int, amount: dict[str, int], zoo: Path, threads: int
) -> dict[str, float | int]:
    """One seed: the first training and the second with one of the test images added."""
    train, test = split(measured, seed, **(amount or {"images_per_tag": 15}))
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(Path(folder), zoo, seed=seed, threads=threads)
        first = workshop.train(measured, train)
        again = workshop.train(measured, [*train, test[0]], parent=first.manifest.version)
    return {
        "seed": seed,
        "train_images": len(train),
        "first_s": round(first.train_s, 2),
        "again_s": round(again.train_s, 2),
        "peak_mb": round(max(first.peak_mb, again.peak_mb), 1),
    }


def main(words: Sequence[str] | None = None) -> None:
    """Command line; `words` in place of the process's own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=parse_set, nargs="+", required=True, metavar="SET", help="as for bench.fewshot; 15 a tag"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--zoo", type=Path, default=Path("zoo"), help="folder of the converted backbones")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print one JSON object only")
    arguments = parser.parse_args(words)
    of_sets: dict[str, Any] = {}
    for folder, amount in arguments.data:
        measured = read_detection_set(folder)
        rows = [measure(measured, seed, amount, arguments.zoo, arguments.threads) for seed in arguments.seeds]
        medians = {name: statistics.median(row[name] for row in rows) for name in ("first_s", "again_s")}
        of_sets[folder.name] = medians | {"peak_mb": max(row["peak_mb"] for row in rows), "per_seed": rows}
        if not arguments.json:
            print(folder.name, of_sets[folder.name], flush=True)
    print(json.dumps(of_sets))


if __name__ == "__main__":
    main()
