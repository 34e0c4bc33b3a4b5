import argparse
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from bench.fewshot import coco_scores, main, measure, overview, parse_set, peer_summary, summary, table
from bench.protocol import (
    MeasuredSet,
    Sample,
    read_classification_set,
    read_detection_set,
    split,
    split_to_test,
    trained,
)
from edge_common.detections import Detection
from edge_common.errors import InvalidInput
from edge_common.geometry import Box
from edge_common.images import encode_jpeg
from tests.bench.made import drawn_set
from tests.zoo_here import zoo_folder

TAGS = ("a", "b", "c")


def sample(name: str, *tags: int) -> Sample:
    box = (0.1, 0.1, 0.5, 0.5)
    return Sample(Path(name), 200, 100, tuple((tag, box) for tag in tags), frozenset(tags))


def uneven_set() -> MeasuredSet:
    """Forty images of the first tag, six of the second, three of the third and some of none."""
    samples = [sample(f"a{index}", 0) for index in range(40)]
    samples += [sample(f"b{index}", 0, 1) for index in range(6)]
    samples += [sample(f"c{index}", 2) for index in range(3)]
    samples += [sample(f"none{index}") for index in range(5)]
    return MeasuredSet("detection", TAGS, tuple(samples))


@pytest.mark.parametrize("seed", range(5))
def test_images_are_picked_until_every_tag_is_in_enough(seed: int) -> None:
    train, test = split(uneven_set(), seed, images_per_tag=3)

    assert all(sum(tag in one.tags for one in train) >= 3 for tag in range(3))
    assert len(train) <= 9
    assert not {one.path for one in train} & {one.path for one in test}
    assert len(train) + len(test) == 54


def test_a_number_in_all_is_spread_over_the_tags() -> None:
    train, _ = split(uneven_set(), 0, images=9)

    assert len(train) == 9
    assert all(sum(tag in one.tags for one in train) >= 3 for tag in range(3))


def test_a_tag_with_too_few_images_takes_all_that_there_are() -> None:
    train, _ = split(uneven_set(), 0, images_per_tag=5)

    assert sum(2 in one.tags for one in train) == 3
    assert sum(1 in one.tags for one in train) >= 5


def test_a_set_that_leaves_nothing_to_test_on_is_refused() -> None:
    few = MeasuredSet("detection", TAGS, (sample("a", 0), sample("b", 1), sample("c", 2)))

    with pytest.raises(SystemExit, match="images to test on expected, but all 3 are needed"):
        split_to_test(few, 0, images=15)


def test_a_seed_is_a_choice_and_at_most_a_hundred_are_tested() -> None:
    many = MeasuredSet("detection", ("a",), tuple(sample(str(index), 0) for index in range(200)))

    first, again, other = (split(many, seed, images=15) for seed in (1, 1, 2))

    assert first == again
    assert first != other
    assert [len(part) for part in first] == [15, 100]


@pytest.fixture
def coco_folder(tmp_path: Path) -> Path:
    annotations = {
        "images": [
            {"id": 7, "file_name": "one.jpg", "width": 200, "height": 100},
            {"id": 9, "file_name": "two.jpg", "width": 50, "height": 50},
        ],
        "categories": [{"id": 3, "name": "can"}, {"id": 1, "name": "tag"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 1, "bbox": [20, 10, 100, 50]},
            {"id": 2, "image_id": 7, "category_id": 3, "bbox": [150, 50, 100, 100]},
        ],
    }
    (tmp_path / "annotations.json").write_text(json.dumps(annotations))
    return tmp_path


def test_a_detection_set_is_read_with_boxes_as_fractions_clipped_to_the_picture(coco_folder: Path) -> None:
    measured = read_detection_set(coco_folder)

    one, two = measured.samples
    assert (measured.kind, measured.tags) == ("detection", ("can", "tag"))
    assert one.boxes == ((1, pytest.approx((0.1, 0.1, 0.6, 0.6))), (0, pytest.approx((0.75, 0.5, 1.0, 1.0))))
    assert (one.path, one.tags) == (coco_folder / "images" / "one.jpg", {0, 1})
    assert (two.boxes, two.tags) == ((), frozenset())


def test_a_classification_set_is_read_by_its_folders(tmp_path: Path) -> None:
    for name, count in (("milk", 2), ("bread", 1)):
        (tmp_path / "images" / name).mkdir(parents=True)
        for index in range(count):
            picture = np.zeros((40, 60, 3), dtype=np.uint8)
            (tmp_path / "images" / name / f"{index}.jpg").write_bytes(encode_jpeg(picture, 90))

    measured = read_classification_set(tmp_path)

    assert (measured.kind, measured.tags) == ("classification", ("bread", "milk"))
    assert [sorted(one.tags) for one in measured.samples] == [[0], [1], [1]]
    assert (measured.samples[0].width, measured.samples[0].height) == (60, 40)


@pytest.mark.parametrize("read", [read_detection_set, read_classification_set])
def test_a_folder_that_is_no_set_is_refused(tmp_path: Path, read) -> None:
    with pytest.raises(InvalidInput, match="expected"):
        read(tmp_path)


def found(label: str, confidence: float, corners: tuple[float, float, float, float]) -> Detection:
    return Detection(label, confidence, Box(*corners))


def test_scores_are_those_of_coco() -> None:
    test = [sample("one", 0, 1), sample("two", 0)]
    right = (0.1, 0.1, 0.5, 0.5)
    half_right = (0.1, 0.1, 0.5, 0.35)  # an overlap of 0.625: a hit up to 0.6

    perfect = coco_scores(TAGS[:2], test, [[found("a", 0.9, right), found("b", 0.9, right)], [found("a", 0.8, right)]])
    loose = coco_scores(TAGS[:2], test, [[found("a", 0.9, half_right), found("b", 0.9, half_right)], []])

    assert perfect == (pytest.approx(1), pytest.approx(1))
    # Of the two boxes of the first tag one is found: 51 of the 101 places of the recall axis.
    assert loose[0] == pytest.approx((51 / 101 + 1) / 2)
    assert loose[1] == pytest.approx(loose[0] * 3 / 10)


def test_nothing_found_scores_nothing() -> None:
    assert coco_scores(TAGS, [sample("one", 0)], [[]]) == (0.0, 0.0)


def test_a_summary_has_means_of_scores_and_medians_of_times() -> None:
    rows = [
        {"ap50": ap, "ap50_95": ap / 2, "train_s": s, "peak_mb": s, "latency_ms": s, "package_mb": s}
        | {"precision": {"kept": True}, "recall": {"kept": ap > 0.6}}
        for ap, s in ((0.5, 1.0), (0.7, 9.0), (0.9, 2.0))
    ]

    told = summary(rows)

    assert (told["ap50"], told["ap50_spread"], told["train_s"], told["peak_mb"]) == (0.7, 0.4, 2.0, 9.0)
    assert (told["promises_kept"], told["promises"]) == (5, 6)


def test_many_sets_have_a_table_and_a_mean_of_means() -> None:
    one = dict.fromkeys(("ap50_spread", "ap50_95", "train_s", "peak_mb", "latency_ms", "package_mb"), 1.0)
    of_sets = {
        "cans": one | {"ap50": 0.8, "promises_kept": 5, "promises": 6},
        "cards": one | {"ap50": 0.6, "promises_kept": 6, "promises": 6},
    }

    whole = overview(of_sets)

    assert (whole["ap50"], whole["promises_kept"], whole["promises"]) == (0.7, 11, 12)
    lines = table(whole).splitlines()
    assert [line.split()[0] for line in lines] == ["set", "cans", "cards", "mean"]
    assert len({len(line) for line in lines}) == 1


def peer_row(ap50: float, seconds: float, ignored: int) -> dict[str, object]:
    return {"ap50": ap50, "train_s": seconds, "latency_ms": seconds, "boxes": 10, "boxes_ignored": ignored}


def test_a_summary_tells_of_the_peer_on_the_same_seeds() -> None:
    told = peer_summary([peer_row(0.2, 1.0, 0), peer_row(0.3, 9.0, 5), peer_row(0.7, 2.0, 1)])

    assert told == {"name": "dlib HOG+SVM", "ap50": 0.4, "train_s": 2.0, "latency_ms": 2.0, "ignored": 0.2}


def test_the_table_has_columns_for_the_peer_and_its_mean() -> None:
    one = dict.fromkeys(("ap50", "ap50_spread", "ap50_95", "train_s", "peak_mb", "latency_ms", "package_mb"), 1.0)
    one |= {"promises_kept": 2, "promises": 2}
    of_sets = {"cans": one | {"peer": peer_row(0.4, 3.0, 0)}, "cards": one | {"peer": peer_row(0.2, 5.0, 0)}}

    whole = overview(of_sets)
    heading, cans, cards, means, name = table(whole).splitlines()

    assert whole["peer"] == {"name": "dlib HOG+SVM", "ap50": 0.3}
    assert heading.split()[-6:] == ["peer", "ap50", "peer", "train_s", "peer", "latency_ms"]
    assert (cans.split()[-3:], cards.split()[-3:]) == (["0.4", "3.0", "3.0"], ["0.2", "5.0", "5.0"])
    assert means.split()[-1] == "0.3"
    assert len({len(line) for line in (heading, cans, cards, means)}) == 1
    assert name == "peer: dlib HOG+SVM"


@pytest.mark.skipif(importlib.util.find_spec("dlib") is not None, reason="dlib is installed: nothing to refuse")
def test_a_comparison_without_the_peer_is_refused_before_anything_is_read(capsys) -> None:
    with pytest.raises(SystemExit):
        main(["--data", "no-such-set", "--compare"])

    assert "dlib is not installed: `make bench-setup` installs it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "folder", "amount"),
    [
        ("sets/cans", "sets/cans", {}),
        ("sets/tags=10", "sets/tags", {"images": 10}),
        ("sets/cards=15/tag", "sets/cards", {"images_per_tag": 15}),
    ],
)
def test_a_set_may_name_its_number_of_images(text: str, folder: str, amount: dict[str, int]) -> None:
    assert parse_set(text) == (Path(folder), amount)


@pytest.mark.parametrize("text", ["a=0", "a=x", "a=15/box", "a=-3"])
def test_a_number_of_images_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="FOLDER=N"):
        parse_set(text)


def test_a_measurement_trains_as_the_product_does_and_tests_on_the_rest(tmp_path: Path) -> None:
    measured = read_detection_set(drawn_set(tmp_path, 8))
    arguments = argparse.Namespace(
        images=4, images_per_tag=None, zoo=zoo_folder(), backend="onnx", threads=2, compare=False
    )

    row = measure(measured, 0, arguments)

    assert (row["train_images"], row["test_images"], row["input_size_px"]) == (4, 4, 448)
    assert "peer" not in row
    assert row["ap50"] > 0.5
    assert row["ap50"] >= row["ap50_95"]
    assert min(row[name] for name in ("train_s", "peak_mb", "latency_ms", "package_mb")) > 0


def test_a_set_that_cannot_be_trained_on_is_told() -> None:
    nothing = MeasuredSet("detection", ("a",), ())

    with (
        pytest.raises(InvalidInput, match=r"training failed: .*0 usable images"),
        trained(nothing, [], 0, zoo_folder(), threads=1),
    ):
        pass
