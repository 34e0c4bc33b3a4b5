import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge_common.camera_questions import Answer, Question, VideoDevice
from edge_common.errors import CameraError, ConfigError
from edge_common.images import decode_image
from modules.capture.cameras import Camera, open_camera
from modules.capture.desk import Desk
from tests.capture.bench import CameraBench, RtspServer
from tests.capture.test_loop import Station
from tests.waiting import wait_for

NETWORK = "rtsp://shop:hush@192.0.2.7/main"
WEBCAM = VideoDevice("v4l2:0", "Webcam", "")


@pytest.fixture
def station(tmp_path: Path, endpoint: str, bench: CameraBench) -> Iterator[Station]:
    """Capture with one network camera."""
    made = Station(tmp_path, endpoint, bench)
    made.hub.desire({"cameras": {"till": {"url": NETWORK, "frames_per_s": 20, "name": "Till"}}})
    made.start()
    # The camera is opened by a thread of its own, perhaps before capture knows it.
    wait_for(lambda: bench.opened != [] and made.capture.watches() != ())
    yield made
    bench.over.set()
    made.stop()


@pytest.fixture
def desk(station: Station, bench: CameraBench) -> Desk:
    return Desk(station.capture, open_camera=bench.open, usb_cameras=lambda: (WEBCAM,), try_for_s=1.0)


def is_live(station: Station) -> bool:
    return any(watch.state.phase == "live" for watch in station.capture.watches())


def test_what_is_plugged_in_is_told(desk: Desk) -> None:
    assert desk.answer(Question("find")).devices == (WEBCAM,)


def test_another_camera_is_opened_for_one_picture_and_closed(desk: Desk, bench: CameraBench) -> None:
    answer = desk.answer(Question("try", "file:b"))

    assert (answer.reason, answer.width, answer.height) == ("", 640, 480)
    assert decode_image(answer.jpeg).shape == (480, 640, 3)
    assert bench.opened.count("file:b") == bench.closed.count("file:b") == 1


def test_a_camera_that_is_open_is_not_opened_again(desk: Desk, station: Station, bench: CameraBench) -> None:
    wait_for(lambda: is_live(station))
    asked_ns = time.time_ns()

    answer = desk.answer(Question("try", NETWORK))

    assert answer.width == 640
    assert answer.taken_ns >= asked_ns
    assert bench.opened == [NETWORK]


def test_an_open_camera_is_not_opened_with_other_settings_either(
    desk: Desk, station: Station, bench: CameraBench
) -> None:
    wait_for(lambda: is_live(station))

    answer = desk.answer(Question("try", "rtsp://shop:other@192.0.2.7:554/main"))

    assert "'Till' has this very camera open" in answer.reason
    assert "hush" not in answer.reason
    assert bench.opened == [NETWORK]


def test_a_lost_camera_is_tried_at_once_and_says_why(tmp_path: Path, endpoint: str, bench: CameraBench) -> None:
    bench.unplugged.add("file:a")
    station = Station(tmp_path, endpoint, bench)
    station.hub.desire({"cameras": {"till": {"url": "file:a"}}})
    station.start()
    wait_for(lambda: bench.opened != [])
    desk = Desk(station.capture, open_camera=bench.open, try_for_s=2.0)
    wait_for(lambda: any(watch.failures > 0 for watch in station.capture.watches()))

    failed = desk.answer(Question("try", "file:a"))
    bench.unplugged.clear()
    back = desk.answer(Question("try", "file:a"))

    assert failed.reason == "file:a: not plugged in"
    assert back.width == 640
    station.stop()


def test_a_camera_of_the_settings_is_tested_by_its_id(desk: Desk, station: Station, bench: CameraBench) -> None:
    answer = desk.answer(Question("again", "till"))

    assert answer.width == 640
    assert bench.opened == [NETWORK]


def test_one_that_is_not_in_the_settings_or_switched_off_says_so(desk: Desk, station: Station) -> None:
    assert "not in the settings" in desk.answer(Question("again", "door")).reason

    station.hub.desire({"cameras": {"till": {"enabled": False}}})

    wait_for(lambda: desk.answer(Question("again", "till")).reason == "it is switched off")


def test_why_a_camera_cannot_be_opened_is_the_answer(desk: Desk, bench: CameraBench) -> None:
    bench.unplugged.add("v4l2:3")

    with pytest.raises(CameraError, match="v4l2:3: not plugged in"):
        desk.answer(Question("try", "v4l2:3"))


def test_a_url_of_no_camera_is_refused(desk: Desk) -> None:
    with pytest.raises(ConfigError, match="rtsp://HOST"):
        desk.answer(Question("try", "http://x"))


def test_a_camera_that_hangs_is_given_up_and_another_waits_for_it(desk: Desk, bench: CameraBench) -> None:
    bench.hanging.add("v4l2:3")

    with pytest.raises(CameraError, match="no picture within 1 s"):
        desk.answer(Question("try", "v4l2:3"))
    assert "another camera is being tested" in desk.answer(Question("try", "file:b")).reason

    bench.hanging.clear()
    answers: list[Answer] = []
    wait_for(lambda: bool(answers.append(desk.answer(Question("try", "file:b"))) or answers[-1].width))


def test_what_a_lost_camera_saw_last_can_still_be_seen(desk: Desk, station: Station, bench: CameraBench) -> None:
    wait_for(lambda: is_live(station))
    bench.unplugged.add(NETWORK)
    wait_for(lambda: not is_live(station))

    answer = desk.answer(Question("last", "till"))

    np.testing.assert_array_equal(decode_image(answer.jpeg), np.zeros((480, 640, 3), np.uint8))
    assert time.time_ns() - answer.taken_ns < 10e9


def test_a_camera_that_gave_nothing_yet_says_so(desk: Desk) -> None:
    assert desk.answer(Question("last", "door")).reason == "it has given no picture yet"


def test_a_real_network_camera_gives_its_picture(station: Station, rtsp_server: RtspServer) -> None:
    def opened(url: str) -> Camera:
        return open_camera(url)

    answer = Desk(station.capture, open_camera=opened).answer(Question("try", rtsp_server.url))

    assert answer.reason == ""
    assert answer.width > 0
