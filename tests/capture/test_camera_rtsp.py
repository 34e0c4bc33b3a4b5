import queue
import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from edge_common.errors import CameraError
from edge_common.frames import CameraState, Frame
from edge_common.latest import LatestByKey
from edge_common.settings import CameraSettings
from modules.capture.cameras import Shot, open_camera
from modules.capture.watch import Patience, Watch
from tests.capture.bench import RtspServer
from tests.capture.rtsp_server import PATHS, STEPS_PER_S
from tests.waiting import wait_for


@pytest.fixture
def watch(rtsp_server: RtspServer) -> Iterator[Watch]:
    frames: LatestByKey[Frame] = LatestByKey()
    told: queue.SimpleQueue[CameraState] = queue.SimpleQueue()
    settings = CameraSettings(url=rtsp_server.url, frames_per_s=20)
    made = Watch("till", settings, open_camera, frames.put, told.put, Patience(first_s=0.3))
    yield made
    made.stop()
    made.join(10)


def made_at_s(shot: Shot) -> float:
    """When the server made the frame, on a clock of its own."""
    return float(shot.pixels.mean()) / STEPS_PER_S


def test_a_reader_that_pauses_gets_new_frames_not_the_backlog(rtsp_server: RtspServer) -> None:
    with closing(open_camera(rtsp_server.url)) as camera:
        camera.read()
        # What came in while the stream was being opened is soon drained.
        time.sleep(0.5)
        before_s = made_at_s(camera.read())
        time.sleep(2.5)

        first, second = camera.read(), camera.read()

    # The frame that waited may be as old as one interval; a backlog would be as old as the pause.
    assert made_at_s(first) - before_s == pytest.approx(2.5, abs=0.5)
    assert made_at_s(second) - made_at_s(first) == pytest.approx(0, abs=0.9)


def test_a_killed_server_is_a_lost_camera_that_comes_back_by_itself(rtsp_server: RtspServer, watch: Watch) -> None:
    wait_for(lambda: watch.state.phase == "live")

    rtsp_server.kill()

    wait_for(lambda: watch.state.phase == "lost", 3)
    assert "stopped sending" in watch.state.reason
    wait_for(lambda: "nothing answers" in watch.state.reason)

    rtsp_server.start()

    wait_for(lambda: watch.state.phase == "live")


def test_a_server_that_hangs_is_a_lost_camera_and_recovered(rtsp_server: RtspServer, watch: Watch) -> None:
    wait_for(lambda: watch.state.phase == "live")

    rtsp_server.freeze()

    wait_for(lambda: watch.state.phase == "lost", 6)
    assert "no frame for 4 s" in watch.state.reason

    rtsp_server.thaw()

    wait_for(lambda: watch.state.phase == "live")


def test_a_wrong_path_says_that_something_answers(rtsp_server: RtspServer) -> None:
    with pytest.raises(CameraError, match="it has no stream of this path"):
        open_camera(f"rtsp://127.0.0.1:{rtsp_server.port}/nothing")


def test_a_server_that_never_says_a_word_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun_s = time.monotonic()

        with pytest.raises(CameraError, match="gives no video"):
            open_camera(f"rtsp://127.0.0.1:{silent.getsockname()[1]}/camera")

        assert time.monotonic() - begun_s < 8


@pytest.mark.parametrize(
    ("path", "transports"),
    [
        pytest.param("raw", "UDP", id="Motion JPEG by UDP alone"),
        pytest.param("rawTCP", "TCP", id="Motion JPEG by TCP alone"),
        pytest.param("h264raw", "UDP", id="H.264 by UDP alone"),
    ],
)
def test_each_stream_of_azureeyemodule_gives_pictures_as_they_are_made(
    rtsp_server: RtspServer, path: str, transports: str
) -> None:
    assert PATHS[f"/{path}"][1] == (transports,)
    with closing(open_camera(f"rtsp://127.0.0.1:{rtsp_server.port}/{path}")) as camera:
        camera.read()
        time.sleep(0.5)
        first = camera.read()
        time.sleep(1.5)
        second, third = camera.read(), camera.read()

    assert first.pixels.shape == (616, 816, 3)
    assert made_at_s(second) - made_at_s(first) == pytest.approx(1.5, abs=0.9)
    assert made_at_s(third) - made_at_s(second) == pytest.approx(0.1, abs=0.9)


def test_a_stream_of_azureeyemodule_that_goes_and_comes_back_is_lost_and_live_again(rtsp_server: RtspServer) -> None:
    frames: LatestByKey[Frame] = LatestByKey()
    told: queue.SimpleQueue[CameraState] = queue.SimpleQueue()
    settings = CameraSettings(url=f"rtsp://127.0.0.1:{rtsp_server.port}/raw", frames_per_s=10)
    watch = Watch("eye", settings, open_camera, frames.put, told.put, Patience(first_s=0.3))
    try:
        wait_for(lambda: watch.state.phase == "live")
        rtsp_server.kill()
        wait_for(lambda: watch.state.phase == "lost", 10)
        rtsp_server.start()
        wait_for(lambda: watch.state.phase == "live")
    finally:
        watch.stop()
        watch.join(10)
