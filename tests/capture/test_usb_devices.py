from pathlib import Path

import pytest

from edge_common.camera_questions import VideoDevice
from modules.capture.usb_devices import usb_cameras


class Linux:
    """The two folders in which Linux shows video devices."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.system = folder / "class" / "video4linux"
        self.devices = folder / "dev"
        self.system.mkdir(parents=True)
        self.devices.mkdir()

    def plug_in(self, number: int, name: str, *, index: int = 0, bus: str = "usb1/1-2") -> None:
        place = self.folder / "devices" / bus
        place.mkdir(parents=True, exist_ok=True)
        entry = self.system / f"video{number}"
        entry.mkdir()
        (entry / "name").write_text(f"{name}\n")
        (entry / "index").write_text(f"{index}\n")
        (entry / "device").symlink_to(place)
        (self.devices / f"video{number}").touch()

    def found(self) -> tuple[VideoDevice, ...]:
        return usb_cameras(self.system, self.devices)


@pytest.fixture
def linux(tmp_path: Path) -> Linux:
    return Linux(tmp_path)


def test_usb_cameras_are_found_with_their_names_in_order(linux: Linux) -> None:
    linux.plug_in(10, "Second")
    linux.plug_in(2, "HD Pro Webcam C920")

    assert linux.found() == (VideoDevice("v4l2:2", "HD Pro Webcam C920", ""), VideoDevice("v4l2:10", "Second", ""))


def test_what_gives_no_pictures_or_is_not_on_usb_is_no_usb_camera(linux: Linux) -> None:
    linux.plug_in(0, "Webcam")
    linux.plug_in(1, "Webcam: metadata", index=1)
    linux.plug_in(5, "codec", bus="platform/vpu")

    assert [one.url for one in linux.found()] == ["v4l2:0"]


def test_a_camera_that_this_program_does_not_get_says_so(linux: Linux) -> None:
    linux.plug_in(0, "Webcam")
    (linux.devices / "video0").unlink()

    assert linux.found()[0].problem == f"{linux.devices}/video0 is not handed to this program"


def test_a_camera_without_a_name_is_a_usb_camera(linux: Linux) -> None:
    linux.plug_in(0, "")

    assert linux.found()[0].name == "USB camera"


def test_a_machine_without_video_has_none(tmp_path: Path) -> None:
    assert usb_cameras(tmp_path / "nothing", tmp_path) == ()
