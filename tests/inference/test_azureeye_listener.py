"""What azureeyemodule tells becomes results on the socket of all results, and its state part of inference's."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_common.frames import CameraState, Frame
from edge_common.handed_off import HandedOff, HandoffFolder, ModelZip
from edge_common.hub import LocalHub
from edge_common.packages import PackageStore
from edge_common.results import AzureEyeState, result_key
from edge_common.settings import AzureEyeSettings
from modules.inference.azureeye_listener import EyeListener
from tests.inference.conftest import SETTINGS, Bench
from tests.inference.test_azureeye import written
from tests.inference.tiny_models import GREEN_SHELF, RED_SHELF, publish_model

EYE = SETTINGS.model_copy(
    update={
        "azureeye": AzureEyeSettings(enabled=True, camera="camera-1", model="shelf", interval_s=0.2, silent_after=5)
    }
)
BOX = (0.1, 0.2, 0.3, 0.4)


def hand_over(tmp_path: Path, version: str = "7", labels: tuple[str, ...] = (GREEN_SHELF, RED_SHELF)) -> None:
    given = ModelZip(
        version=version, sha256="0" * 64, size=1, labels=labels, blob=False, url="http://device/", reported="2026"
    )
    HandoffFolder(tmp_path).write("shelf", HandedOff(zips=(given,)))


class Eye:
    """The listener between a hub that is fed and a reader of results."""

    def __init__(self, bench: Bench, tmp_path: Path) -> None:
        self.bench = bench
        self.usb = tmp_path / "usb"
        self._feed = tmp_path / "fed" / "incoming.jsonl"
        hub = LocalHub(tmp_path / "fed")
        handed = HandoffFolder(tmp_path)
        self.listener = EyeListener(hub, bench._frames, bench.loop, handed, EYE, usb=self.usb)

    def plug_in(self, *ids: str) -> None:
        for number, one in enumerate(ids):
            folder = self.usb / str(number)
            folder.mkdir(parents=True)
            for name, value in zip(("idVendor", "idProduct"), one.split(":"), strict=True):
                (folder / name).write_text(f"{value}\n")

    def says(self, body: bytes, name: str = "azureeye") -> None:
        with self._feed.open("a") as file:
            file.write(json.dumps({"input": name, "body": body.decode()}) + "\n")

    def result(self, timeout_s: float = 3.0) -> Any:
        found = self.bench.reader.results.after(result_key("camera-1", "shelf"), 0, timeout_s)
        return found[1] if found else None

    def state(self, fits: Callable[[AzureEyeState], bool]) -> AzureEyeState:
        found = self.bench.state_when(lambda state: state.azureeye is not None and fits(state.azureeye)).azureeye
        assert found is not None
        return found

    def until_results_come(self, body: bytes) -> Any:
        """Say it until it has come through: sockets join when they join."""
        for _ in range(300):
            self.says(body)
            if (found := self.result(0.1)) is not None:
                return found
        raise AssertionError("no result came")


@pytest.fixture
def eye(bench: Bench, tmp_path: Path) -> Iterator[Eye]:
    made = Eye(bench, tmp_path)
    bench.start()
    made.listener.start()
    yield made
    made.listener.close()


def test_a_message_is_a_result_of_the_newest_picture_and_the_version_that_was_handed_over(
    eye: Eye, tmp_path: Path
) -> None:
    hand_over(tmp_path)
    eye.bench.show()
    shown = eye.bench.show()
    time.sleep(0.3)
    result = eye.until_results_come(written((RED_SHELF, 0.75, BOX)))

    assert (result.camera, result.model_id, result.model_version, result.kind) == (
        "camera-1",
        "shelf",
        "7",
        "detection",
    )
    assert (result.frame_id, result.taken_ns) == (shown.id, shown.taken_ns)
    assert [(one.label, one.confidence, one.box.to_list()) for one in result.detections] == [(RED_SHELF, 0.75, [*BOX])]
    assert eye.state(lambda state: state.phase == "watching").version == "7"


def test_an_empty_message_is_a_result_too_and_tells_that_it_watches(eye: Eye, tmp_path: Path) -> None:
    hand_over(tmp_path)

    result = eye.until_results_come(b'{"NEURAL_NETWORK": []}')

    assert result.detections == ()
    assert eye.state(lambda state: state.phase == "watching").why == ""


def test_silence_is_not_an_empty_shelf(eye: Eye, tmp_path: Path) -> None:
    hand_over(tmp_path)
    eye.until_results_come(b'{"NEURAL_NETWORK": []}')

    eye.state(lambda state: state.phase == "watching")
    silent = eye.state(lambda state: state.phase == "silent")

    assert "no message for more than 1 s" in silent.why
    assert silent.since != ""


def test_a_message_of_another_model_is_refused_and_its_empty_ones_count_for_nothing(
    eye: Eye, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hand_over(tmp_path)

    for label in ("person", *("chair", "person") * 5):
        eye.says(written((label, 0.9, BOX)))
        eye.says(b'{"NEURAL_NETWORK": []}')
        time.sleep(0.02)
    refused = eye.state(lambda state: state.phase == "refused")

    assert "got 'person'" in refused.why
    assert eye.result(0.2) is None
    assert len([line for line in caplog.messages if "is refused" in line]) == 1
    eye.until_results_come(written((RED_SHELF, 0.75, BOX)))
    eye.state(lambda state: state.phase == "watching")


def test_before_a_version_was_handed_over_nobody_knows_whose_results_they_are(eye: Eye) -> None:
    eye.says(written((RED_SHELF, 0.75, BOX)))

    assert "no version of model shelf was handed" in eye.state(lambda state: state.phase == "refused").why


def test_a_message_that_comes_twice_is_one_result(eye: Eye, tmp_path: Path) -> None:
    hand_over(tmp_path)
    eye.until_results_come(written((RED_SHELF, 0.75, BOX), timestamp=5))
    number, _ = eye.bench.reader.results.after(result_key("camera-1", "shelf"), 0, 1)
    eye.says(written((RED_SHELF, 0.75, BOX), timestamp=5))

    assert eye.bench.reader.results.after(result_key("camera-1", "shelf"), number, 0.4) is None


def test_the_models_here_leave_its_model_on_its_camera_to_it_only_while_it_watches(
    eye: Eye, store: PackageStore, tmp_path: Path
) -> None:
    publish_model(store, "1")
    hand_over(tmp_path)
    eye.bench.state_when(lambda state: bool(state.models))
    eye.bench.first_result()
    eye.until_results_come(written((RED_SHELF, 0.75, BOX)))
    eye.state(lambda state: state.phase == "watching")
    other = eye.bench.show(camera="camera-2")
    assert eye.bench.result_of(other).model_version == "1"
    shown = eye.bench.show()
    time.sleep(0.3)
    assert eye.bench.reader.newest("camera-1", "shelf").model_version == "7"

    eye.state(lambda state: state.phase == "silent")

    assert eye.bench.result_of(eye.bench.show()).model_version == "1"
    assert shown.camera == "camera-1"


def test_an_eye_that_was_not_updated_is_told_by_what_usb_shows(bench: Bench, tmp_path: Path) -> None:
    eye = Eye(bench, tmp_path)
    eye.plug_in("1d6b:0002", "045e:066f")
    bench.start()
    eye.listener.start()

    assert "045e:066f that never becomes 03e7:2485" in eye.state(lambda state: state.phase == "unpatched").why
    eye.listener.close()


def test_a_stream_that_is_black_and_says_nothing_is_an_eye_that_does_not_start(eye: Eye) -> None:
    for number in range(20):
        black = np.zeros((616, 816, 3), np.uint8)
        eye.bench.camera.publish(Frame("camera-1", number, time.time_ns(), black))
        time.sleep(0.02)

    assert "its stream is black" in eye.state(lambda state: state.phase == "unpatched").why


def test_a_stream_that_goes_and_comes_back_is_a_restart(eye: Eye, tmp_path: Path) -> None:
    def camera(phase: Any, reason: str = "") -> None:
        eye.bench.camera.publish_state(CameraState("camera-1", phase, reason, 0, 816, 616))

    hand_over(tmp_path)
    for _ in range(20):
        camera("live")
        eye.says(b'{"NEURAL_NETWORK": []}')
        time.sleep(0.05)
    eye.state(lambda state: state.phase == "watching")
    for _ in range(3):
        camera("lost", "nothing answers at azureeyemodule:8554")
        time.sleep(0.2)
    assert "nothing answers" in eye.state(lambda state: state.phase == "restarting").why

    for _ in range(6):
        camera("live")
        time.sleep(0.2)

    assert "is back" in eye.state(lambda state: state.phase == "restarting").why
    eye.says(written((RED_SHELF, 0.75, BOX)))
    eye.state(lambda state: state.phase == "watching")


def test_timestamps_that_go_back_tell_a_restart_and_the_results_go_on(eye: Eye, tmp_path: Path) -> None:
    hand_over(tmp_path)
    eye.until_results_come(written((RED_SHELF, 0.75, BOX), timestamp=5_000))
    eye.says(written((RED_SHELF, 0.5, BOX), timestamp=3))

    assert "timestamps" in eye.state(lambda state: state.phase == "restarting").why
    assert eye.result().detections[0].confidence == 0.5
    eye.says(written((RED_SHELF, 0.75, BOX), timestamp=1_000_000_003))
    eye.state(lambda state: state.phase == "watching")


def test_what_comes_at_another_input_is_left_aside(eye: Eye, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    hand_over(tmp_path)
    eye.says(written((RED_SHELF, 0.75, BOX)), "other")

    assert eye.result(0.5) is None
    assert "a message at input 'other' is left aside" in caplog.text


def test_switched_off_it_is_no_part_of_the_state_and_messages_go_by(eye: Eye, tmp_path: Path) -> None:
    hand_over(tmp_path)
    eye.until_results_come(b'{"NEURAL_NETWORK": []}')

    eye.listener.settings = SETTINGS

    eye.bench.state_when(lambda state: state.azureeye is None)


def test_the_one_threshold_for_all_holds_for_it_too(eye: Eye, tmp_path: Path) -> None:
    hand_over(tmp_path)
    eye.listener.settings = EYE.model_copy(update={"minimum_confidence": 0.7})

    result = eye.until_results_come(written((RED_SHELF, 0.65, BOX), (GREEN_SHELF, 0.75, BOX)))

    assert [one.label for one in result.detections] == [GREEN_SHELF]
