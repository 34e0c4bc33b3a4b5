import time
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from edge_common.errors import CameraError, ConfigError, EdgeError
from modules.capture.cameras import Camera, open_camera


@pytest.fixture
def camera(camera_url: str) -> Iterator[Camera]:
    opened = open_camera(camera_url)
    yield opened
    opened.close()


def test_every_camera_keeps_the_contract(camera: Camera) -> None:
    before_ns = time.time_ns()

    first = camera.read()
    kept = first.pixels.copy()
    others = [camera.read() for _ in range(3)]

    assert first.pixels.dtype == np.uint8
    assert first.pixels.ndim == 3
    assert first.pixels.shape[2] == 3
    np.testing.assert_array_equal(first.pixels, kept, "a later frame was written over an earlier one")
    times = [shot.taken_ns for shot in (first, *others)]
    assert times == sorted(set(times))
    assert before_ns - 10**9 < times[0] <= time.time_ns()

    camera.close()
    camera.close()

    with pytest.raises(CameraError, match="closed"):
        camera.read()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("", "rtsp://HOST", id="nothing"),
        pytest.param("http://camera/video", "sim:shelf, file:PATH .* got 'http'", id="unknown scheme"),
        pytest.param("/dev/video0", "before the first colon", id="no scheme"),
        pytest.param("sim:street", "only scene is 'shelf', got 'street'", id="unknown scene"),
        pytest.param("sim:shelf?colour=1", "one of the options seed, speed, width, height", id="unknown option"),
        pytest.param("sim:shelf?seed=one", "seed must be a number, got 'one'", id="not a number"),
        pytest.param("sim:shelf?seed=1.5", "seed must be a number, got '1.5'", id="not whole"),
        pytest.param("sim:shelf?speed=nan", "speed from 0.01 to 1000.0", id="not a number at all"),
        pytest.param("sim:shelf?width=1&height=2", "width from 320 .*; sim: height from 180", id="both out of bounds"),
        pytest.param("folder:/tmp?every=0", "every from 0.02", id="too often"),
        pytest.param("v4l2:", "number of a /dev/video device", id="no device"),
        pytest.param("v4l2:../sda", "number of a /dev/video device", id="a path as device"),
        pytest.param("rtsp:camera", "got no host", id="rtsp without host"),
        pytest.param("rtsp://camera:port/raw", "rtsp: ", id="rtsp port"),
    ],
)
def test_a_url_that_can_never_work_is_refused(url: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        open_camera(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("v4l2:250", "there is no /dev/video250; video devices here: ", id="usb"),
        pytest.param("file:/nowhere/film.mp4", "there is no file /nowhere/film.mp4", id="file"),
        pytest.param("folder:/nowhere", "/nowhere cannot be read: No such file", id="folder"),
        pytest.param("rtsp://127.0.0.1:9/raw", "nothing answers at 127.0.0.1:9 .*refused", id="rtsp"),
    ],
)
def test_a_camera_that_is_not_there_is_a_camera_error(url: str, expected: str) -> None:
    with pytest.raises(CameraError, match=expected):
        open_camera(url)


def test_a_password_in_a_url_does_not_get_into_messages() -> None:
    with pytest.raises(EdgeError) as refused:
        open_camera("rtsp://admin:secret@127.0.0.1:9/raw?token=secret")

    assert "secret" not in str(refused.value)


def test_options_have_defaults() -> None:
    with closing(open_camera("sim:shelf")) as camera:
        assert camera.read().pixels.shape == (540, 960, 3)
