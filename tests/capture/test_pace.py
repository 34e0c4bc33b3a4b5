import pytest

from modules.capture.pace import Pace


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_the_first_beat_is_due_at_once() -> None:
    assert Pace(Clock()).left_s(1.0) == 0


def test_beats_that_come_a_little_late_do_not_add_up() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(10):
        clock.now_s += pace.left_s(1.0) + 0.3
        pace.beat(1.0)

    assert clock.now_s == pytest.approx(100.3 + 9 + 0.3)


def test_lost_time_is_not_made_up() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.beat(1.0)
    clock.now_s += 10

    pace.beat(1.0)

    assert pace.left_s(1.0) == 1.0


def test_another_interval_counts_from_the_last_beat() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.beat(1.0)
    clock.now_s += 0.1

    assert pace.left_s(0.5) == pytest.approx(0.4)
