"""The module as a process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_common.frames import FramePublisher
from edge_common.handed_off import HandedOff, HandoffFolder, ModelZip
from edge_common.hub import LocalHub
from edge_common.packages import PackageStore
from edge_common.results import ResultSubscriber
from tests.inference.test_azureeye import written
from tests.inference.tiny_models import GREEN_SHELF, coloured_frame, publish_model
from tests.inference.vpus import running
from tests.messages import sent
from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]


@pytest.fixture
def process(tmp_path: Path, sockets: Path) -> Iterator[subprocess.Popen[bytes]]:
    places = ["--data", str(tmp_path), "--frames", f"ipc://{sockets}/frames", "--results", f"ipc://{sockets}/results"]
    # Today's OpenVINO stands for the VPU's.
    environment = os.environ | {"FIFTEEN_VPU_PYTHON": sys.executable}
    started = subprocess.Popen([sys.executable, "-m", "modules.inference", *places], cwd=ROOT, env=environment)
    yield started
    started.kill()
    started.wait()


def reported(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "twins" / "inference" / "reported.json"
    found: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}
    return found


def test_it_runs_the_active_model_reports_it_and_ends_cleanly(
    process: subprocess.Popen[bytes], tmp_path: Path, sockets: Path
) -> None:
    publish_model(PackageStore(tmp_path / "models"), "1")
    reader = ResultSubscriber(f"ipc://{sockets}/results")

    wait_for(lambda: bool((state := reader.state()) and state.models))
    wait_for(lambda: bool(reported(tmp_path).get("state", {}).get("models")))
    process.send_signal(signal.SIGTERM)

    assert process.wait(5) == 0
    assert reported(tmp_path)["state"]["runtime"] == "openvino"
    reader.close()


def test_a_bad_setting_is_refused_and_a_good_one_loads_the_model_anew(
    process: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    publish_model(PackageStore(tmp_path / "models"), "1")
    operator = LocalHub(tmp_path / "twins" / "inference")
    wait_for(lambda: bool(reported(tmp_path).get("state", {}).get("models")))

    operator.desire({"backend": "abacus"})
    wait_for(lambda: reported(tmp_path)["settings"]["backend"]["ac"] == 400)
    assert reported(tmp_path)["settings"]["backend"]["value"] == "auto"
    operator.desire({"backend": "onnx"})

    wait_for(lambda: reported(tmp_path)["state"]["runtime"] == "onnx")
    assert reported(tmp_path)["settings"]["backend"]["ac"] == 200


def test_a_model_runs_in_the_vpus_process_which_does_not_outlive_this_one(
    process: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    publish_model(PackageStore(tmp_path / "models"), "1")
    LocalHub(tmp_path / "twins" / "inference").desire({"backend": "vpu", "device": "CPU"})

    def vpu() -> dict[str, Any]:
        model = next(iter(reported(tmp_path).get("state", {}).get("models", [])), {})
        return model.get("vpu") or {}

    wait_for(lambda: vpu().get("phase") == "running")
    lists = Path(f"/proc/{process.pid}/task").glob("*/children")
    (child,) = [int(pid) for children in lists for pid in children.read_text().split()]
    process.kill()
    process.wait()

    wait_for(lambda: not running(child))


def test_what_runs_a_model_fastest_is_measured_by_itself_told_in_the_twin_and_kept(
    process: subprocess.Popen[bytes], tmp_path: Path, sockets: Path
) -> None:
    publish_model(PackageStore(tmp_path / "models"), "1")
    camera = FramePublisher(f"ipc://{sockets}/frames")

    def choice() -> dict[str, Any]:
        camera.publish(coloured_frame(taken_ns=time.time_ns()))
        model = next(iter(reported(tmp_path).get("state", {}).get("models", [])), {})
        return model.get("choice") or {}

    wait_for(lambda: bool(choice()), 120)
    told = {one["backend"]: one for one in choice()["tried"]}
    fastest = min(("onnx", "openvino"), key=lambda backend: told[backend]["ms"])

    assert reported(tmp_path)["state"]["runtime"] == fastest
    # Of many frames within a minute the cloud has a sample.
    (sample,) = [body for body in sent(tmp_path / "twins" / "inference") if "counts" in body]
    assert (sample["camera"], sample["counts"]) == ("camera-1", {GREEN_SHELF: 4})
    assert "USB shows no Myriad X" in told["vpu"]["why"]
    assert process.poll() is None
    camera.close()


def test_messages_of_azureeyemodule_that_another_program_feeds_become_results(
    process: subprocess.Popen[bytes], tmp_path: Path, sockets: Path
) -> None:
    given = {"version": "7", "sha256": "0" * 64, "size": 1, "labels": (GREEN_SHELF,), "blob": False, "url": "http://x"}
    HandoffFolder(tmp_path).write("shelf", HandedOff(zips=(ModelZip(**given, reported="2026"),)))
    reader = ResultSubscriber(f"ipc://{sockets}/results")
    operator = LocalHub(tmp_path / "twins" / "inference")
    operator.desire({"azureeye": {"enabled": True, "camera": "eye", "model": "shelf"}})
    wait_for(lambda: (reported(tmp_path).get("state", {}).get("azureeye") or {}).get("phase") == "starting")

    body = written((GREEN_SHELF, 0.75, (0.1, 0.2, 0.3, 0.4)))
    with (tmp_path / "twins" / "inference" / "incoming.jsonl").open("a") as file:
        file.write(json.dumps({"input": "azureeye", "body": body.decode()}) + "\n")
    wait_for(lambda: reader.newest("eye", "shelf") is not None)

    result = reader.newest("eye", "shelf")
    assert result is not None
    assert (result.model_version, [found.label for found in result.detections]) == ("7", [GREEN_SHELF])
    wait_for(lambda: reported(tmp_path)["state"]["azureeye"]["phase"] == "watching")
    operator.desire({"azureeye": {"camera": None}})
    wait_for(lambda: reported(tmp_path)["settings"]["azureeye"]["ac"] == 400)
    assert "camera and model expected" in reported(tmp_path)["settings"]["azureeye"]["ad"]
    reader.close()
