"""What it means that azureeyemodule says something or does not: told apart from a shelf with nothing on it. Pure.

Its RTSP server repeats the last picture for ever, and is black until the Eye gives one (`rtsp.cpp`): pictures alone do
not show that it looks. Messages come at each interval, with an empty list when nothing is seen: they do.
"""

from collections.abc import Collection
from dataclasses import dataclass

from edge_common.frames import CameraPhase
from edge_common.images import Pixels
from edge_common.results import EyePhase
from edge_common.settings import AzureEyeSettings
from modules.inference.vpu_usb import EYE, instead_of_device, is_not_updated

RESTARTED_LASTS_S = 180.0
"""After its stream has come back: it compiles a model, which takes minutes."""
JUMP_NS = 600_000_000_000
_STEP = 16
_DARKEST = 2
"""Of 255: a sensor in the dark gives noise above it, JPEG of pure black does not."""


@dataclass(frozen=True)
class EyeFacts:
    """What is known of it; times are of one clock that goes on steadily, None for never."""

    since_s: float
    """From when on it was listened to."""
    message_s: float | None = None
    """When the last message came, whatever it said."""
    refused: str = ""
    """Why the last message could not be taken."""
    jumped: bool = False
    """The last message's timestamp does not go on from the one before."""
    camera: CameraPhase | None = None
    """Of the camera that shows its stream; None where capture knows of none."""
    camera_reason: str = ""
    lost_s: float | None = None
    """When that camera, after it had given pictures, lost them; once they are back, when that was."""
    black: bool = False
    """Its newest picture is."""
    usb: Collection[str] = ()


def phase_of(facts: EyeFacts, settings: AzureEyeSettings, now_s: float) -> tuple[EyePhase, str]:
    """How it stands, and why in words; nothing is said of one that watches."""
    limit_s = settings.silent_after * settings.interval_s
    gone = facts.camera in ("lost", "starting") and facts.lost_s is not None
    heard_s = facts.message_s
    if heard_s is not None and now_s - heard_s < limit_s and not (gone and heard_s < (facts.lost_s or 0.0)):
        if facts.refused:
            return "refused", facts.refused
        return ("restarting", "its timestamps jumped") if facts.jumped else ("watching", "")
    if is_not_updated(facts.usb):
        return "unpatched", instead_of_device(facts.usb)[1]
    if facts.black:
        return "unpatched", "its stream is black and no message comes: it waits for an Eye that does not start"
    if gone:
        return "restarting", f"its stream is gone: {facts.camera_reason or 'it is opened again'}"
    if facts.lost_s is not None and now_s - facts.lost_s < RESTARTED_LASTS_S:
        return "restarting", "its stream is back, and no message has come yet"
    if heard_s is None and now_s - facts.since_s < limit_s:
        return "starting", ""
    since_s = facts.since_s if heard_s is None else heard_s
    picture = "" if facts.camera == "live" else f"; its camera {settings.camera} gives no picture"
    eye = "" if EYE in facts.usb or not facts.usb else f"; {instead_of_device(facts.usb)[1]}"
    return "silent", f"no message for more than {_rounded(now_s - since_s, limit_s):g} s{picture}{eye}"


def jumped(before_ns: int, now_ns: int, apart_s: float) -> bool:
    """Whether the second of two timestamps, of messages that came so far apart, is not of the same clock's run."""
    return now_ns < before_ns or now_ns - before_ns > apart_s * 1e9 + JUMP_NS


def is_black(pixels: Pixels) -> bool:
    return bool(pixels[::_STEP, ::_STEP].max() <= _DARKEST)


def _rounded(silent_s: float, limit_s: float) -> float:
    """In whole limits, so that it does not change all the time."""
    return max(1, silent_s // limit_s) * limit_s if silent_s < 10 * limit_s else 10 * limit_s
