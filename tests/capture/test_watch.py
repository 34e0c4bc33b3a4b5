import time
from collections.abc import Callable, Iterator

import pytest

from edge_common.frames import CameraState, Frame
from edge_common.latest import LatestByKey
from edge_common.settings import CameraSettings
from modules.capture.watch import Patience, Watch
from tests.capture.bench import CameraBench
from tests.waiting import wait_for

QUICK = Patience(first_s=0.02, longest_s=0.04)
StartWatch = Callable[[CameraSettings], Watch]


@pytest.fixture
def frames() -> LatestByKey[Frame]:
    return LatestByKey()


@pytest.fixture
def told() -> list[CameraState]:
    return []


@pytest.fixture
def start(bench: CameraBench, frames: LatestByKey[Frame], told: list[CameraState]) -> Iterator[StartWatch]:
    made: list[Watch] = []

    def started(settings: CameraSettings) -> Watch:
        made.append(Watch("till", settings, bench.open, frames.put, told.append, QUICK))
        return made[-1]

    yield started
    bench.over.set()
    for watch in made:
        watch.stop()
        watch.join(2)
        assert not watch.running


@pytest.mark.parametrize(
    ("pause_s", "live_s", "expected"),
    [
        pytest.param(0, 0, 1, id="first failure"),
        pytest.param(1, 0, 2, id="second"),
        pytest.param(16, 0, 30, id="no more than half a minute"),
        pytest.param(30, 9, 30, id="it only blinked"),
        pytest.param(30, 10, 1, id="it was well again"),
    ],
)
def test_pauses_grow_until_the_camera_was_well(pause_s: float, live_s: float, expected: float) -> None:
    assert Patience().after(pause_s, live_s) == expected


def test_frames_are_numbered_scaled_down_and_no_more_than_asked(start: StartWatch, frames: LatestByKey[Frame]) -> None:
    watch = start(CameraSettings(url="a", frames_per_s=20, longest_side_px=320))
    taken: list[Frame] = []
    begun_s = time.monotonic()
    while time.monotonic() - begun_s < 0.5:
        found = frames.take(0.2)
        assert found is not None
        taken.append(found[1])

    assert [frame.sequence for frame in taken] == list(range(len(taken)))
    assert 8 <= len(taken) <= 11
    assert taken[0].pixels.shape == (240, 320, 3)
    assert (watch.state.width, watch.state.height) == (320, 240)
    assert watch.state.frames_per_s == pytest.approx(20, abs=2)


def test_a_lost_camera_says_why_and_comes_back(
    start: StartWatch, bench: CameraBench, frames: LatestByKey[Frame], told: list[CameraState]
) -> None:
    watch = start(CameraSettings(url="a", frames_per_s=60))
    wait_for(lambda: watch.state.phase == "live")

    bench.unplugged.add("a")
    wait_for(lambda: watch.state.reason == "a: not plugged in")
    bench.unplugged.remove("a")

    wait_for(lambda: watch.state.phase == "live")
    assert [state.phase for state in told] == ["starting", "live", "lost", "live"]
    assert told[2].reason == "a: pulled out"


def test_frame_numbers_go_on_after_a_camera_was_lost(
    start: StartWatch, bench: CameraBench, frames: LatestByKey[Frame]
) -> None:
    watch = start(CameraSettings(url="a", frames_per_s=60))
    first = frames.after("till", 0, 2)
    assert first is not None
    bench.unplugged.add("a")
    wait_for(lambda: watch.state.phase == "lost")
    before = frames.after("till", 0, 0)
    assert before is not None
    bench.unplugged.remove("a")

    back = frames.after("till", before[0], 2)

    assert back is not None
    assert back[1].sequence == before[1].sequence + 1


def test_a_url_that_can_never_work_is_a_lost_camera_with_the_reason(told: list[CameraState]) -> None:
    from modules.capture.cameras import open_camera

    watch = Watch("till", CameraSettings(url="http://x"), open_camera, lambda *_: None, told.append, QUICK)

    wait_for(lambda: watch.state.phase == "lost")
    assert "got 'http'" in watch.state.reason
    watch.stop()
    watch.join(2)


def test_another_pace_or_size_does_not_open_the_camera_anew(
    start: StartWatch, bench: CameraBench, frames: LatestByKey[Frame]
) -> None:
    watch = start(CameraSettings(url="a", frames_per_s=0.1))
    wait_for(lambda: watch.state.width == 640)

    watch.change(CameraSettings(url="a", frames_per_s=60, longest_side_px=320))

    wait_for(lambda: watch.state.width == 320)
    assert bench.opened == ["a"]


def test_another_url_closes_one_camera_and_opens_the_other(start: StartWatch, bench: CameraBench) -> None:
    watch = start(CameraSettings(url="a"))
    wait_for(lambda: watch.state.phase == "live")

    watch.change(CameraSettings(url="b"))

    wait_for(lambda: bench.opened == ["a", "b"])
    assert bench.closed == ["a"]


def test_another_url_is_tried_at_once_while_the_first_one_waits(
    bench: CameraBench, frames: LatestByKey[Frame], told: list[CameraState]
) -> None:
    bench.unplugged.add("a")
    watch = Watch("till", CameraSettings(url="a"), bench.open, frames.put, told.append, Patience(first_s=60))
    wait_for(lambda: watch.state.phase == "lost")

    watch.change(CameraSettings(url="b"))

    wait_for(lambda: watch.state.phase == "live")
    watch.stop()
    watch.join(2)


def test_a_camera_that_is_switched_off_is_closed_and_can_be_switched_on_again(
    start: StartWatch, bench: CameraBench
) -> None:
    watch = start(CameraSettings(url="a"))
    wait_for(lambda: watch.state.phase == "live")

    watch.change(CameraSettings(url="a", enabled=False))
    wait_for(lambda: watch.state.phase == "off")
    assert bench.closed == ["a"]
    watch.change(CameraSettings(url="a"))

    wait_for(lambda: watch.state.phase == "live")


def test_a_camera_that_is_off_is_never_opened(start: StartWatch, bench: CameraBench) -> None:
    watch = start(CameraSettings(url="a", enabled=False))

    wait_for(lambda: watch.state.reason == "switched off by its settings")
    assert bench.opened == []
