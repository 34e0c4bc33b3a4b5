"""The benchmark of what more cameras, models and tags cost: a few rows of it run whole."""

import json
from pathlib import Path

import pytest

from bench.cost import Row, main, rows
from tests.bench.made import video_of_shapes
from tests.zoo_here import zoo_folder


def test_each_of_the_three_grows_alone() -> None:
    assert list(rows((1, 2), (1, 4), (1, 2))) == [Row(), Row(cameras=2), Row(models=4), Row(tags=2)]


def test_rows_are_measured_with_as_many_cameras_models_and_tags(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = video_of_shapes(tmp_path / "shapes.avi")

    words = [
        "--video",
        str(video),
        "--zoo",
        str(zoo_folder()),
        "--backend",
        "onnx",
        "--size",
        "192",
        "--seconds",
        "0.5",
    ]
    main([*words, "--cameras", "1", "--models", "2", "--tags", "2", "--json"])

    measured = json.loads(capsys.readouterr().out)
    one, models, tags = measured["rows"]
    assert [(row["models"], row["tags"]) for row in (one, models, tags)] == [(1, 1), (2, 1), (1, 2)]
    for row in measured["rows"]:
        assert row["frames_per_s"] > 0
        assert 0 < row["p50_ms"] <= row["p95_ms"]
        assert row["sent"] == 4
    # A second model, and a second backbone to tell tags apart, are more to load.
    assert min(models["rss_mb"], tags["rss_mb"]) > one["rss_mb"]
