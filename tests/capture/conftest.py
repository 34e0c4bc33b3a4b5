"""Shared by the tests of capture: short folders for sockets, made-up videos and images, a real RTSP server."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_common.images import encode_jpeg
from tests.capture.bench import SYSTEM_PYTHON, CameraBench, RtspServer
from tests.requirements_here import skip_or_fail

GSTREAMER = (
    "a GStreamer RTSP server for /usr/bin/python3 is missing: apt-get install python3-gi gir1.2-gst-rtsp-server-1.0 "
    "gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly"
)


@pytest.fixture
def endpoint() -> Iterator[str]:
    # The path of a Unix socket may have about 100 characters; pytest's own folders are longer.
    folder = tempfile.mkdtemp(prefix="frames-")
    yield f"ipc://{folder}/socket"
    shutil.rmtree(folder)


@pytest.fixture
def bench() -> Iterator[CameraBench]:
    made = CameraBench()
    yield made
    made.over.set()


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Ten frames at 20 frames a second, each 20 steps brighter than the one before."""
    path = tmp_path / "video.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 20, (160, 120))
    for index in range(10):
        writer.write(np.full((120, 160, 3), 20 * index, np.uint8))
    writer.release()
    return path


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Three images of one brightness each: a 50, b 100, c 150."""
    folder = tmp_path / "images"
    folder.mkdir()
    for name, level in (("b.jpg", 100), ("a.jpg", 50), ("c.JPG", 150)):
        (folder / name).write_bytes(encode_jpeg(np.full((60, 80, 3), level, np.uint8), 90))
    return folder


@pytest.fixture(scope="session")
def gstreamer() -> None:
    check = (
        "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import Gst, GstRtspServer; "
        "Gst.init(None); needed = ['videotestsrc', 'videobalance', 'x264enc', 'rtph264pay', 'h264parse', 'jpegenc', "
        "'rtpjpegpay']; "
        "assert all(map(Gst.ElementFactory.find, needed))"
    )
    if not Path(SYSTEM_PYTHON).exists() or subprocess.run([SYSTEM_PYTHON, "-c", check], capture_output=True).returncode:
        skip_or_fail(GSTREAMER)


@pytest.fixture
def rtsp_server(gstreamer: None) -> Iterator[RtspServer]:
    server = RtspServer()
    server.start()
    yield server
    server.kill()


@pytest.fixture(params=["sim", "file", "folder", "rtsp"])
def camera_url(request: pytest.FixtureRequest) -> str:
    """A URL of each kind that can run without hardware."""
    made: dict[str, Callable[[], str]] = {
        "sim": lambda: "sim:shelf?width=480&height=270",
        "file": lambda: f"file:{request.getfixturevalue('video')}",
        "folder": lambda: f"folder:{request.getfixturevalue('images')}?every=0.05",
        "rtsp": lambda: str(request.getfixturevalue("rtsp_server").url),
    }
    return made[request.param]()
