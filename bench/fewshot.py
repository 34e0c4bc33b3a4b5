"""Few-shot detection measured: AP50 on images not trained on, time, memory, size and latency.

`python -m bench.fewshot --data SET [SET ...] [--images N | --images-per-tag N] [--seeds 0 1 2] [--compare] [--json]`
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

from bench import peer_dlib
from bench.protocol import Finder, MeasuredSet, Sample, promise_kept, read_detection_set, split_to_test, trained
from edge_common.detections import Detection
from modules.trainer_agent.learning.evaluate import match


def measure(measured: MeasuredSet, seed: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """One seed: split, train, find on the test images, score."""
    train, test = split_to_test(measured, seed, images=arguments.images, images_per_tag=arguments.images_per_tag)
    return measure_split(measured, train, test, seed, arguments)


def measure_split(
    measured: MeasuredSet, train: Sequence[Sample], test: Sequence[Sample], seed: int, arguments: argparse.Namespace
) -> dict[str, Any]:
    """Train on these images, find on those, score; with `compare` the peer on the same images, afterwards."""
    with trained(measured, train, seed, arguments.zoo, arguments.threads) as run:
        finder = Finder(run, arguments.backend, arguments.threads)
        found = [finder.find(sample) for sample in test]
        finder.close()
    ap50, ap50_95 = coco_scores(measured.tags, test, found)
    score = run.manifest.score
    assert score is not None
    hits, sure, tagged = count_sure(measured.tags, test, found, run.manifest.thresholds)
    row = {
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
    return row | {"peer": measure_peer(measured, train, test, arguments.threads)} if arguments.compare else row


def measure_peer(
    measured: MeasuredSet, train: Sequence[Sample], test: Sequence[Sample], threads: int
) -> dict[str, Any]:
    """The peer on the same training and test images, by the same score."""
    peer = peer_dlib.measure(measured, train, test, threads)
    ap50, ap50_95 = coco_scores(measured.tags, test, peer.found)
    return {"ap50": round(ap50, 4), "ap50_95": round(ap50_95, 4)} | peer.figures


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

    told = {
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
    peers = [row["peer"] for row in rows if "peer" in row]
    return told | {"peer": peer_summary(peers)} if peers else told


def peer_summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The peer's means of scores and medians of times, and the share of boxes that it could not use."""
    return {
        "name": peer_dlib.NAME,
        "ap50": round(statistics.mean(row["ap50"] for row in rows), 4),
        "train_s": statistics.median(row["train_s"] for row in rows),
        "latency_ms": statistics.median(row["latency_ms"] for row in rows),
        "ignored": round(sum(row["boxes_ignored"] for row in rows) / max(1, sum(row["boxes"] for row in rows)), 3),
    }


def overview(of_sets: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Means over the sets, and how many promises were kept in all."""
    whole = {
        "ap50": round(statistics.mean(one["ap50"] for one in of_sets.values()), 4),
        "promises_kept": sum(one["promises_kept"] for one in of_sets.values()),
        "promises": sum(one["promises"] for one in of_sets.values()),
        "sets": dict(of_sets),
    }
    peers = [one["peer"]["ap50"] for one in of_sets.values() if "peer" in one]
    return whole | {"peer": {"name": peer_dlib.NAME, "ap50": round(statistics.mean(peers), 4)}} if peers else whole


def table(whole: dict[str, Any]) -> str:
    """A line for each set, and one of means; the peer's columns come last, where there is one."""
    columns = ("ap50", "ap50_spread", "ap50_95", "train_s", "peak_mb", "latency_ms", "package_mb")
    of_peer = ("ap50", "train_s", "latency_ms") if "peer" in whole else ()
    heading = f"{'set':<24}" + "".join(f"{name:>13}" for name in columns) + f"{'kept':>8}"
    lines = [heading + "".join(f"{'peer ' + name:>17}" for name in of_peer)]
    for name, one in whole["sets"].items():
        kept = f"{one['promises_kept']}/{one['promises']}"
        line = f"{name:<24}" + "".join(f"{one[column]:>13}" for column in columns) + f"{kept:>8}"
        lines.append(line + "".join(f"{one['peer'][column]:>17}" for column in of_peer))
    kept = f"{whole['promises_kept']}/{whole['promises']}"
    means = f"{'mean':<24}{whole['ap50']:>13}{'':>78}{kept:>8}"
    if of_peer:
        means += f"{whole['peer']['ap50']:>17}{'':>34}\npeer: {whole['peer']['name']}"
    return "\n".join([*lines, means])


def parse_set(text: str) -> tuple[Path, dict[str, int]]:
    """`FOLDER`, `FOLDER=10` (training images in all) or `FOLDER=15/tag`; raises ValueError as argparse wants it."""
    folder, _, amount = text.partition("=")
    if not amount:
        return Path(folder), {}
    number, _, unit = amount.partition("/")
    if unit not in ("", "tag") or not number.isdigit() or int(number) < 1:
        raise argparse.ArgumentTypeError(f"FOLDER, FOLDER=N or FOLDER=N/tag expected, got {text!r}")
    return Path(folder), {"images_per_tag" if unit else "images": int(number)}


def add_running_options(parser: argparse.ArgumentParser) -> None:
    """The options of both programs that measure detection: what `measure_split` reads, seeds and the form of output."""
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--zoo", type=Path, default=Path("zoo"), help="folder of the converted backbones")
    parser.add_argument("--backend", default="onnx", help="runtime that finds: onnx or openvino")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--compare", action="store_true", help=f"measure {peer_dlib.NAME} too, on the same images (`make bench-setup`)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object only")


def main(words: Sequence[str] | None = None) -> None:
    """Command line; `words` in place of the process's own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data",
        type=parse_set,
        nargs="+",
        required=True,
        metavar="SET",
        help="folders with images/ and COCO annotations.json; SET=N or SET=N/tag sets the number of images for one",
    )
    parser.add_argument("--images", type=int, help="training images in all")
    parser.add_argument("--images-per-tag", type=int, help="training images of each tag (15 if --images is not given)")
    add_running_options(parser)
    arguments = parser.parse_args(words)
    if arguments.compare and (missing := peer_dlib.missing()):
        parser.error(missing)
    everywhere = {"images": arguments.images, "images_per_tag": arguments.images_per_tag}
    if everywhere == {"images": None, "images_per_tag": None}:
        everywhere["images_per_tag"] = 15
    of_sets = {}
    for folder, amount in arguments.data:
        measured = read_detection_set(folder)
        chosen = {"images": None, "images_per_tag": None, **amount} if amount else everywhere
        rows = []
        for seed in arguments.seeds:
            rows.append(measure(measured, seed, argparse.Namespace(**vars(arguments) | chosen)))
            if not arguments.json:
                print(folder.name, rows[-1], flush=True)
        of_sets[folder.name] = summary(rows)
    whole = overview(of_sets)
    if not arguments.json and len(of_sets) > 1:
        print(table(whole))
    print(json.dumps(whole if len(of_sets) > 1 else next(iter(of_sets.values()))))


if __name__ == "__main__":
    main()
