"""The log of a module, on standard error and in a file that cannot grow without end."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from edge_common.service import LOG_BYTES

ROOT = Path(__file__).parents[2]


def log_lines(data: Path, count: int) -> "subprocess.CompletedProcess[str]":
    """A module of its own process that writes so many lines of 1,000 characters."""
    code = (
        "import logging, sys; from pathlib import Path; from edge_common.service import start_logging\n"
        "start_logging('capture', Path(sys.argv[1]))\n"
        "for number in range(int(sys.argv[2])): logging.info('%05d %s', number, 'x' * 994)\n"
    )
    command = [sys.executable, "-c", code, str(data), str(count)]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)


def test_lines_go_to_standard_error_and_to_the_modules_own_file(tmp_path: Path) -> None:
    said = log_lines(tmp_path / "data", 1).stderr

    kept = (tmp_path / "data" / "logs" / "capture.log").read_text()
    assert " INFO    capture: 00000 xxx" in said
    assert " INFO    capture: 00000 xxx" in kept


def test_months_of_lines_take_two_megabytes_and_the_newest_are_kept(tmp_path: Path) -> None:
    log_lines(tmp_path, 3500)

    files = sorted((tmp_path / "logs").iterdir())
    assert [file.name for file in files] == ["capture.log", "capture.log.1"]
    assert all(file.stat().st_size <= LOG_BYTES for file in files)
    assert " 03499 " in files[0].read_text()


def test_a_disk_that_takes_no_log_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")

    said = log_lines(tmp_path, 2).stderr

    assert "00001 xxx" in said
    assert "Traceback" not in said


def heaps(bounded: bool, folder: Path) -> int:
    """How many heaps glibc has made for twelve threads that hold pictures at the same time."""
    told = folder / "heaps.xml"
    code = (
        "import ctypes, sys, threading; from edge_common.service import bound_heap\n"
        f"{bounded} and bound_heap()\n"
        "together = threading.Barrier(12)\n"
        "def hold():\n"
        "    kept = [bytearray(50_000) for _ in range(20)]\n"
        "    together.wait()\n"
        "threads = [threading.Thread(target=hold) for _ in range(12)]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
        "libc = ctypes.CDLL(None)\n"
        "libc.fopen.restype = ctypes.c_void_p\n"
        "file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b'w'))\n"
        "libc.malloc_info(0, file)\n"
        "libc.fclose(file)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(told)], cwd=ROOT, check=True)
    return told.read_text().count("<heap nr=")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="glibc's malloc only")
def test_all_threads_share_two_heaps(tmp_path: Path) -> None:
    assert heaps(bounded=False, folder=tmp_path) > 2
    assert heaps(bounded=True, folder=tmp_path) <= 2


def number_said(code: str) -> float:
    """What a Python program of its own prints."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    return float(done.stdout)


RESIDENT = (
    "import os\n"
    "def resident_mb():\n"
    "    with open('/proc/self/statm') as file:\n"
    "        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') / 1e6\n"
)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="glibc's malloc only")
def test_memory_that_lies_between_what_is_still_used_is_given_back() -> None:
    code = (
        f"{RESIDENT}from edge_common.service import give_back_memory\n"
        "held = [bytearray(100_000) for _ in range(1000)]\n"
        "del held[:-1]\n"
        "before_mb = resident_mb()\n"
        "give_back_memory()\n"
        "print(before_mb - resident_mb())\n"
    )

    assert number_said(code) > 80


def left_mb(apart: bool) -> float:
    """What a process still has after it let go of 200 MB, in large blocks with small ones between them."""
    return number_said(
        f"{RESIDENT}from edge_common.service import keep_large_blocks_apart\n"
        f"{apart} and keep_large_blocks_apart()\n"
        "freed = b'1' * 20_000_000\n"
        "del freed\n"
        "before_mb = resident_mb()\n"
        "large, small = [], []\n"
        "for number in range(40):\n"
        "    large.append(b'1' * 5_000_000)\n"
        "    small.append(b'1' * 100_000)\n"
        "del large\n"
        "print(resident_mb() - before_mb)\n"
    )


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="glibc's malloc only")
def test_large_blocks_go_back_to_the_system_whatever_lies_between_them() -> None:
    assert left_mb(apart=False) > 150
    assert left_mb(apart=True) < 10


def test_a_full_pass_of_the_collector_leaves_out_what_was_there_when_the_module_was_up() -> None:
    code = (
        "import gc, time; from edge_common.service import leave_out_of_collection\n"
        "held = [[number] for number in range(1_000_000)]\n"
        "def took_s():\n"
        "    began_s = time.perf_counter()\n"
        "    gc.collect()\n"
        "    return time.perf_counter() - began_s\n"
        "before_s = took_s()\n"
        "leave_out_of_collection()\n"
        "print(before_s / took_s())\n"
    )

    assert number_said(code) > 10
