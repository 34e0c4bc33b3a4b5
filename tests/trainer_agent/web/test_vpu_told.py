"""What staff are told when a VPU is lost: on Home, and on the live page."""

import time

import pytest

from edge_common.detections import Result
from edge_common.results import LiveModel, VpuState
from tests.trainer_agent.web.conftest import Site, once_it_hears
from tests.trainer_agent.web.live_shop import LiveShop, looking

RUNNING = VpuState(device="MYRIAD", phase="running")
HUNG = VpuState(
    device="MYRIAD", phase="lost", kind="hung", why="no answer within 4.0 s", since="2026-11-26T10:00:00+00:00"
)


class Inference(LiveShop):
    """A camera and models that look at it, which may lose their VPU."""

    def __init__(self, folder, model_id):
        self.vpus = {model_id: RUNNING}
        super().__init__(folder, self._seen)

    def _seen(self, frame):
        models = [self._model(*one) for one in self.vpus.items()]
        about = (frame.camera, frame.id, frame.taken_ns)
        return looking(*models), [Result(*about, model.id, "7", "detection", (), 5.0) for model in models]

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


@pytest.fixture
def inference(tmp_path, model):
    started = Inference(tmp_path, model.id)
    yield started
    started.close()


@pytest.fixture
def app(inference, build_app):
    return once_it_hears(build_app(endpoint=inference.endpoint))


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
