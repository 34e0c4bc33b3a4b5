"""A camera that shows the images of a folder, in the order of their names, over and over."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from edge_common.errors import CameraError, ImageError
from edge_common.images import decode_image
from modules.capture.cameras import Bounds, Shot, split_options
from modules.capture.pace import Pace

log = logging.getLogger(__name__)

_OPTIONS = {"every": Bounds(1.0, 0.02, 3600.0)}
_ENDINGS = {".jpg", ".jpeg", ".png"}


def open_folder(place: str) -> "FolderCamera":
    """`PATH[?every=SECONDS]`; raises ConfigError or CameraError."""
    path, options = split_options("folder", place, _OPTIONS)
    return FolderCamera(Path(path), options["every"])


class FolderCamera:
    """Reads the folder anew in each round, so images may come and go meanwhile."""

    def __init__(self, folder: Path, every_s: float, sleep: Callable[[float], object] = time.sleep) -> None:
        self._folder = folder
        self._every_s = every_s
        self._sleep = sleep
        self._pace = Pace()
        self._waiting: list[Path] = []
        self._left_out: set[Path] = set()
        self._closed = False
        self._waiting = self._images()

    def read(self) -> Shot:
        if self._closed:
            raise CameraError("folder: the camera is closed")
        self._sleep(self._pace.left_s(self._every_s))
        self._pace.beat(self._every_s)
        for _ in range(2):
            while self._waiting:
                shot = self._shot(self._waiting.pop(0))
                if shot is not None:
                    return shot
            self._waiting = self._images()
        raise CameraError(f"folder: none of the images in {self._folder} can be read")

    def close(self) -> None:
        self._closed = True

    def _images(self) -> list[Path]:
        try:
            found = sorted(path for path in self._folder.iterdir() if path.suffix.lower() in _ENDINGS)
        except OSError as error:
            raise CameraError(f"folder: {self._folder} cannot be read: {error.strerror}") from error
        if not found:
            raise CameraError(f"folder: there is no JPEG or PNG image in {self._folder}")
        return found

    def _shot(self, path: Path) -> Shot | None:
        try:
            pixels = decode_image(path.read_bytes(), path.name)
        except (ImageError, OSError) as error:
            # Once a name: the folder is shown for months, and the log should stay readable.
            if path not in self._left_out:
                log.warning("folder: %s left out: %s", path.name, error)
            self._left_out.add(path)
            return None
        self._left_out.discard(path)
        return Shot(time.time_ns(), pixels)
