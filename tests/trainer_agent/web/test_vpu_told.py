"""What staff are told when a VPU is lost: on Home, and on the live page."""

import threading
import time
from contextlib import closing

import pytest

from edge_common.detections import Result
from edge_common.frames import CameraState, Frame, FramePublisher
from edge_common.results import InferenceState, LiveModel, ResultPublisher, VpuState
from tests.trainer_agent.conftest import noise
from tests.trainer_agent.web.conftest import Site, once_it_hears

RUNNING = VpuState(device="MYRIAD", phase="running")
HUNG = VpuState(
    device="MYRIAD", phase="lost", kind="hung", why="no answer within 4.0 s", since="2026-11-26T10:00:00+00:00"
)


class Inference:
    """A camera and models that look at it, which may lose their VPU."""

    def __init__(self, folder, model_id):
        self.vpus = {model_id: RUNNING}
        self._folder = folder
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        with (
            closing(FramePublisher(f"ipc://{self._folder}/frames")) as camera,
            closing(ResultPublisher(f"ipc://{self._folder}/no-results")) as results,
        ):
            number = 0
            while not self._stop.wait(0.1):
                number += 1
                models = tuple(self._model(*one) for one in self.vpus.items())
                state = InferenceState(models=models, runtime="vpu", frames_per_s=9, inference_ms=1, last_error="")
                results.publish_state(state)
                camera.publish_state(CameraState("aisle-4", "live", "", 10, 640, 360))
                frame = Frame("aisle-4", number, time.time_ns(), noise(number, 640, 360))
                camera.publish(frame)
                for model in models:
                    found = Result("aisle-4", frame.id, frame.taken_ns, model.id, "7", "detection", (), 5.0)
                    results.publish(found)

    @staticmethod
    def _model(model_id, vpu):
        device = "MYRIAD" if vpu.phase == "running" else "CPU"
        return LiveModel(
            id=model_id,
            name="Low stock",
            version="7",
            kind="detection",
            labels=("full",),
            created="",
            device=device,
            vpu=vpu,
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


def home_says(app, text, language="en"):
    """Home's text once it has it."""
    for _ in range(50):
        shown = app.test_client().get("/", headers={"Accept-Language": language}).get_data(as_text=True)
        if text in shown:
            return shown
        time.sleep(0.05)
    raise AssertionError(f"Home did not say {text!r}")


def test_home_says_nothing_of_a_vpu_that_runs(app):
    assert "VPU" not in app.test_client().get("/").get_data(as_text=True)


def test_home_says_why_a_model_is_not_on_the_vpu_in_the_readers_language(app, inference, model):
    inference.vpus[model.id] = HUNG

    assert "The VPU does not answer any more." in home_says(app, "The VPU does not run &#39;Low stock&#39;")
    assert "Die VPU antwortet nicht mehr." in home_says(app, "läuft nicht auf der VPU", "de")


def test_home_says_once_what_holds_for_several_models(app, inference, model):
    inference.vpus = {model.id: HUNG, "other": HUNG}

    shown = home_says(app, "The VPU does not run &#39;Low stock&#39;, &#39;Low stock&#39;")

    assert shown.count("does not answer any more") == 1


def test_the_live_page_says_what_a_model_runs_on_as_it_changes(page, app, inference, model):
    page.goto(f"{Site(app).address}/live?camera=aisle-4")
    page.get_by_text("5 ms a frame · MYRIAD").wait_for()
    assert page.locator("#device-note").inner_text() == ""

    inference.vpus[model.id] = HUNG
    page.locator("#device-note", has_text="The VPU does not answer any more. The processor looks instead").wait_for()
    page.get_by_text("5 ms a frame · CPU").wait_for()

    inference.vpus[model.id] = RUNNING
    page.get_by_text("5 ms a frame · MYRIAD").wait_for()
    assert page.locator("#device-note").inner_text() == ""
