import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_common.outbox import MOST_BODY_BYTES, Outbox, OutboxError

WRITER = """
import sys
from pathlib import Path
from edge_common.outbox import Outbox
box = Outbox(Path(sys.argv[1]))
number = int(sys.argv[2])
while True:
    if number % 3 == 2 and (message := box.first()) is not None:
        box.done(message)
        print("done", message.body.decode(), flush=True)
    box.add("events", lambda *_: str(number).encode())
    print("kept", number, flush=True)
    number += 1
"""
"""Keeps messages and sends some, and tells each step once it is over."""


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.sqlite"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def box(path: Path, clock: Clock) -> Iterator[Outbox]:
    opened = Outbox(path, most_bytes=1000, now_s=clock)
    yield opened
    opened.close()


def put(box: Outbox, output: str, body: bytes) -> str:
    return box.add(output, lambda message_id, number: body)


def emptied(box: Outbox) -> list[tuple[str, bytes]]:
    sent = []
    while (message := box.first()) is not None:
        sent.append((message.output, message.body))
        box.done(message)
    return sent


def test_messages_leave_in_their_order_the_important_ones_first(box: Outbox) -> None:
    for output, body in [("detections", b"1"), ("events", b"2"), ("alerts", b"3"), ("events", b"4"), ("alerts", b"5")]:
        put(box, output, body)

    assert [body for _, body in emptied(box)] == [b"3", b"5", b"2", b"4", b"1"]


def test_a_message_stays_until_the_hub_has_taken_it_and_keeps_its_id(box: Outbox, path: Path) -> None:
    message_id = put(box, "events", b"1")
    first = box.first()
    box.close()

    again = Outbox(path)

    assert first.message_id == again.first().message_id == message_id
    again.done(again.first())
    assert (again.first(), again.waiting()) == (None, 0)
    again.close()


def test_when_there_is_too_much_the_least_important_and_oldest_go_first(box: Outbox) -> None:
    for output in ("alerts", "events", "detections"):
        for number in range(3):
            put(box, output, f"{output} {number} ".ljust(100).encode())
    put(box, "alerts", b"x" * 300)

    assert box.dropped() == {"detections": 2}
    put(box, "alerts", b"y" * 300)
    assert box.dropped() == {"detections": 3, "events": 2}
    put(box, "alerts", b"z" * 300)

    assert box.dropped() == {"detections": 3, "events": 3, "alerts": 2}
    assert [body[:8] for _, body in emptied(box)] == [b"alerts 2", b"x" * 8, b"y" * 8, b"z" * 8]


def test_what_is_too_old_is_not_sent_any_more(box: Outbox, clock: Clock) -> None:
    for output in ("alerts", "events", "detections"):
        put(box, output, b"1")
    clock.now_s += 1801

    assert box.first().output == "alerts"
    assert box.dropped() == {"detections": 1}
    clock.now_s += 7 * 86_400
    assert box.first() is None
    assert box.dropped() == {"alerts": 1, "detections": 1, "events": 1}


def test_a_clock_that_jumps_and_time_without_power_make_nothing_old(box: Outbox, path: Path, clock: Clock) -> None:
    put(box, "detections", b"1")
    box.close()
    clock.now_s += 1e9

    again = Outbox(path, now_s=clock)

    assert emptied(again) == [("detections", b"1")]
    again.close()


def test_what_was_given_up_is_counted_over_restarts(box: Outbox, path: Path) -> None:
    for _ in range(12):
        put(box, "detections", b"x" * 100)
    box.close()

    again = Outbox(path)

    assert again.dropped() == {"detections": 2}
    again.close()


def test_a_message_that_no_hub_takes_is_refused(box: Outbox) -> None:
    with pytest.raises(OutboxError, match="at most 250000 bytes expected, got 250001"):
        put(box, "events", b"x" * (MOST_BODY_BYTES + 1))

    assert box.waiting() == 0


@pytest.mark.parametrize("damage", ["no database", "cut short", "bytes changed"])
def test_a_damaged_file_is_put_aside_and_messages_go_on(
    path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    box = Outbox(path)
    for number in range(200):
        put(box, "events", f"{number:5} ".encode() * 20)
    box.close()
    data = path.read_bytes()
    match damage:
        case "no database":
            path.write_text("no database at all " * 100)
        case "cut short":
            path.write_bytes(data[: len(data) // 2])
        case _:
            path.write_bytes(data[:4096] + bytes(len(data) - 4096))

    again = Outbox(path)

    assert "is damaged" in caplog.text
    assert path.with_name("outbox.sqlite.damaged").exists()
    put(again, "events", b"1")
    assert emptied(again) == [("events", b"1")]
    again.close()


def test_a_full_disk_refuses_the_message_and_the_next_one_is_kept(box: Outbox) -> None:
    box._database.execute("PRAGMA max_page_count = 8")
    with pytest.raises(OutboxError, match="full"):
        put(box, "events", b"x" * 100_000)
    box._database.execute("PRAGMA max_page_count = 100000")

    put(box, "events", b"1")

    assert emptied(box) == [("events", b"1")]


def killed_writes(path: Path, times: int) -> None:
    """Kill a writer so often at random moments; what it had kept and not sent is there each time, in order."""
    kept: list[int] = []
    number = 0
    chance = random.Random(15)
    for _ in range(times):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(number)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(chance.random() * 0.15)
        os.kill(writer.pid, signal.SIGKILL)
        lines = [first, *writer.stdout.read().splitlines()]
        writer.stdout.close()
        writer.wait()
        told = [line.split() for line in lines if len(line.split()) == 2]
        kept += [int(body) for what, body in told if what == "kept"]
        done = {int(body) for what, body in told if what == "done"}
        box = Outbox(path)
        waiting = [int(body) for _, body in _all(box)]
        box.close()

        missing = set(kept) - done - set(waiting)
        # One message at most was sent, or kept, without the writer coming to tell.
        assert len(missing) <= 1
        assert waiting == sorted(waiting)
        assert len(set(waiting) - set(kept)) <= 1
        kept = waiting
        number = max([number, *kept]) + 1


def _all(box: Outbox) -> list[tuple[str, bytes]]:
    return list(box._database.execute("SELECT output, body FROM messages ORDER BY number"))


def test_whatever_was_kept_survives_being_killed(path: Path) -> None:
    killed_writes(path, 10)


@pytest.mark.soak
def test_whatever_was_kept_survives_being_killed_two_hundred_times(path: Path) -> None:
    killed_writes(path, 200)


def test_a_body_is_any_bytes(box: Outbox) -> None:
    body = json.dumps({"ü": "\0"}, ensure_ascii=False).encode()

    put(box, "events", body)

    assert emptied(box) == [("events", body)]
