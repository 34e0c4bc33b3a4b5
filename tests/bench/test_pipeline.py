"""The benchmark of inference, on a small video and a model of a few nodes: it runs whole."""

import json
from pathlib import Path

import pytest

from bench.line import read_video
from bench.paces import Heard, Paced, Swap
from bench.pipeline import main
from edge_common.packages import PackageStore
from tests.bench.made import video_of_shapes
from tests.inference.tiny_models import publish_model
from tests.zoo_here import zoo_folder


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return video_of_shapes(tmp_path / "shapes.avi")


def test_frames_come_from_the_video_as_capture_sends_them(video: Path) -> None:
    pictures = read_video(video)

    assert len(pictures) == 20
    assert pictures[0].shape == (240, 320, 3)


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.avi").write_text("no video")

    with pytest.raises(SystemExit, match="a video expected"):
        read_video(tmp_path / "notes.avi")


def test_frames_lost_from_when_a_version_goes_live_until_it_answers_as_usual_are_lost_in_its_swap() -> None:
    heard = [Heard(10, 5, "old"), Heard(30, 5, "old"), Heard(40, 90, "new"), Heard(60, 5, "new"), Heard(80, 5, "new")]
    paced = Paced(heard, lost_ns=[9, 21, 35, 50, 70])

    assert Swap("new", 20).lost(paced, normal_ms=10) == 3
    assert Swap("never heard of", 60).lost(paced, normal_ms=10) == 1
    assert (paced.sent, paced.lost) == (10, 5)


def test_a_model_is_measured_at_full_speed_at_most_of_it_and_while_it_is_swapped(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = publish_model(PackageStore(tmp_path / "models"), "1")

    words = [
        "--video",
        str(video),
        "--model",
        str(folder),
        "--backend",
        "onnx",
        "--cameras",
        "2",
        "--rounds",
        "1",
        "--seconds",
        "0.25",
        "--swaps",
        "1",
        "--settle",
        "1",
        "--zoo",
        str(zoo_folder()),
    ]
    main([*words, "--rate", "20", "--json"])

    measured = json.loads(capsys.readouterr().out)
    assert list(measured["cameras"]) == ["2"]
    figures = measured["cameras"]["2"]
    assert measured["ratio"] == figures["ratio"] > 0
    assert (figures["sent"], figures["sent_while_swapped"], figures["sent_beside"]) == (10, 36, 36)
    assert figures["swaps"] == 1
    # Of frames that come while the machine is busy elsewhere, the newest is looked at.
    assert max(figures[name] for name in ("lost", "bare_lost", "lost_while_swapped", "lost_beside")) < 10
    assert figures["kept_speed"]["sent_while_swapped"] in (0, 36)
    assert 0 < figures["p50_ms"] <= figures["p95_ms"]
    assert 0 <= figures["lost_in_swaps"] <= figures["lost_while_swapped"]
    assert figures["rss_mb_before_swaps"] > 10
    assert list(figures["rss_mb"]) == ["capture", "inference", "trainer_agent"]
    assert min(figures["rss_mb"].values()) > 10
