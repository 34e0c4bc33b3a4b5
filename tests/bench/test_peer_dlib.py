from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

from bench.fewshot import measure_peer
from bench.peer_dlib import SizedBox, boxes_of, detections, dlib_xml, fits, measure, train_tag, usual_shape, window_of
from bench.protocol import MeasuredSet, Sample, read_detection_set, split
from edge_common.geometry import Box
from tests.bench.made import drawn_set
from tests.requirements_here import skip_without_bench_package


def sized(width: float, height: float) -> SizedBox:
    return SizedBox(10, 20, width, height)


def test_boxes_of_a_tag_are_in_pixels_of_the_shrunk_picture() -> None:
    corners = (0.1, 0.2, 0.5, 0.6)
    sample = Sample(Path("one"), 2000, 1000, ((0, corners), (1, corners), (1, (0.5, 0.5, 0.5, 0.9))), frozenset({0, 1}))

    boxes = boxes_of(sample, 1, np.zeros((100, 200, 3), dtype=np.uint8))

    (box,) = boxes
    assert (box.left, box.top, box.width, box.height) == pytest.approx((20, 20, 80, 40))


@pytest.mark.parametrize(
    ("side", "area", "doublings"),
    [(200, 6400, 0), (80, 6400, 0), (60, 6400, 1), (30, 3600, 1), (10, 1600, 1)],
    ids=["large", "as the window", "doubled past the window", "doubled to the window", "too small"],
)
def test_the_window_is_one_that_most_boxes_fill(side: int, area: int, doublings: int) -> None:
    boxes = [sized(5, 5), *[sized(side, side)] * 9]

    assert window_of(boxes) == (area, doublings)


def test_a_box_fits_if_it_has_about_the_usual_shape_and_is_not_too_small() -> None:
    shape = usual_shape([sized(100, 100), sized(200, 100), sized(400, 100)])

    assert shape == 2
    assert fits(sized(200, 100), shape, 1.5, 6400)
    assert fits(sized(140, 100), shape, 1.5, 6400)
    assert not fits(sized(100, 100), shape, 1.5, 6400)
    assert not fits(sized(310, 100), shape, 1.5, 6400)
    assert not fits(sized(80, 40), shape, 1.5, 6400)


def test_boxes_that_do_not_fit_are_told_to_dlib_as_neither_example_nor_background() -> None:
    told = ElementTree.fromstring(dlib_xml([[sized(30.4, 40), sized(9, 9)], []], [[True, False], []]))

    images = list(told.iter("image"))
    assert [image.get("file") for image in images] == ["0.jpg", "1.jpg"]
    assert [box.attrib for box in images[0]] == [
        {"left": "10", "top": "20", "width": "30", "height": "40"},
        {"left": "10", "top": "20", "width": "9", "height": "9", "ignore": "1"},
    ]
    assert not list(images[1])


def rectangle(left: int, top: int, right: int, bottom: int) -> SimpleNamespace:
    """What dlib's rectangle answers."""
    return SimpleNamespace(left=lambda: left, top=lambda: top, right=lambda: right, bottom=lambda: bottom)


def test_what_dlib_finds_is_clipped_and_what_lies_outside_goes() -> None:
    picture = np.zeros((100, 200, 3), dtype=np.uint8)

    found = detections([rectangle(-20, 10, 99, 59), rectangle(210, 0, 240, 40)], [0.0, 5.0], "can", picture)

    (only,) = found
    assert (only.label, only.confidence, only.box) == ("can", 0.5, Box(0, 0.1, 0.5, 0.6))


def test_the_peer_learns_from_the_training_images_and_finds_on_the_test_images(tmp_path: Path) -> None:
    skip_without_bench_package("dlib")
    measured = read_detection_set(drawn_set(tmp_path, 10))
    train, test = split(measured, 0, images=6)

    row = measure_peer(measured, train, test, threads=2)

    assert row["ap50"] > 0.5
    assert row["ap50"] >= row["ap50_95"]
    assert (row["boxes"], row["boxes_ignored"], row["not_trained"]) == (sum(len(one.boxes) for one in train), 0, {})
    assert min(row["train_s"], row["latency_ms"]) > 0


def test_boxes_of_odd_shapes_are_left_out_and_counted() -> None:
    skip_without_bench_package("dlib")
    pictures = [np.random.default_rng(seed).integers(0, 256, (240, 320, 3), dtype=np.uint8) for seed in range(3)]
    boxes = [[SizedBox(20, 20, 90, 90), SizedBox(150, 20, 120, 20)], [SizedBox(50, 50, 100, 90)], []]

    trained = train_tag("odd", pictures, boxes, threads=1)

    assert (trained.boxes, trained.ignored, trained.reason) == (3, 1, None)
    assert trained.detector is not None


def test_a_set_that_dlib_cannot_learn_scores_nothing_and_says_why(tmp_path: Path) -> None:
    skip_without_bench_package("dlib")
    measured = read_detection_set(drawn_set(tmp_path, 3))
    corner = (0.0, 0.0, 0.02, 0.02)
    specks = tuple(Sample(one.path, one.width, one.height, ((0, corner),), frozenset({0})) for one in measured.samples)
    tiny = MeasuredSet("detection", ("speck", "nothing"), specks)

    row = measure_peer(tiny, specks[:2], specks[2:], threads=1)

    assert (row["ap50"], row["boxes"], row["boxes_ignored"]) == (0.0, 2, 2)
    assert "does not have any labeled object boxes" in row["not_trained"]["speck"]
    assert row["not_trained"]["nothing"] == "no boxes"


def test_nothing_is_found_where_nothing_was_trained(tmp_path: Path) -> None:
    skip_without_bench_package("dlib")
    measured = read_detection_set(drawn_set(tmp_path, 2))

    run = measure(measured, [], measured.samples, threads=1)

    assert run.found == [[], []]
