from dataclasses import replace

import numpy as np
import pytest

from edge_common.settings import AzureEyeSettings
from modules.inference.azureeye_state import EyeFacts, is_black, jumped, phase_of
from modules.inference.vpu_usb import BOOTED, EYE, MYRIAD_X

SETTINGS = AzureEyeSettings(enabled=True, camera="eye", model="shelf", interval_s=1, silent_after=10)
LIVE = EyeFacts(0.0, camera="live", usb=(EYE, BOOTED))
NOW_S = 100.0


@pytest.mark.parametrize(
    ("facts", "phase", "why"),
    [
        pytest.param(replace(LIVE, message_s=99), "watching", "", id="a message came"),
        pytest.param(replace(LIVE, message_s=91), "watching", "", id="messages come less often for a moment"),
        pytest.param(replace(LIVE, message_s=89), "silent", "no message for more than 10 s", id="no message any more"),
        pytest.param(LIVE, "silent", "no message", id="never a message"),
        pytest.param(replace(LIVE, since_s=95), "starting", "", id="listened to for a moment"),
        pytest.param(
            replace(LIVE, camera=None), "silent", "its camera eye gives no picture", id="nobody knows its camera"
        ),
        pytest.param(replace(LIVE, usb=("1d6b:0002",)), "silent", "USB shows no Myriad X", id="it is unplugged"),
        pytest.param(replace(LIVE, message_s=99, refused="no JSON"), "refused", "no JSON", id="of no use"),
        pytest.param(replace(LIVE, message_s=99, jumped=True), "restarting", "timestamps", id="another clock"),
        pytest.param(
            replace(LIVE, camera="lost", camera_reason="nothing answers", lost_s=98, message_s=97),
            "restarting",
            "its stream is gone: nothing answers",
            id="its stream is gone",
        ),
        pytest.param(
            replace(LIVE, camera="lost", lost_s=97, message_s=99), "watching", "", id="only its stream is gone"
        ),
        pytest.param(replace(LIVE, lost_s=50, message_s=20), "restarting", "is back", id="its stream is back"),
        pytest.param(
            replace(LIVE, since_s=-900, lost_s=-200, message_s=-300), "silent", "no message", id="back for long"
        ),
        pytest.param(replace(LIVE, black=True), "unpatched", "its stream is black", id="no picture but a stream"),
        pytest.param(replace(LIVE, black=True, message_s=99), "watching", "", id="a dark shop"),
        pytest.param(replace(LIVE, usb=(EYE,)), "unpatched", "045e:066f that never becomes", id="old firmware"),
        pytest.param(replace(LIVE, usb=(EYE, MYRIAD_X)), "silent", "no message", id="firmware in order, nothing said"),
    ],
)
def test_what_it_says_and_shows_tells_how_it_stands(facts: EyeFacts, phase: str, why: str) -> None:
    told = phase_of(facts, SETTINGS, NOW_S)

    assert told[0] == phase
    assert told[1] == why if why == "" else why in told[1]


def test_silence_is_not_told_anew_with_every_look() -> None:
    told = {phase_of(replace(LIVE, message_s=0), SETTINGS, now_s)[1] for now_s in np.arange(20.5, 29.5, 0.25)}
    late = {phase_of(replace(LIVE, message_s=0), SETTINGS, now_s)[1] for now_s in range(200, 10_000, 7)}

    assert len(told) == len(late) == 1


@pytest.mark.parametrize(
    ("before_ns", "now_ns", "apart_s", "told"),
    [
        pytest.param(10**18, 10**18 + 10**9, 1, False, id="a second later"),
        pytest.param(10**18, 10**18 - 1, 1, True, id="back"),
        pytest.param(5 * 10**9, 10**18, 1, True, id="from another clock"),
        pytest.param(10**18, 10**18 + 60 * 10**9, 0.01, False, id="waited for in the hub"),
        pytest.param(10**18, 10**18 + 86_400 * 10**9, 86_400, False, id="a day later"),
    ],
)
def test_a_timestamp_that_does_not_go_on_is_noticed(before_ns: int, now_ns: int, apart_s: float, told: bool) -> None:
    assert jumped(before_ns, now_ns, apart_s) is told


def test_a_picture_of_the_night_is_not_black() -> None:
    night = np.random.default_rng(1).integers(0, 8, (616, 816, 3), dtype=np.uint8)

    assert not is_black(night)
    assert is_black(np.zeros((616, 816, 3), np.uint8))
