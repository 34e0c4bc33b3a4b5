"""What a camera is to the rest of capture, and the choice of its kind by URL."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl

from edge_common.errors import ConfigError
from edge_common.images import Pixels

ALLOWED = (
    "sim:shelf, file:PATH (video), folder:PATH (JPEG and PNG images), v4l2:N (USB camera) or rtsp://HOST[:PORT]/PATH"
)


@dataclass(frozen=True, eq=False)
class Shot:
    """One picture as a camera gave it: uint8 [height, width, 3] BGR that belongs to the caller."""

    taken_ns: int
    """Unix time, UTC, at which the picture reached this program."""
    pixels: Pixels


class Camera(Protocol):
    """One opened camera. Used by one thread; once lost it stays lost, and a new one is opened in its place."""

    def read(self) -> Shot:
        """Wait for the next picture, never one that was handed out before; raises CameraError when it is lost."""
        ...

    def close(self) -> None:
        """Let go of the device, file or connection; closing twice does no harm."""
        ...


def open_camera(url: str) -> Camera:
    """Open the camera that a URL names.

    Raises ConfigError for a URL that can never work, and CameraError for a camera that is not there now.
    """
    kind, _, place = url.partition(":")
    match kind:
        case "sim":
            from modules.capture.camera_sim import open_simulation

            return open_simulation(place)
        case "file":
            from modules.capture.camera_file import FileCamera

            return FileCamera(place)
        case "folder":
            from modules.capture.camera_folder import open_folder

            return open_folder(place)
        case "v4l2":
            from modules.capture.camera_usb import open_usb

            return open_usb(place)
        case "rtsp":
            from modules.capture.camera_rtsp import open_rtsp

            return open_rtsp(place)
    raise ConfigError([f"camera URL: {ALLOWED} expected, got {kind!r} before the first colon"])


@dataclass(frozen=True)
class Bounds:
    """What an option of a camera URL may be; whole numbers only if the default is one."""

    default: float
    lowest: float
    highest: float


def split_options(kind: str, place: str, allowed: Mapping[str, Bounds]) -> tuple[str, dict[str, float]]:
    """The part of `place` before `?`, and every allowed option by name, defaults filled in.

    Raises ConfigError that lists every problem.
    """
    rest, _, query = place.partition("?")
    values = {name: bounds.default for name, bounds in allowed.items()}
    problems = []
    for name, text in parse_qsl(query, keep_blank_values=True):
        bounds = allowed.get(name)
        if bounds is None:
            problems.append(f"{kind}: one of the options {', '.join(allowed)} expected, got {name!r}")
            continue
        try:
            value = int(text) if isinstance(bounds.default, int) else float(text)
        except ValueError:
            problems.append(f"{kind}: {name} must be a number, got {text!r}")
            continue
        if bounds.lowest <= value <= bounds.highest:
            values[name] = value
        else:
            problems.append(f"{kind}: {name} from {bounds.lowest} to {bounds.highest} expected, got {text!r}")
    if problems:
        raise ConfigError(problems)
    return rest, values
