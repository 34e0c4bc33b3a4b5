import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edge_common.durable import sync_folder, write_file
from tests.zoo_here import ROOT


def test_a_file_is_written_with_its_folders_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down" / "file"

    for data in (b"old", b"new"):
        write_file(path, data)
        assert path.read_bytes() == data

    assert list(path.parent.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.mkdir()  # a folder cannot be replaced by a file

    with pytest.raises(OSError, match="Is a directory"):
        write_file(path, b"new")

    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_sees_the_old_file_or_the_new_one_but_never_a_part(tmp_path: Path) -> None:
    path = tmp_path / "file"
    versions = [bytes([number]) * 200_000 for number in range(2)]
    write_file(path, versions[0])
    stop = threading.Event()

    def write() -> None:
        turn = 0
        while not stop.is_set():
            turn = 1 - turn
            write_file(path, versions[turn])

    writer = threading.Thread(target=write)
    writer.start()
    seen = {path.read_bytes() for _ in range(300)}
    stop.set()
    writer.join()

    assert seen <= set(versions)


def test_a_writer_killed_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    code = (
        "import sys; from pathlib import Path; from edge_common.durable import write_file\n"
        "turn = 0\n"
        "while True:\n"
        "    turn = 1 - turn\n"
        "    write_file(Path(sys.argv[1]), bytes([turn]) * 500_000)\n"
        "    print('written', flush=True)\n"
    )
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=ROOT, stdout=subprocess.PIPE) as writer:
            for _ in range(3):
                writer.stdout.readline()
            os.kill(writer.pid, signal.SIGKILL)

        data = path.read_bytes()
        assert (len(data), len(set(data))) == (500_000, 1)


def test_syncing_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "nowhere")
