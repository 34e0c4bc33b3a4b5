"""What staff are told of an Azure Eye that looks by its own program: on Home, and on the live page."""

import time

import pytest

from edge_common.detections import Result
from edge_common.results import AzureEyeState, LiveModel
from tests.trainer_agent.web.conftest import Site, once_it_hears
from tests.trainer_agent.web.live_shop import LiveShop, looking
from tests.trainer_agent.web.test_vpu_told import home_says


class Inference(LiveShop):
    """A camera on which an Azure Eye looks, whose state a test changes."""

    def __init__(self, folder, model_id):
        self.eye = AzureEyeState(camera="aisle-4", model=model_id, version="7", phase="watching")
        super().__init__(folder, self._seen)

    def becomes(self, phase):
        self.eye = AzureEyeState.model_validate(self.eye.model_dump() | {"phase": phase})

    def _seen(self, frame):
        about = {"id": self.eye.model, "name": "Low stock", "version": "8", "kind": "detection", "created": ""}
        took_ms = 0.0 if self.eye.phase == "watching" else 5.0
        result = Result("aisle-4", frame.id, frame.taken_ns, self.eye.model, "7", "detection", (), took_ms)
        return looking(LiveModel(**about, labels=("full",)), azureeye=self.eye), [result]


@pytest.fixture
def inference(tmp_path, model):
    started = Inference(tmp_path, model.id)
    yield started
    started.close()


@pytest.fixture
def app(inference, build_app):
    return once_it_hears(build_app(endpoint=inference.endpoint))


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
