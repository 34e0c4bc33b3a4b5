"""What staff are told of an Azure Eye that looks by its own program: on Home, and on the live page."""

import threading
import time
from contextlib import closing

import pytest

from edge_common.detections import Result
from edge_common.frames import CameraState, Frame, FramePublisher
from edge_common.results import AzureEyeState, InferenceState, LiveModel, ResultPublisher
from tests.trainer_agent.conftest import noise
from tests.trainer_agent.web.conftest import Site, once_it_hears
from tests.trainer_agent.web.test_vpu_told import home_says


class Inference:
    """A camera on which an Azure Eye looks, whose state a test changes."""

    def __init__(self, folder, model_id):
        self.eye = AzureEyeState(camera="aisle-4", model=model_id, version="7", phase="watching")
        self._folder, self._model_id = folder, model_id
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def becomes(self, phase):
        self.eye = AzureEyeState.model_validate(self.eye.model_dump() | {"phase": phase})

    def _run(self):
        name = {"id": self._model_id, "name": "Low stock", "version": "8", "kind": "detection"}
        model = LiveModel(**name, labels=("full",), created="")
        with (
            closing(FramePublisher(f"ipc://{self._folder}/frames")) as camera,
            closing(ResultPublisher(f"ipc://{self._folder}/no-results")) as results,
        ):
            number = 0
            while not self._stop.wait(0.1):
                number += 1
                figures = {"runtime": "openvino", "frames_per_s": 9, "inference_ms": 1, "last_error": ""}
                results.publish_state(InferenceState(models=(model,), azureeye=self.eye, **figures))
                camera.publish_state(CameraState("aisle-4", "live", "", 10, 640, 360))
                frame = Frame("aisle-4", number, time.time_ns(), noise(number, 640, 360))
                camera.publish(frame)
                took_ms = 0.0 if self.eye.phase == "watching" else 5.0
                results.publish(
                    Result("aisle-4", frame.id, frame.taken_ns, self._model_id, "7", "detection", (), took_ms)
                )

    def close(self):
        self._stop.set()
        self._thread.join()


@pytest.fixture
def inference(tmp_path, model):
    started = Inference(tmp_path, model.id)
    yield started
    started.close()


@pytest.fixture
def app(inference, tmp_path, build_app):
    return once_it_hears(build_app(endpoint=f"ipc://{tmp_path}/frames"))


def test_home_says_nothing_of_an_eye_that_watches_or_starts(app, inference):
    assert "Azure Eye" not in app.test_client().get("/").get_data(as_text=True)

    inference.becomes("starting")
    time.sleep(0.3)

    assert "Azure Eye" not in app.test_client().get("/").get_data(as_text=True)


@pytest.mark.parametrize(
    ("phase", "english", "german"),
    [
        ("silent", "does not mean that there is nothing to see", "heißt nicht, dass es nichts zu sehen gibt"),
        ("restarting", "is starting anew", "startet neu"),
        ("unpatched", "firmware may never have been updated", "Firmware wurde vielleicht nie aktualisiert"),
        ("refused", "another model may be running on it", "vielleicht läuft dort ein anderes Modell"),
    ],
)
def test_home_tells_it_from_an_empty_shelf_in_the_readers_language(app, inference, phase, english, german):
    inference.becomes(phase)

    assert "The Azure Eye does not watch" in home_says(app, english)
    assert "Das Azure Eye schaut nicht" in home_says(app, german, "de")


def test_the_live_page_says_who_looks_as_it_changes(page, app, inference):
    page.goto(f"{Site(app).address}/live?camera=aisle-4")
    page.get_by_text("· Azure Eye").wait_for()
    assert "ms a frame" not in page.locator("#model-about").inner_text()
    assert page.locator("#device-note").inner_text() == ""

    inference.becomes("silent")
    page.locator("#device-note", has_text="The processor looks instead").wait_for()
    page.get_by_text("5 ms a frame").wait_for()

    inference.becomes("watching")
    page.get_by_text("· Azure Eye").wait_for()
    assert page.locator("#device-note").inner_text() == ""
