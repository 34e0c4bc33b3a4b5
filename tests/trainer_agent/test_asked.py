import logging
import time

from edge_common.asked_frames import PLACE, AskedFrame, AskedFrames
from edge_common.detections import Detection
from edge_common.geometry import Box
from modules.trainer_agent.asked import take_asked
from tests.trainer_agent.conftest import noise

SEEN = (Detection("full", 0.9, Box(0.1, 0.1, 0.5, 0.5)),)


def asked_for(folder, model_id, seed=1):
    frames = AskedFrames(folder / PLACE)
    frames.put(AskedFrame(model_id, "7", "aisle-4", time.time_ns(), "Few left", SEEN), noise(seed))
    return frames


def test_a_frame_that_a_skill_asks_for_waits_to_be_checked(library, model, tmp_path):
    take_asked(asked_for(tmp_path, model.id), library, lambda _: True)

    (check,) = library.checks.newest(model.id, 9)
    assert (check.reason, check.version, check.seen, check.image.camera) == ("skill", "7", SEEN, "aisle-4")
    assert library.checks.waiting(model.id, by_itself=True) == 1
    assert len(library.checks.kept_since(model.id, 0)) == 1


def test_without_room_none_is_kept_and_none_waits_for_it(library, model, tmp_path):
    frames = asked_for(tmp_path, model.id)
    take_asked(frames, library, lambda _: False)
    take_asked(frames, library, lambda _: True)

    assert library.checks.newest(model.id, 9) == ()


def test_a_model_that_is_gone_is_told(library, model, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        take_asked(asked_for(tmp_path, "gone"), library, lambda _: True)

    assert "is left out" in caplog.text
