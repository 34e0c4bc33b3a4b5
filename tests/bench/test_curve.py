from collections.abc import Sequence
from pathlib import Path

import cv2
import pytest

from bench.curve import draw, main, measure_points, point, possible
from bench.protocol import MeasuredSet, Sample
from tests.requirements_here import skip_without_bench_package


def set_of(tagged: int, untagged: int) -> MeasuredSet:
    box = (0.1, 0.1, 0.5, 0.5)
    samples = [Sample(Path(f"tagged-{index}"), 200, 100, ((0, box),), frozenset({0})) for index in range(tagged)]
    samples += [Sample(Path(f"untagged-{index}"), 200, 100, (), frozenset()) for index in range(untagged)]
    return MeasuredSet("detection", ("a",), tuple(samples))


@pytest.mark.parametrize(
    ("tagged", "untagged", "expected"),
    [(40, 0, [3, 5, 15]), (20, 0, [3, 5, 15]), (19, 0, [3, 5]), (7, 20, [3, 5]), (2, 0, [])],
    ids=["plenty", "five left", "four left", "few tagged", "none"],
)
def test_numbers_that_a_set_is_too_small_for_are_left_out(tagged: int, untagged: int, expected: list[int]) -> None:
    assert possible(set_of(tagged, untagged), [15, 3, 5, 3]) == expected


def test_every_number_is_tested_on_the_same_images_and_learns_from_more_of_the_same() -> None:
    seen = []

    def row_of(train: Sequence[Sample], test: Sequence[Sample], seed: int) -> dict[str, object]:
        seen.append((seed, [one.path for one in train], [one.path for one in test]))
        return {"ap50": len(train) / 10 + seed / 100}

    points = measure_points(set_of(20, 0), [3, 8], [0, 1], row_of)

    few, many = seen[0], seen[1]
    assert [seed for seed, _, _ in seen] == [0, 0, 1, 1]
    assert few[1] == many[1][:3]
    assert few[2] == many[2]
    assert len(few[2]) == 12
    assert not set(many[1]) & set(many[2])
    assert [one["images"] for one in points] == [3, 8]
    assert [one["ap50"] for one in points] == pytest.approx([0.305, 0.805])


def test_a_point_has_mean_least_and_most_of_both() -> None:
    rows = [{"ap50": ours, "peer": {"ap50": theirs}} for ours, theirs in ((0.6, 0.1), (0.9, 0.3), (0.9, 0.2))]

    told = point(15, rows)

    assert told == {
        "images": 15,
        "ap50": 0.8,
        "least": 0.6,
        "most": 0.9,
        "peer": {"ap50": 0.2, "least": 0.1, "most": 0.3},
    }


def test_the_curves_are_drawn_as_a_png(tmp_path: Path) -> None:
    skip_without_bench_package("matplotlib")
    points = [
        point(images, [{"ap50": 0.8, "peer": {"ap50": 0.2}}, {"ap50": 0.9, "peer": {"ap50": 0.4}}])
        for images in (3, 15)
    ]
    of_sets = {"cans": {"points": points}, "cards": {"points": []}}

    draw(of_sets, tmp_path / "curve.png")

    picture = cv2.imread(str(tmp_path / "curve.png"))
    assert picture is not None
    assert picture.shape == (750, 1350, 3)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--images", "1", "5"], "whole numbers from 2"),
        (["--png", "no-such-folder/curve.png"], "there is no folder no-such-folder"),
    ],
    ids=["one image", "no folder"],
)
def test_what_cannot_be_drawn_is_refused_before_anything_is_measured(capsys, words: list[str], reason: str) -> None:
    with pytest.raises(SystemExit):
        main(["--data", "no-such-set", "--png", "curve.png", *words])

    assert reason in capsys.readouterr().err
