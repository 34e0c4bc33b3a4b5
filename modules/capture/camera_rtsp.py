"""A network camera, or the picture of another module, by RTSP: over TCP, or over UDP where it has nothing else."""

import os
from urllib.parse import urlsplit

import cv2

from edge_common.camera_urls import hidden, parse_camera_url
from edge_common.errors import CameraError, ConfigError
from modules.capture.newest import NewestCamera
from modules.capture.rtsp_answer import why_no_video

# OpenCV reads this at each opening, for the whole process; over UDP a busy shop network tears frames. azureeyemodule's
# /raw and /h264raw take UDP alone, and its /rawTCP takes TCP alone.
os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_flags;prefer_tcp")

_PORT = 554
_OPEN_MS = 5000
_READ_MS = 4000


def open_rtsp(place: str) -> NewestCamera:
    """`//[USER:PASSWORD@]HOST[:PORT]/PATH`; raises ConfigError or CameraError, neither with the password in it."""
    url = f"rtsp:{place}"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or _PORT
    except ValueError as error:
        raise ConfigError([f"rtsp: {error}"]) from error
    if not host:
        raise ConfigError(["rtsp: rtsp://HOST[:PORT]/PATH expected, got no host"])
    name = f"rtsp://{host}:{port}{hidden(parts.path)}"
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READ_MS]
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, limits)
    if not capture.isOpened():
        raise CameraError(f"{name}: {why_no_video(parse_camera_url(url))}")
    return NewestCamera(capture, name, _READ_MS / 1000)
