"""Few-shot classification measured: accuracy on images not trained on.

`python -m bench.classify --data SET --images-per-tag N [--unknown-tags K] [--seeds 0 1 2] [--json]`

With unknown tags, K tags drawn by the seed are not taught; for their images "none of these" is the right answer.
"""

import argparse
import json
import random
import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.protocol import (
    MOST_TEST_IMAGES,
    Finder,
    MeasuredSet,
    Sample,
    promise_kept,
    read_classification_set,
    split_to_test,
    trained,
)
from edge_common.detections import Detection


def measure(measured: MeasuredSet, seed: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """One seed: train, and count for how many test images the likeliest tag is right."""
    measured, strangers = without(measured, seed, arguments.unknown_tags)
    train, test = split_to_test(measured, seed, images_per_tag=arguments.images_per_tag)
    with trained(measured, train, seed, arguments.zoo, arguments.threads) as run:
        finder = Finder(run, arguments.backend, arguments.threads)
        found = [finder.find(sample) for sample in test]
        of_strangers = [finder.find(sample) for sample in strangers[:MOST_TEST_IMAGES]]
        finder.close()
    right = sum(
        bool(labels) and measured.tags.index(labels[0].label) in sample.tags
        for labels, sample in zip(found, test, strict=True)
    )
    score = run.manifest.score
    assert score is not None

    def named_in(labels: Sequence[Detection]) -> set[str]:
        return {one.label for one in labels if one.confidence >= run.manifest.thresholds[one.label]}

    sure = [named_in(labels) for labels in found]
    hits = sum(measured.tags[tag] in named for named, sample in zip(sure, test, strict=True) for tag in sample.tags)
    return {
        "seed": seed,
        "train_images": len(train),
        "test_images": len(test),
        "accuracy": round(right / len(test), 4),
        "named": round(statistics.mean(bool(named) for named in sure), 4),
        "none_right": round(statistics.mean(not named_in(labels) for labels in of_strangers), 4) if strangers else None,
        "promised_accuracy": round(score.value, 4),
        "promised_interval": score.interval,
        "precision": promise_kept(score.precision, hits, sum(map(len, sure))),
        "recall": promise_kept(score.recall, hits, sum(len(sample.tags) for sample in test)),
        "train_s": round(run.train_s, 2),
        "peak_mb": round(run.peak_mb, 1),
        "latency_ms": round(statistics.median(finder.milliseconds), 2),
        "package_mb": round(run.package_mb, 2),
    }


def without(measured: MeasuredSet, seed: int, unknown: int) -> tuple[MeasuredSet, list[Sample]]:
    """The set without `unknown` of its tags, drawn by the seed, and the images of those in random order."""
    draw = random.Random(seed)
    taken = set(draw.sample(range(len(measured.tags)), unknown))
    kept = [tag for tag in range(len(measured.tags)) if tag not in taken]
    known = tuple(
        replace(sample, tags=frozenset(kept.index(tag) for tag in sample.tags))
        for sample in measured.samples
        if not sample.tags & taken
    )
    strangers = [sample for sample in measured.samples if sample.tags & taken]
    draw.shuffle(strangers)
    return replace(measured, tags=tuple(measured.tags[tag] for tag in kept), samples=known), strangers


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with images/<class>/")
    parser.add_argument("--images-per-tag", type=int, default=15)
    parser.add_argument("--unknown-tags", type=int, default=0, help="tags that are not taught but shown")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--zoo", type=Path, default=Path("zoo"), help="folder of the converted backbones")
    parser.add_argument("--backend", default="onnx", help="runtime that finds: onnx or openvino")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print one JSON object only")
    arguments = parser.parse_args()
    measured = read_classification_set(arguments.data)
    rows = []
    for seed in arguments.seeds:
        rows.append(measure(measured, seed, arguments))
        if not arguments.json:
            print(rows[-1], flush=True)
    accuracies = [row["accuracy"] for row in rows]
    print(
        json.dumps(
            {
                "accuracy": round(statistics.mean(accuracies), 4),
                "accuracy_spread": round(max(accuracies) - min(accuracies), 4),
                "named": round(statistics.mean(row["named"] for row in rows), 4),
                "none_right": round(statistics.mean(row["none_right"] for row in rows), 4)
                if arguments.unknown_tags
                else None,
                "promises_kept": sum(row[name]["kept"] for row in rows for name in ("precision", "recall")),
                "promises": 2 * len(rows),
                "train_s": statistics.median(row["train_s"] for row in rows),
                "peak_mb": max(row["peak_mb"] for row in rows),
                "latency_ms": statistics.median(row["latency_ms"] for row in rows),
                "per_seed": rows,
            }
        )
    )


if __name__ == "__main__":
    main()
