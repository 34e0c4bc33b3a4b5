import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge_common.images import decode_image
from edge_common.methods import MOST_PAYLOAD_BYTES, MethodDesk
from modules.capture.methods import CameraMethods, fitting_jpeg
from tests.capture.bench import CameraBench
from tests.capture.test_loop import Station
from tests.waiting import wait_for


@pytest.fixture
def station(tmp_path: Path, endpoint: str, bench: CameraBench) -> Iterator[Station]:
    made = Station(tmp_path, endpoint, bench)
    made.hub.desire({"cameras": {"till": {"url": "rtsp://192.0.2.7/main"}, "off": {"url": "file:x", "enabled": False}}})
    made.start()
    wait_for(lambda: bench.opened != [] and len(made.capture.watches()) == 2)
    wait_for(lambda: made.capture.newest("till") is not None)
    yield made
    bench.over.set()
    made.stop()


def test_a_snapshot_is_the_newest_picture_with_its_time_and_size(station: Station) -> None:
    answer = MethodDesk(CameraMethods(station.capture).methods).answer("snapshot", {"camera": "till"})

    told = answer.payload
    assert (answer.status, told["phase"], told["frameWidth"], told["frameHeight"]) == (200, "live", 640, 480)
    pixels = decode_image(base64.b64decode(told["jpeg"]))
    assert pixels.shape == (told["height"], told["width"], 3) == (480, 640, 3)
    assert abs(int(told["frameId"].partition("-")[0]) / 1e9 - time.time()) < 60
    assert 0 <= told["ageS"] < 60


def test_a_snapshot_can_be_asked_for_smaller(station: Station) -> None:
    request = {"camera": "till", "longestSidePx": 160}

    told = MethodDesk(CameraMethods(station.capture).methods).answer("snapshot", request).payload

    assert (told["width"], told["height"]) == (160, 120)


@pytest.mark.parametrize(
    ("camera", "status", "words"),
    [
        pytest.param("door", 404, "(off, till) expected, got 'door'", id="a camera that is not there"),
        pytest.param("off", 409, "has given no picture yet: it is off", id="one that gave none"),
        pytest.param("", 400, "camera: ", id="no camera"),
    ],
)
def test_where_there_is_no_picture_the_answer_says_why(station: Station, camera: str, status: int, words: str) -> None:
    answer = MethodDesk(CameraMethods(station.capture).methods).answer("snapshot", {"camera": camera})

    assert answer.status == status
    assert words in str(answer.payload)


def test_a_picture_that_no_jpeg_makes_small_is_scaled_until_the_answer_fits() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (1080, 1920, 3), dtype=np.uint8)

    jpeg, width, height = fitting_jpeg(noise, 1920, 90_000)

    assert 30_000 < len(jpeg) <= 90_000
    assert decode_image(jpeg).shape == (height, width, 3)
    assert width / height == pytest.approx(16 / 9, abs=0.02)
    assert len(json.dumps(base64.b64encode(jpeg).decode())) < MOST_PAYLOAD_BYTES
