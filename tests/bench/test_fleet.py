"""The benchmark of what a fleet costs: its arithmetic, and a whole device for a moment."""

import json

import pytest

from bench.fleet import BLOCKS_A_UNIT, DEVICES, Load, Mark, load_of, main, told, typical_alert
from edge_common.metering import BLOCK_BYTES
from tests.edge.edge_hub import TwinOperation
from tests.messages import problems


def test_messages_patches_and_reads_are_counted_in_blocks_each() -> None:
    operations = [
        TwinOperation("inference", "patch", 1),
        TwinOperation("inference", "patch", BLOCK_BYTES + 1),
        TwinOperation("capture", "read", BLOCK_BYTES),
    ]

    load = load_of([b"x" * 500, b"x" * 5000], operations)

    assert (load.messages, load.message_blocks, load.message_bytes) == (2, 3, 5500)
    assert (load.patches, load.patch_blocks, load.patch_bytes) == (2, 3, BLOCK_BYTES + 2)
    assert (load.reads, load.read_blocks, load.read_bytes) == (1, 1, BLOCK_BYTES)
    assert load.blocks == 7


def test_what_was_measured_becomes_a_day_of_a_fleet() -> None:
    read, patch = TwinOperation("capture", "read", 100), TwinOperation("capture", "patch", 100)
    start = Mark(0.0, (b"{}",), (read, patch), {"capture": 100}, 300)
    end = Mark(3600.0, (b"{}", *([b"x" * 500] * 60)), (read, patch, patch, read), {"capture": 5000}, 300)

    figures = told(start, end)

    day = figures["device_per_day"]
    assert figures["measured"] == figures["measured"] | {"messages": 60, "patches": 1, "reads": 0}
    assert (day["going on"]["messages"], day["going on"]["patches"]) == (60 * 24, 24)
    # Each 45 minutes, a twin of two blocks.
    assert (day["tokens renewed"]["reads"], day["tokens renewed"]["blocks"]) == (32, 64)
    assert (day["use reported"]["patches"], day["one start"]["blocks"]) == (24, 3)
    assert (day["alerts"]["messages"], day["alerts"]["patches"]) == (20, 20)
    assert figures["device_per_day_whole"]["blocks"] == 1440 + 24 + 64 + 24 + 3 + 40
    assert figures["fleet_per_day"]["blocks"] == DEVICES * 1595
    assert figures["s1_units"] == 4
    assert 3 * BLOCKS_A_UNIT < DEVICES * 1595 <= 4 * BLOCKS_A_UNIT


def test_a_load_grows_by_what_is_added() -> None:
    assert Load(messages=1, reads=2).plus(Load(messages=3)).times(2.0) == Load(messages=8, reads=4)


def test_the_alert_that_is_counted_is_one_that_could_be_sent() -> None:
    assert problems("alerts", json.loads(typical_alert())) == []


@pytest.mark.soak
def test_a_whole_device_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--minutes", "1.1", "--json"])

    figures = json.loads(capsys.readouterr().out)
    assert 1 <= figures["measured"]["messages"] <= 2
    assert figures["device_per_day"]["one start"]["reads"] == 3
