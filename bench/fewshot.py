"""Few-shot detection measured: AP50 on images not trained on, time, memory, size and latency.

`python -m bench.fewshot --data SET [--images N | --images-per-tag N] [--seeds 0 1 2] [--json]`
"""

import argparse
import contextlib
import io
import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from bench.protocol import Finder, MeasuredSet, Sample, promise_kept, read_detection_set, split, trained
from edge_common.detections import Detection
from modules.trainer_agent.learning.evaluate import match


def measure(measured: MeasuredSet, seed: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """One seed: train, find on the test images, score."""
    train, test = split(measured, seed, images=arguments.images, images_per_tag=arguments.images_per_tag)
    with trained(measured, train, seed, arguments.zoo, arguments.threads) as run:
        finder = Finder(run, arguments.backend, arguments.threads)
        found = [finder.find(sample) for sample in test]
        finder.close()
    ap50, ap50_95 = coco_scores(measured.tags, test, found)
    score = run.manifest.score
    assert score is not None
    hits, sure, tagged = count_sure(measured.tags, test, found, run.manifest.thresholds)
    return {
        "seed": seed,
        "train_images": len(train),
        "test_images": len(test),
        "input_size_px": run.manifest.input_size_px,
        "ap50": round(ap50, 4),
        "ap50_95": round(ap50_95, 4),
        "promised_ap50": round(score.value, 4),
        "promised_interval": score.interval,
        "precision": promise_kept(score.precision, hits, sure),
        "recall": promise_kept(score.recall, hits, tagged),
        "train_s": round(run.train_s, 2),
        "peak_mb": round(run.peak_mb, 1),
        "latency_ms": round(statistics.median(finder.milliseconds), 2),
        "package_mb": round(run.package_mb, 2),
    }


def count_sure(
    tags: Sequence[str],
    test: Sequence[Sample],
    found: Sequence[Sequence[Detection]],
    thresholds: Mapping[str, float],
) -> tuple[int, int, int]:
    """Hits, detections at the recommended thresholds, and tagged boxes, over all test images."""
    hits = sure = tagged = 0
    for sample, detections in zip(test, found, strict=True):
        for index, tag in enumerate(tags):
            boxes = [one.box for one in detections if one.label == tag and one.confidence >= thresholds[tag]]
            mine = np.array([box.to_list() for box in boxes if box is not None], dtype=np.float32).reshape(-1, 4)
            wanted = np.array([box for label, box in sample.boxes if label == index], dtype=np.float32).reshape(-1, 4)
            hits += int(match(mine, wanted).sum())
            sure += len(mine)
            tagged += len(wanted)
    return hits, sure, tagged


def coco_scores(
    tags: Sequence[str], test: Sequence[Sample], found: Sequence[Sequence[Detection]]
) -> tuple[float, float]:
    """AP50 and AP50:95 by pycocotools."""
    truth: dict[str, Any] = {
        "info": {},
        "images": [{"id": index, "width": one.width, "height": one.height} for index, one in enumerate(test, 1)],
        "categories": [{"id": index, "name": tag} for index, tag in enumerate(tags, 1)],
        "annotations": [],
    }
    results = []
    for index, (sample, detections) in enumerate(zip(test, found, strict=True), 1):
        for tag, box in sample.boxes:
            bbox = _bbox(box, sample)
            truth["annotations"].append(
                {
                    "id": len(truth["annotations"]) + 1,
                    "image_id": index,
                    "category_id": tag + 1,
                    "bbox": bbox,
                    "area": bbox[2] * bbox[3],
                    "iscrowd": 0,
                }
            )
        for one in detections:
            assert one.box is not None
            box = (one.box.x0, one.box.y0, one.box.x1, one.box.y1)
            category = tags.index(one.label) + 1
            results.append(
                {"image_id": index, "category_id": category, "bbox": _bbox(box, sample), "score": one.confidence}
            )
    if not results:
        return 0.0, 0.0
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[1]), float(evaluation.stats[0])


def _bbox(box: tuple[float, float, float, float], sample: Sample) -> list[float]:
    x0, y0, x1, y1 = np.multiply(box, (sample.width, sample.height, sample.width, sample.height)).tolist()
    return [x0, y0, x1 - x0, y1 - y0]


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Means of scores, medians of times, over the seeds."""

    def of(name: str) -> list[float]:
        return [float(row[name]) for row in rows]

    return {
        "ap50": round(statistics.mean(of("ap50")), 4),
        "ap50_spread": round(max(of("ap50")) - min(of("ap50")), 4),
        "ap50_95": round(statistics.mean(of("ap50_95")), 4),
        "promises_kept": sum(row[name]["kept"] for row in rows for name in ("precision", "recall")),
        "promises": 2 * len(rows),
        "train_s": statistics.median(of("train_s")),
        "peak_mb": max(of("peak_mb")),
        "latency_ms": statistics.median(of("latency_ms")),
        "package_mb": statistics.median(of("package_mb")),
        "per_seed": list(rows),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with images/ and COCO annotations.json")
    parser.add_argument("--images", type=int, help="training images in all")
    parser.add_argument("--images-per-tag", type=int, help="training images of each tag (15 if --images is not given)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--zoo", type=Path, default=Path("zoo"), help="folder of the converted backbones")
    parser.add_argument("--backend", default="onnx", help="runtime that finds: onnx or openvino")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print one JSON object only")
    arguments = parser.parse_args()
    if arguments.images is None and arguments.images_per_tag is None:
        arguments.images_per_tag = 15
    measured = read_detection_set(arguments.data)
    rows = []
    for seed in arguments.seeds:
        rows.append(measure(measured, seed, arguments))
        if not arguments.json:
            print(rows[-1], flush=True)
    print(json.dumps(summary(rows)))


if __name__ == "__main__":
    main()
