"""Frames and results over real sockets: what is kept, how much of it, and what ends it."""

import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from edge_common.asked_frames import PLACE, AskedFrame, AskedFrames
from edge_common.detections import Detection, Result
from edge_common.frames import CameraState, Frame, FramePublisher, FrameSubscriber
from edge_common.geometry import Box
from edge_common.results import InferenceState, LiveModel, ResultPublisher, ResultSubscriber
from edge_common.settings import ImproveSettings
from modules.trainer_agent.improve import Improve
from modules.trainer_agent.model_edits import set_collecting
from tests.trainer_agent.conftest import noise
from tests.waiting import wait_for


class Shop:
    """A camera whose every picture is another, and a model that is unsure of each."""

    def __init__(self, model, folder, confidence):
        self.frames, self.results = f"ipc://{folder}/frames", f"ipc://{folder}/results"
        self._model, self._confidence = model, confidence
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        model = LiveModel(id=self._model.id, name="m", version="7", kind="detection", labels=("full",), created="")
        with closing(FramePublisher(self.frames)) as camera, closing(ResultPublisher(self.results)) as inference:
            number = 0
            while not self._stop.wait(0.05):
                number += 1
                frame = Frame("aisle-4", number, time.time_ns(), noise(number))
                camera.publish_state(CameraState("aisle-4", "live", "", 20, 160, 120))
                camera.publish(frame)
                state = InferenceState(models=(model,), runtime="o", frames_per_s=9, inference_ms=1, last_error="")
                inference.publish_state(state)
                found = (Detection("full", self._confidence, Box(0.1, 0.1, 0.5, 0.5)),)
                inference.publish(Result("aisle-4", frame.id, frame.taken_ns, model.id, "7", "detection", found, 5.0))

    def close(self):
        self._stop.set()
        self._thread.join()


@pytest.fixture
def improve(library, model, tmp_path):
    """Start everything with these settings."""
    opened = []

    def start(confidence=0.52, **settings):
        folder = Path(tempfile.mkdtemp(prefix="improve-"))
        shop = Shop(model, folder, confidence)
        frames, results = FrameSubscriber(shop.frames), ResultSubscriber(shop.results)
        chosen = ImproveSettings(**{"minutes_apart": 0, "free_disk_mb": 0} | settings)
        keeper = Improve(library, frames, results, lambda: chosen, data=tmp_path, idle_s=0.05)
        opened.extend((keeper, frames, results, shop))
        return keeper

    yield start
    for one in opened:
        one.close()


def waiting(library, model, count):
    wait_for(lambda: library.checks.waiting(model.id) >= count)


def test_a_days_share_is_kept_with_what_the_model_saw_and_no_more(improve, library, model):
    improve(frames_per_day=2)

    waiting(library, model, 2)
    time.sleep(1)

    kept = library.checks.newest(model.id, 9)
    assert [(check.reason, check.version) for check in kept] == [("unsure", "7")] * 2
    assert kept[0].seen == (Detection("full", 0.52, Box(0.1, 0.1, 0.5, 0.5)),)
    assert kept[0].image.camera == "aisle-4"


def test_what_staff_found_not_useful_is_not_made_up_for_that_day(improve, library, model):
    improve(frames_per_day=1)
    waiting(library, model, 1)

    library.delete_image(library.checks.newest(model.id, 1)[0].image.id)
    time.sleep(1)

    assert library.checks.waiting(model.id) == 0


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"frames_per_day": 0}, id="none a day"),
        pytest.param({"free_disk_mb": 1_000_000}, id="disk too full"),
        pytest.param({"confidence": 0.9}, id="nothing worth a look"),
    ],
)
def test_nothing_is_kept(improve, library, model, settings):
    improve(**settings)

    time.sleep(1)

    assert library.checks.waiting(model.id) == 0


def test_a_model_that_shall_not_collect_keeps_only_what_a_skill_asks_for(improve, library, database, model, tmp_path):
    set_collecting(database, model.id, False)
    AskedFrames(tmp_path / PLACE).put(AskedFrame(model.id, "7", "aisle-4", 1, "Few left", ()), noise(900))
    improve()

    waiting(library, model, 1)
    time.sleep(1)

    assert [check.reason for check in library.checks.newest(model.id, 9)] == ["skill"]


@pytest.mark.parametrize("settings", [{"most_waiting": 1}, {"minutes_apart": 60}])
def test_it_stops_while_enough_wait_or_the_last_one_was_just_kept(improve, library, model, settings):
    improve(**settings)
    waiting(library, model, 1)

    time.sleep(1)

    assert library.checks.waiting(model.id) == 1


def test_a_frame_like_no_image_of_the_library_is_kept(improve, library, model):
    library.set_nothing(library.add_image(model.id, noise(9999), "a.jpg", "upload", camera=None, taken_ns=1).id, True)
    improve(confidence=0.9, frames_per_day=1)

    waiting(library, model, 1)

    assert library.checks.newest(model.id, 1)[0].reason == "new"


def test_a_frame_that_a_skill_asks_for_is_kept_however_soon_but_within_the_days_share(
    improve, library, model, tmp_path
):
    asked = AskedFrames(tmp_path / PLACE)
    for seed in range(3):
        asked.put(AskedFrame(model.id, "7", "aisle-4", seed, "Few left", ()), noise(seed + 900))

    improve(confidence=0.9, frames_per_day=2, minutes_apart=60)

    waiting(library, model, 2)
    wait_for(lambda: not list((tmp_path / PLACE).iterdir()))
    assert [check.reason for check in library.checks.newest(model.id, 9)] == ["skill"] * 2
