"""A USB camera, or any other that Linux shows as /dev/videoN."""

from pathlib import Path

import cv2

from edge_common.errors import CameraError, ConfigError
from modules.capture.cameras import Bounds, split_options
from modules.capture.newest import NewestCamera

_OPTIONS = {"width": Bounds(1280, 160, 3840), "height": Bounds(720, 120, 2160)}
_PATIENCE_S = 5.0


def open_usb(place: str) -> NewestCamera:
    """`N[?width=PX&height=PX]` for /dev/videoN; the driver takes the nearest size that the camera has.

    Raises ConfigError or CameraError.
    """
    number, options = split_options("v4l2", place, _OPTIONS)
    if not number.isascii() or not number.isdigit() or int(number) > 255:
        raise ConfigError([f"v4l2: the number of a /dev/video device expected, got {number!r}"])
    name = f"v4l2:{int(number)}"
    device = Path(f"/dev/video{int(number)}")
    if not device.exists():
        found = ", ".join(sorted(path.name for path in Path("/dev").glob("video[0-9]*"))) or "none"
        raise CameraError(f"{name}: there is no {device}; video devices here: {found}")
    capture = cv2.VideoCapture(int(number), cv2.CAP_V4L2)
    if not capture.isOpened():
        raise CameraError(f"{name}: {device} cannot be opened; no camera, no permission, or another program has it")
    # Uncompressed, most USB 2 cameras manage only a few frames a second at this size.
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, options["width"])
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, options["height"])
    return NewestCamera(capture, name, _PATIENCE_S)
