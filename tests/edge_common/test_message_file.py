"""Messages without a hub are lines that are numbered without end, whatever happens to the file."""

from pathlib import Path

from edge_common.hub import LocalHub
from tests.messages import numbered, sent


def sequences(folder: Path) -> list[int]:
    return [body["sequence"] for body in sent(folder)]


def test_numbers_go_on_after_a_restart_also_past_a_line_that_a_power_cut_has_cut(tmp_path: Path) -> None:
    folder = tmp_path / "capture"
    first = LocalHub(folder)
    first.send(numbered(1))
    first.send(numbered(2))
    whole = (folder / "messages.jsonl").read_bytes()

    (folder / "messages.jsonl").write_bytes(whole + b'{"output": "events", "bo')
    LocalHub(folder).send(numbered(3))

    # What was cut stays in a line of its own, so that nothing but it is lost.
    lines = (folder / "messages.jsonl").read_bytes().splitlines(keepends=True)
    assert lines.pop(2) == b'{"output": "events", "bo\n'
    (folder / "messages.jsonl").write_bytes(b"".join(lines))
    assert sequences(folder) == [1, 2, 3]


def test_numbers_go_on_when_the_file_was_turned_over(tmp_path: Path) -> None:
    folder = tmp_path / "capture"
    LocalHub(folder).send(numbered(1))
    (folder / "messages.jsonl").replace(folder / "messages.old.jsonl")

    LocalHub(folder).send(numbered(2))

    assert sequences(folder) == [2]
    (body,) = sent(folder)
    assert body["module"] == "capture"
