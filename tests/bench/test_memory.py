"""The benchmark of memory: it runs whole, on a small video and a few drawn images."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.memory import MOST_MB, family, main
from tests.bench.made import drawn_set, video_of_shapes
from tests.zoo_here import zoo_folder


def test_processes_that_one_started_belong_to_its_family() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        found = list(family(os.getpid()))
        child.communicate(b"\n")

    assert found[0] == os.getpid()
    assert child.pid in found


def test_the_whole_program_is_measured_while_it_watches_and_while_it_trains(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "set").mkdir()
    shapes = drawn_set(tmp_path / "set", images=15)
    words = ["--video", str(video_of_shapes(tmp_path / "shapes.avi")), "--set", str(shapes), "--images", "15"]

    main([*words, "--zoo", str(zoo_folder()), "--minutes", "0.05", "--settle", "1", "--json"])

    measured = json.loads(capsys.readouterr().out)
    assert measured["images"] == 15
    for module, figures in measured["modules"].items():
        # The kernel counts some pages late.
        assert 10 < figures["median_mb"] <= figures["most_mb"] < figures["since_start_mb"] + 1
        assert figures["limit_mb"] == MOST_MB[module]
    assert list(measured["modules"]) == ["capture", "inference", "trainer_agent"]
    assert 50 < measured["tagging"]["together_mb"] < measured["training"]["together_mb"]
    # Some of what the largest holds is shared with others.
    assert 100 < measured["training"]["largest_process_mb"] < 2 * measured["training"]["together_mb"]
