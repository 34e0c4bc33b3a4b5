from pathlib import Path

import pytest

from edge_common.lines import MOST_LINE_BYTES, NewLines


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lines"


def add(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def all_of(lines: NewLines) -> list[bytes]:
    return list(iter(lines.next, None))


def test_lines_are_read_as_they_are_added_and_a_part_of_one_waits_for_its_end(path: Path) -> None:
    lines = NewLines(path)
    add(path, b"one\ntw")
    first = all_of(lines)
    add(path, b"o\n\nthree\n")

    assert first == [b"one"]
    assert all_of(lines) == [b"two", b"three"]


def test_what_was_there_at_the_start_is_left_out(path: Path) -> None:
    add(path, b"old\n")
    lines = NewLines(path)

    assert all_of(lines) == []
    add(path, b"new\n")
    assert all_of(lines) == [b"new"]


@pytest.mark.parametrize("how", ["another file", "the same file, emptied"])
def test_a_file_that_starts_over_is_read_from_its_beginning(path: Path, how: str) -> None:
    lines = NewLines(path)
    add(path, b"a long first line\nand a half")
    all_of(lines)

    if how == "another file":
        path.rename(path.with_name("older"))
        path.write_bytes(b"of the new file\n")
    else:
        path.write_bytes(b"short\n")

    assert all_of(lines) == [b"of the new file" if how == "another file" else b"short"]


def test_a_line_that_is_too_long_is_left_out_whole(path: Path) -> None:
    lines = NewLines(path)
    add(path, b"x" * (3 * MOST_LINE_BYTES) + b"\nshort\n" + b"y" * MOST_LINE_BYTES + b"\n")

    assert all_of(lines) == [b"short", b"y" * MOST_LINE_BYTES]
