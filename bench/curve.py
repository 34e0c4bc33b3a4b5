"""AP50 against the number of training images, as numbers and as a picture; on the same test images at every number.

`python -m bench.curve --data SET [SET ...] --png FILE [--images 3 5 8 15] [--seeds 0 1 2] [--compare] [--json]`
"""

import argparse
import importlib.util
import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench import peer_dlib
from bench.fewshot import add_running_options, measure_split
from bench.protocol import MeasuredSet, Sample, read_detection_set, split_to_test

LEAST_TEST_IMAGES = 5
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
"""Okabe and Ito's, which colour-blind readers tell apart; used again from the first where there are more sets."""


def possible(measured: MeasuredSet, amounts: Sequence[int]) -> list[int]:
    """The amounts, in order, that the set has tagged images enough for with some left to test on."""
    # An image without boxes is never picked for training.
    tagged = sum(bool(sample.tags) for sample in measured.samples)
    most = min(tagged, len(measured.samples) - LEAST_TEST_IMAGES)
    return sorted({amount for amount in amounts if amount <= most})


def measure_points(
    measured: MeasuredSet,
    amounts: Sequence[int],
    seeds: Sequence[int],
    row_of: Callable[[Sequence[Sample], Sequence[Sample], int], dict[str, Any]],
) -> list[dict[str, Any]]:
    """A point for each amount, from `row_of(train, test, seed)` with "ap50" and with --compare "peer" in it.

    The split for the largest amount gives the test images of all; smaller amounts learn from its first images.
    """
    rows: dict[int, list[dict[str, Any]]] = {amount: [] for amount in amounts}
    for seed in seeds if amounts else ():
        train, test = split_to_test(measured, seed, images=max(amounts))
        for amount in amounts:
            rows[amount].append(row_of(train[:amount], test, seed))
    return [point(amount, rows[amount]) for amount in amounts]


def point(images: int, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Mean, least and most AP50 over the seeds, of ours and of the peer where it was measured."""
    told: dict[str, Any] = {"images": images, **_spread([row["ap50"] for row in rows])}
    if all("peer" in row for row in rows):
        told["peer"] = _spread([row["peer"]["ap50"] for row in rows])
    return told


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"ap50": round(statistics.mean(values), 4), "least": min(values), "most": max(values)}


def draw(of_sets: Mapping[str, Mapping[str, Any]], file: Path) -> None:
    """Writes the curves as a PNG: a line for each set with a band from least to most, dashed for the peer."""
    # A figure made without pyplot is drawn by Agg and needs no screen.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    for index, (name, of_set) in enumerate(of_sets.items()):
        points, colour = of_set["points"], COLOURS[index % len(COLOURS)]
        images = [one["images"] for one in points]
        lines = [(name, "-", points)]
        if points and "peer" in points[0]:
            lines.append((f"{name}, {peer_dlib.NAME}", "--", [one["peer"] for one in points]))
        for label, style, values in lines:
            axes.plot(images, [one["ap50"] for one in values], style, color=colour, marker="o", ms=4, label=label)
            bounds = [one["least"] for one in values], [one["most"] for one in values]
            axes.fill_between(images, *bounds, color=colour, alpha=0.12, linewidth=0)
    axes.set_xticks(sorted({one["images"] for of_set in of_sets.values() for one in of_set["points"]}))
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("training images")
    axes.set_ylabel("AP50 on images not trained on")
    axes.set_title("line: mean over seeds; band: least to most", fontsize=10, loc="left")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right upper", frameon=False)
    figure.savefig(file, format="png")


def measured_row(
    measured: MeasuredSet,
    name: str,
    arguments: argparse.Namespace,
    train: Sequence[Sample],
    test: Sequence[Sample],
    seed: int,
) -> dict[str, Any]:
    """One training and its test as `bench.fewshot` has it, told at once."""
    row = measure_split(measured, train, test, seed, arguments)
    if not arguments.json:
        print(name, row, flush=True)
    return row


def main(words: Sequence[str] | None = None) -> None:
    """Command line; `words` in place of the process's own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="SET", help="folders as bench.fewshot's")
    parser.add_argument("--png", type=Path, required=True, metavar="FILE", help="where the picture is written")
    parser.add_argument("--images", type=int, nargs="+", default=[3, 5, 8, 15], help="training images in all")
    add_running_options(parser)
    arguments = parser.parse_args(words)
    if min(arguments.images) < 2:
        parser.error(f"--images: whole numbers from 2 expected, got {arguments.images}")
    if not arguments.png.parent.is_dir():
        parser.error(f"--png: there is no folder {arguments.png.parent}")
    if importlib.util.find_spec("matplotlib") is None:
        parser.error("--png: matplotlib is not installed; `make bench-setup` installs it")
    if arguments.compare and (problem := peer_dlib.missing()):
        parser.error(problem)
    of_sets = {}
    for folder in arguments.data:
        measured = read_detection_set(folder)
        amounts = possible(measured, arguments.images)
        left_out = sorted(set(arguments.images) - set(amounts))
        if left_out and not arguments.json:
            print(f"{folder.name}: {len(measured.samples)} images are too few for {left_out} and a test; left out")
        points = measure_points(
            measured, amounts, arguments.seeds, partial(measured_row, measured, folder.name, arguments)
        )
        of_sets[folder.name] = {"points": points, "left_out": left_out}
    draw(of_sets, arguments.png)
    print(json.dumps({"seeds": arguments.seeds, "sets": of_sets}))


if __name__ == "__main__":
    main()
