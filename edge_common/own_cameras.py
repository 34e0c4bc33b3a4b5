"""The cameras that were added on the device's own page, in a file that the page writes and capture reads.

They are not the twin's: that belongs to whoever runs many devices, and where both name a camera the twin wins.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from edge_common.errors import Conflict, NotFound
from edge_common.own_file import OwnFile
from edge_common.setting_groups import CameraId, Settings
from edge_common.settings import CameraSettings, CaptureSettings

log = logging.getLogger(__name__)

MOST_CAMERAS = 16
MOST_REMOVED = 4
PLACE = Path("cameras") / "cameras.json"
"""Below the data folder."""


class OwnCameraList(Settings):
    """What the file holds."""

    cameras: dict[CameraId, CameraSettings] = Field(default={}, max_length=MOST_CAMERAS)
    removed: dict[CameraId, CameraSettings] = Field(default={}, max_length=MOST_REMOVED)
    """Those deleted last, which can be put back; the newest last."""


@dataclass(frozen=True)
class Wanted:
    """Every camera that shall be watched, and which of them are the page's own."""

    cameras: Mapping[str, CameraSettings]
    own: frozenset[str] = frozenset()


def wanted(twin: CaptureSettings, own: OwnCameraList) -> Wanted:
    """The twin's cameras, and those of the page whose ids are not among them; sixteen in all."""
    more = {camera: settings for camera, settings in own.cameras.items() if camera not in twin.cameras}
    room = MOST_CAMERAS - len(twin.cameras)
    for camera in list(more)[room:]:
        log.error("camera %s is left out: the twin's cameras and those of the page are more than %d", camera, room)
        del more[camera]
    return Wanted({**twin.cameras, **more}, frozenset(more))


class OwnCameras:
    """The file. One program writes it, any may read; every method may be called from any thread."""

    def __init__(self, path: Path) -> None:
        # Addresses of cameras may hold passwords.
        self._file = OwnFile(path, OwnCameraList, "cameras", secret=True)

    def read(self) -> OwnCameraList:
        """The list as it is; raises ConfigError when the file holds something else, which is then left alone."""
        return self._file.read()

    def news(self) -> OwnCameraList | None:
        """The list if its file is another than at the last call; raises ConfigError, once for each bad file."""
        return self._file.news()

    def add(self, camera: str, settings: CameraSettings) -> None:
        """Raises Conflict when the id is taken or there are as many cameras as there may be."""
        with self._file.lock:
            now = self.read()
            if camera in now.cameras:
                raise Conflict(f"There is a camera '{camera}' already.")
            self._write(_with(now.cameras, camera, settings), now.removed)

    def change(self, camera: str, settings: CameraSettings) -> None:
        """Raises NotFound."""
        with self._file.lock:
            now = self.read()
            _known(camera, now.cameras)
            self._write(now.cameras | {camera: settings}, now.removed)

    def remove(self, camera: str) -> None:
        """Remove a camera, kept for a while to be put back; raises NotFound."""
        with self._file.lock:
            now = self.read()
            gone = _known(camera, now.cameras)
            removed = [*((old, kept) for old, kept in now.removed.items() if old != camera), (camera, gone)]
            left = {one: settings for one, settings in now.cameras.items() if one != camera}
            self._write(left, dict(removed[-MOST_REMOVED:]))

    def put_back(self, camera: str) -> None:
        """Take back a removal; raises NotFound, or Conflict when there is another camera of this id by now."""
        with self._file.lock:
            now = self.read()
            back = _known(camera, now.removed)
            if camera in now.cameras:
                raise Conflict(f"There is another camera '{camera}' by now.")
            removed = {one: settings for one, settings in now.removed.items() if one != camera}
            self._write(_with(now.cameras, camera, back), removed)

    def exists(self) -> bool:
        """Whether a list was ever written, be it empty."""
        return self._file.exists()

    def _write(self, cameras: Mapping[str, CameraSettings], removed: Mapping[str, CameraSettings]) -> None:
        self._file.write(OwnCameraList(cameras=dict(cameras), removed=dict(removed)))


def _known(camera: str, among: Mapping[str, CameraSettings]) -> CameraSettings:
    if camera not in among:
        raise NotFound(f"There is no camera '{camera[:40]}' that was added on this page.")
    return among[camera]


def _with(cameras: Mapping[str, CameraSettings], camera: str, settings: CameraSettings) -> dict[str, CameraSettings]:
    if len(cameras) >= MOST_CAMERAS:
        raise Conflict(f"There are {MOST_CAMERAS} cameras already, as many as there may be. Delete one first.")
    return {**cameras, camera: settings}
