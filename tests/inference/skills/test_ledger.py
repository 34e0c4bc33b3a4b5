from collections.abc import Iterator
from pathlib import Path

import pytest

from modules.inference.skills import ledger as ledgers
from modules.inference.skills.ledger import ClockMark, Entry, KeptState, Ledger, LedgerError, Task

NOW = ClockMark("boot", 5.0, 1e9, 7.0)
STATE = KeptState("few", "shelf", "{}", "0a1b2c3d", b"state")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "ledger.sqlite")
    yield made
    made.close()


def test_what_is_written_is_there_for_the_next_start(ledger: Ledger, tmp_path: Path) -> None:
    ledger.write(Entry([STATE], (), [Task("alert", "", "1")]), NOW)
    ledger.close()
    again = Ledger(tmp_path / "ledger.sqlite")

    task = again.next_task("alert")
    assert (again.states(), again.clock()) == ([STATE], NOW)
    assert task is not None
    assert (task.kind, task.destination, task.body) == ("alert", "", "1")
    again.close()


def test_a_state_is_replaced_and_ends(ledger: Ledger) -> None:
    other = KeptState("few", "till", "{}", "4e5f6a7b", b"other")
    ledger.write(Entry([STATE, other]), NOW)
    after = KeptState("few", "shelf", "{}", "0a1b2c3d", b"after")
    ledger.write(Entry([after], {("few", "till")}), NOW)

    assert ledger.states() == [after]


def test_tasks_come_in_their_order_without_those_of_destinations_that_wait(ledger: Ledger) -> None:
    ledger.write(Entry(tasks=[Task("post", "a", "1"), Task("post", "b", "2"), Task("post", "a", "3")]), NOW)
    first = ledger.next_task("post")
    assert first is not None

    assert ledger.next_task("post", ["a"]) == ledgers.KeptTask("post", "b", "2", first.number + 1)
    ledger.done(first)
    assert ledger.waiting() == {"post": 2}
    assert ledger.next_task("post", ["a", "b"]) is None
    assert ledger.next_task("alert") is None


def test_of_too_many_tasks_the_oldest_of_the_kind_are_given_up_and_counted(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledgers, "MOST_TASKS", 3)
    ledger.write(Entry(tasks=[Task("alert", "", "kept")]), NOW)
    for number in range(5):
        ledger.write(Entry(tasks=[Task("post", "", str(number))]), NOW)

    oldest = ledger.next_task("post")
    assert oldest is not None
    assert oldest.body == "2"
    assert ledger.waiting() == {"alert": 1, "post": 3}
    assert ledger.dropped() == {"post": 2}


def test_it_is_all_or_nothing(ledger: Ledger) -> None:
    bad = KeptState("few", "shelf", "{}", "x", None)  # type: ignore[arg-type]

    with pytest.raises(LedgerError, match="cannot be kept"):
        ledger.write(Entry([bad], (), [Task("alert", "", "1")]), NOW)

    assert ledger.next_task("alert") is None
    assert ledger.clock() is None


def test_a_ledger_that_is_closed_is_told(ledger: Ledger) -> None:
    ledger.close()

    with pytest.raises(LedgerError):
        ledger.states()


def test_a_damaged_file_is_put_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"no database" * 1000)

    ledger = Ledger(path)

    assert ledger.states() == []
    assert "is damaged" in caplog.text
    assert (tmp_path / "ledger.sqlite.damaged").exists()
    ledger.close()
