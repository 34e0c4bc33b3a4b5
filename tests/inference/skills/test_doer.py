import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from edge_common.skills.told import SkillEvent
from modules.inference.skills import doer
from modules.inference.skills.changes import Job
from modules.inference.skills.doer import Doer, NotNow, Refused
from modules.inference.skills.ledger import ClockMark, Entry, Ledger, Task
from tests.waiting import wait_for

NOW = ClockMark("boot", 0.0, 0.0, 0.0)


def job(number: int) -> str:
    event = SkillEvent(
        id=str(number),
        skill="few",
        name="Few left",
        camera="shelf",
        step="low",
        phase="raised",
        time="",
        since="",
        text="",
        numbers={},
        frame_id="",
    )
    return Job(event=event, actions=()).model_dump_json()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path / "ledger.sqlite")) as made:
        yield made


@contextmanager
def doing(ledger: Ledger, do: Callable[[Job], None]) -> Iterator[Doer]:
    made = Doer("post", ledger, do, first_pause_s=0.05, longest_pause_s=0.2)
    made.start()
    with closing(made):
        yield made


def put(ledger: Ledger, *destinations: str) -> None:
    ledger.write(Entry(tasks=[Task("post", one, job(number)) for number, one in enumerate(destinations)]), NOW)


def test_what_is_done_is_done_once_in_order(ledger: Ledger) -> None:
    done: list[str] = []
    with doing(ledger, lambda job: done.append(job.event.id)) as made:
        put(ledger, "a", "b", "a")
        made.wake()
        wait_for(lambda: not ledger.waiting())

    assert done == ["0", "1", "2"]


def test_a_destination_that_fails_waits_longer_each_time_and_keeps_no_other_waiting(ledger: Ledger) -> None:
    tries: list[tuple[str, float]] = []

    def do(job: Job) -> None:
        tries.append((job.event.id, time.monotonic()))
        if job.event.id == "0" and len([one for one in tries if one[0] == "0"]) < 4:
            raise NotNow("not yet")

    put(ledger, "a", "b", "a")
    with doing(ledger, do) as made:
        wait_for(lambda: not ledger.waiting())
        assert made.alive()

    assert [one for one, _ in tries] == ["0", "1", "0", "0", "0", "2"]
    failed_s = [at_s for one, at_s in tries if one == "0"]
    pauses = [after - before for before, after in pairwise(failed_s)]
    assert all(pause >= least for pause, least in zip(pauses, (0.05, 0.1, 0.2), strict=True))


def test_what_is_refused_or_cannot_be_read_is_given_up(ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    def do(job: Job) -> None:
        raise Refused("never") if job.event.id == "0" else UnicodeError("no such name")

    put(ledger, "a", "b")
    ledger.write(Entry(tasks=[Task("post", "a", "{}")]), NOW)
    with doing(ledger, do):
        wait_for(lambda: not ledger.waiting())

    assert "post to a is given up: never" in caplog.text
    assert "post to b is given up: no such name" in caplog.text
    assert "event" in caplog.text


def test_it_ends_though_what_it_does_hangs_and_does_that_again(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doer, "_END_WITHIN_S", 0.2)
    hanging, over = threading.Event(), threading.Event()

    def hang(job: Job) -> None:
        hanging.set()
        over.wait(10)

    put(ledger, "a")
    began_s = time.monotonic()
    with doing(ledger, hang):
        assert hanging.wait(2)
    assert time.monotonic() - began_s < 2

    assert ledger.waiting() == {"post": 1}
    over.set()
