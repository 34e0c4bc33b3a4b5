"""The whole way round azureeyemodule: the product hands a model over, what stands in for that module fetches it as it
does, looks with it, and its messages come back as results that say which version looked."""

import io
import json
import shutil
import subprocess
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from edge_common.hub import LocalHub
from edge_common.images import Pixels, encode_jpeg
from edge_common.onnx_session import OnnxSession
from edge_common.packages import PackageStore
from edge_common.results import ResultSubscriber
from modules.trainer_agent.handoff.s1 import read_labels, read_s1, to_s1_input
from tests.program import Program
from tests.requirements_here import skip_or_fail
from tests.trainer_agent.handoff.made import SIZE, detector, put_live

WGET = "wget, by which azureeyemodule fetches, is missing: apt-get install wget"


class StandIn:
    """Does with a URL and a picture what azureeyemodule does with `ModelZipUrl` and its camera."""

    def __init__(self, folder: Path, url: str) -> None:
        command = f'wget --no-check-certificate -O {folder}/model.zip "{url}"'
        subprocess.run(["sh", "-c", command], check=True, capture_output=True)
        with zipfile.ZipFile(io.BytesIO((folder / "model.zip").read_bytes())) as archive:
            config = json.loads(archive.read("config.json"))
            assert config["DomainType"].lower() == "s1"
            self._session = OnnxSession(archive.read(config["ModelFileName"]), threads=1)
            self._labels = read_labels(archive.read(config["LabelFileName"]))

    def sees(self, picture: Pixels, timestamp_ns: int) -> str:
        """The message that it sends of a picture."""
        outputs = self._session.run({"image": to_s1_input(picture, SIZE)})
        items = [
            f'{{"bbox": [{", ".join(f"{corner:.3f}" for corner in one.box.to_list())}],"label": "{one.label}", '
            f'"confidence": "{one.confidence:.6f}", "timestamp": "{timestamp_ns}"}}'
            for one in read_s1(outputs["raw_boxes"], outputs["raw_probs"], self._labels)
        ]
        return f'{{"NEURAL_NETWORK": [{", ".join(items)}]}}'


def test_a_model_goes_out_is_fetched_and_its_sightings_come_back_as_results_of_its_version(tmp_path: Path) -> None:
    if shutil.which("wget") is None:
        skip_or_fail(WGET)
    shelf = np.zeros((616, 816, 3), dtype=np.uint8)
    shelf[:308, :408, 1] = 255
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "shelf.jpg").write_bytes(encode_jpeg(shelf, 95))
    data = tmp_path / "data"
    packages = PackageStore(data / "models")
    put_live(packages, "v1")
    inference, trainer = (LocalHub(data / "twins" / name) for name in ("inference", "trainer_agent"))

    def reported(name: str) -> dict[str, Any]:
        path = data / "twins" / name / "reported.json"
        values: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}
        return values

    def handed(version: str) -> Any:
        told = reported("trainer_agent").get("handoff", {}).get("shelf", {})
        return told if (told.get("version"), told.get("state")) == (version, "ready") else None

    def phase() -> str:
        return str((reported("inference").get("state", {}).get("azureeye") or {}).get("phase"))

    program = Program(data, CAMERA=f"folder:{tmp_path}/pictures?every=0.1").ready()
    try:
        results = ResultSubscriber(f"ipc://{program.sockets()}/results")
        inference.desire({"azureeye": {"enabled": True, "camera": "camera-1", "model": "shelf", "interval_s": 0.2}})
        base = f"http://127.0.0.1:{program.port()}"
        trainer.desire({"handoff": {"to": "azureeyemodule", "models": ["shelf"], "base_url": base}})

        def says(message: str) -> None:
            with (data / "twins" / "inference" / "incoming.jsonl").open("a") as file:
                file.write(json.dumps({"input": "azureeye", "body": message}) + "\n")

        def of_eye(eye: StandIn, picture: Pixels = shelf) -> Any:
            says(eye.sees(picture, time.time_ns()))
            found = results.newest("camera-1", "shelf")
            return found if found is not None and found.inference_ms == 0 else None

        first = StandIn(tmp_path, program.wait_for(lambda: handed("v1"))["url"])
        result = program.wait_for(lambda: of_eye(first))
        assert result.model_version == "v1"
        assert [(one.label, [round(corner, 1) for corner in one.box.to_list()]) for one in result.detections] == [
            ("green shelf", [0.0, 0.0, 0.5, 0.5])
        ]
        program.wait_for(lambda: phase() == "watching")

        # A newer version counts from the moment on in which it was fetched, not from when it went live.
        put_live(packages, "v2", detector(times=0.99))
        told = program.wait_for(lambda: handed("v2"))
        program.wait_for(lambda: getattr(of_eye(first), "model_version", "") == "v1")
        second = StandIn(tmp_path, told["url"])
        program.wait_for(lambda: getattr(of_eye(second), "model_version", "") == "v2")

        # An empty shelf is a result; silence is none.
        empty = np.zeros_like(shelf)
        program.wait_for(lambda: getattr(of_eye(second, empty), "detections", None) == ())
        assert phase() == "watching"
        program.wait_for(lambda: phase() == "silent")
        program.wait_for(lambda: results.newest("camera-1", "shelf").inference_ms > 0)
        results.close()
    finally:
        program.stop()


def test_a_model_of_another_kind_is_told_as_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    put_live(PackageStore(data / "models"), "v1", kind="classification")
    LocalHub(data / "twins" / "trainer_agent").desire(
        {"handoff": {"to": "azureeyemodule", "models": ["shelf"], "base_url": "http://127.0.0.1"}}
    )
    program = Program(data).ready()
    try:
        path = data / "twins" / "trainer_agent" / "reported.json"
        told = program.wait_for(lambda: json.loads(path.read_bytes()).get("handoff", {}).get("shelf"))
    finally:
        program.stop()

    assert told["state"] == "refused"
    assert "'Shelf' is a classification" in told["why"]
