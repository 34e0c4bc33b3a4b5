"""The module as a process: it answers, and it ends when told."""

import json
import re
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from tests.trainer_agent.conftest import REPOSITORY


def start(tmp_path, *more):
    places = ("--data", tmp_path / "data", "--zoo", tmp_path / "zoo")
    endpoints = ("--frames", f"ipc://{tmp_path}/frames", "--results", f"ipc://{tmp_path}/results")
    endpoints += ("--questions", f"ipc://{tmp_path}/questions")
    command = [sys.executable, "-m", "modules.trainer_agent", *map(str, places), *endpoints, "--port", "0", *more]
    return subprocess.Popen(command, stderr=subprocess.PIPE, cwd=REPOSITORY, text=True)


def test_it_tells_where_the_page_is_answers_and_ends_within_two_seconds(tmp_path):
    with start(tmp_path) as trainer:
        address = re.search(r"http://127\.0\.0\.1:\d+/", next(line for line in trainer.stderr if "http" in line))[0]
        with urllib.request.urlopen(f"{address}api/cameras") as answer:
            assert json.load(answer) == {"cameras": []}

        asked_s = time.monotonic()
        trainer.send_signal(signal.SIGTERM)
        trainer.communicate(timeout=10)

    assert trainer.returncode == 0
    assert time.monotonic() - asked_s < 2


def test_a_port_that_is_taken_ends_it_with_the_reason(tmp_path):
    with start(tmp_path / "first") as first:
        port = re.search(r"127\.0\.0\.1:(\d+)/", next(line for line in first.stderr if "http" in line))[1]
        with start(tmp_path / "second", "--port", port) as second:
            said = second.communicate(timeout=20)[1]
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=10)

    assert second.returncode == 1
    assert "in use" in said


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.9", "shop"])
def test_the_page_is_not_served_beyond_this_machine(tmp_path, host):
    with start(tmp_path, "--host", host) as trainer:
        said = trainer.communicate(timeout=20)[1]

    assert trainer.returncode == 2
    assert "argument --host" in said
