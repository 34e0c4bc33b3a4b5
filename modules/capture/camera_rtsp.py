"""A network camera, or the picture of another module, by RTSP over TCP."""

import os
import socket
from urllib.parse import urlsplit

import cv2

from edge_common.camera_urls import hidden
from edge_common.errors import CameraError, ConfigError
from modules.capture.newest import NewestCamera

# OpenCV reads this at each opening, for the whole process; over UDP a busy shop network tears frames.
os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")

_PORT = 554
_OPEN_MS = 5000
_READ_MS = 4000
_KNOCK_S = 2.0


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
        raise CameraError(f"{name}: {_why_closed(host, port)}")
    return NewestCamera(capture, name, _READ_MS / 1000)


def _why_closed(host: str, port: int) -> str:
    """What can be told about a stream that did not open: OpenCV says nothing but no."""
    try:
        socket.create_connection((host, port), timeout=_KNOCK_S).close()
    except OSError as error:
        return f"nothing answers at {host}:{port} ({error.strerror or error})"
    return "it answers but gives no video; path, user name or password wrong, too many readers, or it hangs"
