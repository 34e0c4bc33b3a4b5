import pytest

from modules.trainer_agent.insights import event_file
from modules.trainer_agent.insights.event_file import read_on
from tests.trainer_agent.insights.told import event


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.jsonl"


def add(path, *numbers):
    with path.open("ab") as file:
        for number in numbers:
            file.write(event(number, "raised", number).model_dump_json().encode() + b"\n")


def read_all(path, mark="", place=0):
    """The numbers of all events from a place on, and the place behind them."""
    found = []
    while True:
        read = read_on(path, mark, place)
        found += [int(one.id.rpartition(".")[2]) for one in read.events]
        mark, place = read.mark, read.place
        if not read.more:
            return found, mark, place


def put_aside(path):
    path.replace(path.with_name("events.old.jsonl"))


def test_each_event_is_read_once_as_they_are_added(path):
    add(path, 1, 2)
    first, *place = read_all(path)
    add(path, 3)

    second, *place = read_all(path, *place)

    assert (first, second, read_all(path, *place)[0]) == ([1, 2], [3], [])


def test_where_there_is_no_file_there_is_nothing_and_no_fault(path):
    assert read_all(path) == ([], "", 0)


def test_a_line_that_is_being_written_waits_for_its_end(path):
    add(path, 1)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:40])
    first, *place = read_all(path)
    path.write_bytes(whole + whole)

    assert (first, read_all(path, *place)[0]) == ([1], [1])


def test_of_a_file_that_was_put_aside_the_rest_is_read_before_the_next(path):
    add(path, 1, 2)
    _, *place = read_all(path)
    add(path, 3)
    put_aside(path)
    add(path, 4)

    assert read_all(path, *place)[0] == [3, 4]


def test_a_file_that_was_put_aside_is_not_read_again_while_the_next_is_empty(path):
    add(path, 1)
    _, *place = read_all(path)
    put_aside(path)

    nothing, *place = read_all(path, *place)
    add(path, 2)

    assert (nothing, read_all(path, *place)[0]) == ([], [2])


def test_after_two_files_were_put_aside_all_that_there_is_is_read(path):
    add(path, 1)
    _, *place = read_all(path)
    for number in (2, 3):
        put_aside(path)
        add(path, number)

    assert read_all(path, *place)[0] == [2, 3]


def test_what_was_there_before_the_first_start_is_read_too(path):
    add(path, 1)
    put_aside(path)
    add(path, 2)

    assert read_all(path)[0] == [1, 2]


@pytest.mark.parametrize(
    "line",
    [b"no JSON", b"{}", b"x" * 700_000, event(9, "raised", 0, time="yesterday").model_dump_json().encode()],
    ids=["no JSON", "no event", "too long", "no time"],
)
def test_a_line_that_is_no_event_is_left_out_and_told(path, caplog, line):
    add(path, 1)
    path.write_bytes(path.read_bytes() + line + b"\n")
    add(path, 2)

    assert read_all(path)[0] == [1, 2]
    assert "a line of events of skills left out" in caplog.text


def test_many_events_are_read_in_pieces(path, monkeypatch):
    monkeypatch.setattr(event_file, "MOST_EVENTS", 3)
    add(path, *range(10))

    assert len(read_on(path, "", 0).events) == 3
    assert read_all(path)[0] == list(range(10))
