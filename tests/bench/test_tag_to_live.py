"""The benchmark of what staff wait for: it runs whole, on a small video and a few drawn images."""

import json
from pathlib import Path

import pytest

from bench.tag_to_live import main
from tests.bench.made import drawn_set, video_of_shapes
from tests.zoo_here import zoo_folder


def test_a_version_gives_results_some_seconds_after_the_last_tag(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "set").mkdir()
    shapes, video = drawn_set(tmp_path / "set", images=15), video_of_shapes(tmp_path / "shapes.avi")

    main(
        [
            "--video",
            str(video),
            "--set",
            str(shapes),
            "--zoo",
            str(zoo_folder()),
            "--pace",
            "0",
            "--rounds",
            "1",
            "--json",
        ]
    )

    measured = json.loads(capsys.readouterr().out)
    assert measured["images"] == 15
    assert 0 < measured["trained_s"] < measured["live_s"]
    assert measured["rounds"] == [{name: measured[name] for name in ("trained_s", "live_s")}]
