"""Training again after a few more images, as staff do who correct a model: seconds from the start of the process.

`python -m bench.retrain --data SET [SET ...] [--more 1] [--seeds 0 1 2] [--json]`: first the images of the protocol,
with nothing cached, then some more and the version so far to compare with; then the same images learned in full, for
what going on from the former training costs in AP50. Scores are on test images that none of them learned from.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.fewshot import coco_scores, parse_set
from bench.protocol import Finder, MeasuredSet, TrainingRun, Workshop, read_detection_set, split_to_test

_SCORES = ("first_ap50", "again_ap50", "full_ap50")


def measure(
    measured: MeasuredSet, seed: int, amount: dict[str, int], arguments: argparse.Namespace
) -> dict[str, float | int]:
    """One seed: the first training, the second with some of the test images added, and the same in full."""
    train, test = split_to_test(measured, seed, **(amount or {"images_per_tag": 15}))
    more, rest = [*train, *test[: arguments.more]], test[arguments.more :]

    def ap50(run: TrainingRun) -> float:
        finder = Finder(run, "onnx", arguments.threads)
        found = [finder.find(sample) for sample in rest]
        finder.close()
        return round(coco_scores(measured.tags, rest, found)[0], 4)

    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(Path(folder), arguments.zoo, seed=seed, threads=arguments.threads)
        first = workshop.train(measured, train)
        again = workshop.train(measured, more, parent=first.manifest.version)
        full = workshop.train(measured, more)
        return {
            "seed": seed,
            "train_images": len(train),
            "test_images": len(rest),
            "first_s": round(first.train_s, 2),
            "again_s": round(again.train_s, 2),
            "full_s": round(full.train_s, 2),
            "first_ap50": ap50(first),
            "again_ap50": ap50(again),
            "full_ap50": ap50(full),
            "first_mb": round(first.peak_mb, 1),
            "again_mb": round(again.peak_mb, 1),
            "full_mb": round(full.peak_mb, 1),
        }


def main(words: Sequence[str] | None = None) -> None:
    """Command line; `words` in place of the process's own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=parse_set, nargs="+", required=True, metavar="SET", help="as for bench.fewshot; 15 a tag"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--more", type=int, default=1, help="images added before training again")
    parser.add_argument("--zoo", type=Path, default=Path("zoo"), help="folder of the converted backbones")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print one JSON object only")
    arguments = parser.parse_args(words)
    of_sets: dict[str, Any] = {}
    for folder, amount in arguments.data:
        measured = read_detection_set(folder)
        rows = [measure(measured, seed, amount, arguments) for seed in arguments.seeds]
        seconds = {name: statistics.median(row[name] for row in rows) for name in ("first_s", "again_s", "full_s")}
        scores = {name: round(statistics.mean(row[name] for row in rows), 4) for name in _SCORES}
        peaks = {name: max(row[name] for row in rows) for name in ("first_mb", "again_mb", "full_mb")}
        of_sets[folder.name] = seconds | scores | peaks | {"per_seed": rows}
        if not arguments.json:
            print(folder.name, of_sets[folder.name], flush=True)
    print(json.dumps(of_sets))


if __name__ == "__main__":
    main()
