import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge_common.health import FILE_VARIABLE, LASTS_S, Heartbeat, is_alive


def check(path: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "edge_common.health", path], capture_output=True, text=True)


def test_a_module_that_beats_is_alive_and_one_that_has_stopped_is_not(tmp_path: Path) -> None:
    path = tmp_path / "capture.alive"
    Heartbeat(path).beat()

    assert is_alive(path, time.time())
    assert not is_alive(path, time.time() + LASTS_S + 1)
    assert not is_alive(tmp_path / "never.alive", time.time())


def test_the_file_is_touched_now_and_then_only(tmp_path: Path) -> None:
    path = tmp_path / "alive"
    heart = Heartbeat(path)
    heart.beat(100.0)
    os.utime(path, (0, 0))

    heart.beat(101.0)
    assert path.stat().st_mtime == 0
    heart.beat(106.0)
    assert path.stat().st_mtime > 0


def test_the_environment_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "alive"))
    Heartbeat().beat()
    monkeypatch.delenv(FILE_VARIABLE)
    Heartbeat().beat()

    assert (tmp_path / "alive").exists()


def test_a_file_that_cannot_be_touched_makes_nothing_fail(tmp_path: Path) -> None:
    heart = Heartbeat(tmp_path / "gone" / "alive")
    heart.beat(1.0)
    (tmp_path / "gone").mkdir()

    heart.beat(1.1)

    assert (tmp_path / "gone" / "alive").exists()


def test_the_command_tells_by_its_exit_code(tmp_path: Path) -> None:
    path = tmp_path / "alive"
    path.touch()
    assert check(path).returncode == 0

    os.utime(path, (0, 0))
    sick = check(path)

    assert sick.returncode == 1
    assert "not touched for 60 s" in sick.stderr
