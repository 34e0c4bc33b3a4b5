import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_common.frames import FrameSubscriber
from modules.capture.camera_sim import scene_time_s
from modules.capture.shelf_scene import ShelfScene
from tests.waiting import wait_for

RunCapture = Callable[[Mapping[str, Any]], "subprocess.Popen[bytes]"]
RSS_LIMIT_KB = 120 * 1024


@pytest.fixture
def run_capture(tmp_path: Path, endpoint: str) -> Iterator[RunCapture]:
    """Starts the module as its own process with these cameras."""
    made: list[subprocess.Popen[bytes]] = []

    def started(cameras: Mapping[str, Any]) -> "subprocess.Popen[bytes]":
        twin = tmp_path / "twins" / "capture"
        twin.mkdir(parents=True)
        (twin / "desired.json").write_text(json.dumps({"cameras": cameras}))
        command = [
            sys.executable,
            "-m",
            "modules.capture",
            "--data",
            str(tmp_path),
            "--frames",
            endpoint,
            "--questions",
            f"{endpoint}-questions",
        ]
        made.append(subprocess.Popen(command, cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL))
        return made[-1]

    yield started
    for process in made:
        process.kill()
        process.wait()


def seconds_to_end(process: "subprocess.Popen[bytes]") -> float:
    begun_s = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(10)
    return time.monotonic() - begun_s


def test_frames_of_the_simulated_shelf_show_exactly_the_scene_of_their_time(
    run_capture: RunCapture, endpoint: str, tmp_path: Path
) -> None:
    process = run_capture({"shelf": {"url": "sim:shelf?seed=3&speed=2"}})
    reader = FrameSubscriber(endpoint)

    with reader.watching("shelf"):
        found = reader.frames.take(5)
        assert found is not None
        wait_for(lambda: any(state.frames_per_s > 5 for state in reader.states().values()))
    reader.close()

    frame = found[1]
    scene = ShelfScene(3)
    np.testing.assert_array_equal(frame.pixels, scene.draw(scene_time_s(frame.taken_ns, 2)))
    status = Path(f"/proc/{process.pid}/status").read_text()
    assert int(status.split("VmRSS:")[1].split()[0]) < RSS_LIMIT_KB
    assert seconds_to_end(process) < 1
    assert process.returncode == 0
    assert json.loads((tmp_path / "settings" / "capture.json").read_bytes())["cameras"]["shelf"]["frames_per_s"] == 10


def test_it_ends_cleanly_within_a_second_while_cameras_hang(run_capture: RunCapture, images: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(10)
        process = run_capture(
            {
                "hangs": {"url": f"rtsp://127.0.0.1:{silent.getsockname()[1]}/camera"},
                "sleeps": {"url": f"folder:{images}?every=3600"},
            }
        )
        connection, _ = silent.accept()

        with connection:
            assert seconds_to_end(process) < 1

    assert process.returncode == 0


def test_it_ends_when_the_process_that_started_it_is_killed(tmp_path: Path, endpoint: str) -> None:
    starter = (
        "import subprocess, sys, time; "
        "process = subprocess.Popen([sys.executable, '-m', 'modules.capture', *sys.argv[1:]]); "
        "print(process.pid, flush=True); time.sleep(60)"
    )
    command = [
        sys.executable,
        "-c",
        starter,
        "--data",
        str(tmp_path),
        "--frames",
        endpoint,
        "--questions",
        f"{endpoint}-questions",
    ]
    here = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=here, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        capture = int(process.stdout.readline())
        wait_for((tmp_path / "twins" / "capture" / "reported.json").exists)

        process.kill()

        wait_for(lambda: not _runs(capture))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
