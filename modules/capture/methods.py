"""What the cloud may ask of capture by direct method: what a camera sees."""

import math
import time
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from edge_common.errors import Conflict, NotFound
from edge_common.images import Pixels, encode_jpeg, shrink
from edge_common.methods import Method, Request
from edge_common.setting_groups import CameraId
from modules.capture.loop import Capture

MOST_JPEG_BYTES = 90_000
"""As Base64 these are 120,000 of the 131,072 bytes that an answer may have."""
_QUALITY = 80
_SMALLEST_STEP = 0.9


class Snapshot(Request):
    """The newest picture of a camera."""

    camera: CameraId = Field(description="its id in the settings")
    longest_side_px: int = Field(
        default=1280, ge=64, le=3840, alias="longestSidePx", description="the picture is scaled down to this, or more"
    )


class CameraMethods:
    """`methods` are what a hub serves."""

    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self.methods: Mapping[str, Method[Any]] = {"snapshot": Method(Snapshot, self._snapshot)}

    def _snapshot(self, asked: Snapshot) -> dict[str, Any]:
        """Raises NotFound, and Conflict where there was no picture yet."""
        watches = {watch.camera: watch for watch in self._capture.watches()}
        watch = watches.get(asked.camera)
        if watch is None:
            known = ", ".join(sorted(watches)) or "there is none"
            raise NotFound(f"camera: one of this device ({known}) expected, got {asked.camera!r}")
        frame = self._capture.newest(asked.camera)
        if frame is None:
            raise Conflict(f"camera {asked.camera} has given no picture yet: it is {watch.state.phase}")
        jpeg, width, height = fitting_jpeg(frame.pixels, asked.longest_side_px, MOST_JPEG_BYTES)
        return {
            "camera": asked.camera,
            "phase": watch.state.phase,
            "frameId": frame.id,
            "taken": datetime.fromtimestamp(frame.taken_ns / 1e9, UTC).isoformat(timespec="milliseconds"),
            "ageS": round(max(0.0, (time.time_ns() - frame.taken_ns) / 1e9), 1),
            "frameWidth": frame.pixels.shape[1],
            "frameHeight": frame.pixels.shape[0],
            "width": width,
            "height": height,
            "bytes": len(jpeg),
            "jpeg": b64encode(jpeg).decode(),
        }


def fitting_jpeg(pixels: Pixels, longest_side_px: int, most_bytes: int) -> tuple[bytes, int, int]:
    """The picture as a JPEG of so many bytes and pixels a side at most, with its width and height."""
    while True:
        small = shrink(pixels, longest_side_px)
        height, width = small.shape[:2]
        jpeg = encode_jpeg(small, _QUALITY)
        if len(jpeg) <= most_bytes:
            return jpeg, width, height
        # Bytes go with the area, or nearly.
        step = min(_SMALLEST_STEP, math.sqrt(most_bytes / len(jpeg)))
        longest_side_px = max(1, int(max(width, height) * step))
