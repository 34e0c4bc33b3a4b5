"""A trained detector in 8-bit whole numbers beside the same in floating point: score and milliseconds of both.

`python -m bench.int8 --data SET [SET ...] [--seeds 0 1 2] [--json]`: trains with `training.int8` as the product does.
AP50 is of both files on the same test images, by each runtime. Milliseconds are medians of the model alone, both files
taking turns in one process. A file that training did not keep is not measured; its manifest tells why.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.fewshot import coco_scores, parse_set
from bench.protocol import Finder, MeasuredSet, Sample, TrainingRun, Workshop, read_detection_set, split_to_test
from edge_common.images import decode_image
from edge_common.model_io import to_input
from edge_common.packages import INT8_FILE
from modules.inference.runtimes.runtime import open_runtime

RUNTIMES = ("onnx", "openvino")
_RUNS, _WARM_UP = 30, 5


def measure(
    measured: MeasuredSet, seed: int, amount: Mapping[str, int], arguments: argparse.Namespace
) -> dict[str, Any]:
    """One seed: train, then both files on the test images."""
    train, test = split_to_test(measured, seed, **(amount or {"images_per_tag": 15}))
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(Path(folder), arguments.zoo, seed=seed, threads=arguments.threads, int8=True)
        run = workshop.train(measured, train)
        told, score = run.manifest.int8, run.manifest.score
        assert told is not None
        assert score is not None
        row = {
            "seed": seed,
            "train_images": len(train),
            "test_images": len(test),
            "input_size_px": run.manifest.input_size_px,
            "train_s": round(run.train_s, 2),
            "peak_mb": round(run.peak_mb, 1),
            "promised": {"float": [round(score.value, 4), score.interval], "int8": told.model_dump()},
        }
        files = {"float": run.model} | ({"int8": run.model.with_name(INT8_FILE)} if told.kept else {})
        return row | {
            runtime: {
                "ap50": {
                    name: ap50(measured, test, replace(run, model=file), runtime, arguments.threads)
                    for name, file in files.items()
                },
                "ms": milliseconds(files, test[0], run, runtime, arguments.threads),
            }
            for runtime in RUNTIMES
        }


def ap50(measured: MeasuredSet, test: Sequence[Sample], run: TrainingRun, runtime: str, threads: int) -> float:
    """Of one file on the test images."""
    finder = Finder(run, runtime, threads)
    found = [finder.find(sample) for sample in test]
    finder.close()
    return round(coco_scores(measured.tags, test, found)[0], 4)


def milliseconds(
    files: Mapping[str, Path], sample: Sample, run: TrainingRun, runtime: str, threads: int
) -> dict[str, float]:
    """Medians for an image, the files taking turns."""
    image = to_input(decode_image(sample.path.read_bytes(), sample.path.name), run.manifest.input_size_px)
    opened = {name: open_runtime(runtime, file, threads) for name, file in files.items()}
    taken: dict[str, list[float]] = {name: [] for name in opened}
    for _ in range(_WARM_UP + _RUNS):
        for name, model in opened.items():
            began_s = time.perf_counter()
            model.infer(image)
            taken[name].append((time.perf_counter() - began_s) * 1000)
    for model in opened.values():
        model.close()
    return {name: round(statistics.median(mine[_WARM_UP:]), 2) for name, mine in taken.items()}


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
        of_sets[folder.name] = []
        for seed in arguments.seeds:
            of_sets[folder.name].append(measure(measured, seed, amount, arguments))
            if not arguments.json:
                print(folder.name, of_sets[folder.name][-1], flush=True)
    print(json.dumps(of_sets))


if __name__ == "__main__":
    main()
