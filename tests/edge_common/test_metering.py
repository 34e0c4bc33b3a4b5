"""Messages are counted as IoT Hub bills them, for the month, over restarts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge_common.metering import BLOCK_BYTES, PROPERTIES_BYTES, Meter, blocks_of


class Clock:
    """Of a device: what it says, and how long it runs."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 11, tzinfo=UTC)
        self.steady_s = 0.0

    def passes(self, **time: float) -> None:
        self.now += timedelta(**time)
        self.steady_s += timedelta(**time).total_seconds()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "metered.json"


def meter(file: Path, clock: Clock) -> Meter:
    return Meter(file, now=lambda: clock.now, steady_s=lambda: clock.steady_s)


@pytest.mark.parametrize(
    ("body_bytes", "blocks"),
    [
        (0, 1),
        (BLOCK_BYTES - PROPERTIES_BYTES, 1),
        (BLOCK_BYTES - PROPERTIES_BYTES + 1, 2),
        (3 * BLOCK_BYTES, 4),
    ],
)
def test_a_message_is_billed_in_whole_blocks_with_its_properties(body_bytes: int, blocks: int) -> None:
    assert blocks_of(body_bytes) == blocks


def test_each_output_is_counted_and_the_month_estimated_in_a_straight_line(file: Path, clock: Clock) -> None:
    counted = meter(file, clock)
    counted.count("events", 100)
    for _ in range(10):
        clock.passes(days=1)
        counted.count("detections", 5000)

    told = counted.news()

    assert told is not None
    assert (told["month"], told["messages"], told["blocks"]) == ("2026-11", 11, 21)
    assert told["outputs"] == {
        "alerts": {"messages": 0, "blocks": 0},
        "events": {"messages": 1, "blocks": 1},
        "detections": {"messages": 10, "blocks": 20},
    }
    # Ten of the month's twenty days from the first message on are over.
    assert told["estimated_blocks"] == 42


def test_nothing_is_estimated_from_a_few_minutes(file: Path, clock: Clock) -> None:
    counted = meter(file, clock)
    counted.count("events", 100)
    clock.passes(minutes=5)

    told = counted.news()

    assert told is not None
    assert told["estimated_blocks"] is None


def test_it_is_told_once_an_hour_and_only_when_something_was_sent(file: Path, clock: Clock) -> None:
    counted = meter(file, clock)
    told = []
    for minute in range(360):
        clock.passes(minutes=1)
        if minute < 180:
            counted.count("detections", 100)
        told.append(counted.news())

    assert [one["messages"] for one in told if one] == [1, 61, 121, 180]


def test_a_new_month_begins_anew_for_every_output(file: Path, clock: Clock) -> None:
    counted = meter(file, clock)
    counted.count("alerts", 100)
    clock.passes(days=30)
    counted.count("events", 100)

    told = counted.news()

    assert told is not None
    assert (told["month"], told["messages"]) == ("2026-12", 1)
    assert told["outputs"]["alerts"] == {"messages": 0, "blocks": 0}


def test_a_year_ends_as_every_month_does(file: Path, clock: Clock) -> None:
    clock.now = datetime(2026, 12, 31, tzinfo=UTC)
    counted = meter(file, clock)
    counted.count("events", 100)
    clock.passes(hours=12)

    told = counted.news()

    assert told is not None
    assert told["estimated_blocks"] == 2


def test_a_clock_that_starts_in_1970_and_finds_the_time_later_spoils_no_month(file: Path, clock: Clock) -> None:
    clock.now = datetime(1970, 1, 1, tzinfo=UTC)
    counted = meter(file, clock)
    counted.count("events", 100)
    clock.now = datetime(2026, 11, 11, tzinfo=UTC)
    counted.count("events", 100)
    clock.passes(hours=2)

    told = counted.news()

    assert told is not None
    assert (told["month"], told["messages"], told["estimated_blocks"]) == ("2026-11", 1, 240)


def test_counts_go_on_after_a_restart(file: Path, clock: Clock) -> None:
    first = meter(file, clock)
    first.count("events", 100)
    first.count("events", 100)
    first.close()

    again = meter(file, clock)
    again.count("events", 100)

    told = again.news()
    assert told is not None
    assert told["messages"] == 3


def test_a_file_that_is_damaged_is_told_and_counting_begins_anew(
    file: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    file.write_text("{")

    counted = meter(file, clock)
    counted.count("events", 100)

    assert "counting begins anew" in caplog.text
    told = counted.news()
    assert told is not None
    assert told["messages"] == 1


def test_a_disk_that_takes_nothing_stops_no_counting(
    file: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    file.mkdir()
    counted = meter(file, clock)

    for _ in range(3):
        counted.count("events", 100)

    told = counted.news()
    assert told is not None
    assert told["messages"] == 3
    assert "cannot be written" in caplog.text
