"""The USB cameras that Linux shows, found by looking: none is opened for it."""

import os
import re
from pathlib import Path

from edge_common.camera_questions import VideoDevice

_VIDEO = re.compile(r"video(\d+)")


def usb_cameras(system: Path = Path("/sys/class/video4linux"), devices: Path = Path("/dev")) -> tuple[VideoDevice, ...]:
    """Every USB camera, by the number of its device.

    A camera may have several devices; all but the first (index 0) carry data about pictures, not pictures.
    """
    try:
        numbers = sorted(int(match[1]) for path in system.iterdir() if (match := _VIDEO.fullmatch(path.name)))
    except OSError:
        # Without video devices Linux has no such folder.
        return ()
    return tuple(
        VideoDevice(
            f"v4l2:{number}", _text(system / f"video{number}" / "name") or "USB camera", _problem(devices, number)
        )
        for number in numbers
        if _is_usb(system / f"video{number}") and _text(system / f"video{number}" / "index") in ("", "0")
    )


def _is_usb(entry: Path) -> bool:
    """Where the device hangs is told by where its link leads: /sys/devices/.../usb1/1-2/..."""
    return any(part.startswith("usb") for part in (entry / "device").resolve().parts)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def _problem(devices: Path, number: int) -> str:
    device = devices / f"video{number}"
    if not device.exists():
        return f"{device} is not handed to this program"
    if not os.access(device, os.R_OK | os.W_OK):
        return f"this program has no permission to open {device}"
    return ""
