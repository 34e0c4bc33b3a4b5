from pathlib import Path

import pytest

from edge_common.errors import OutOfMemory
from modules.inference.memory import BYTES_A_BYTE, SPARE_BYTES, available_bytes, check_memory

MB = 1_000_000


def machine(root: Path, kilobytes: int) -> None:
    write(root / "proc/meminfo", f"MemTotal:       99999999 kB\nMemAvailable:   {kilobytes} kB\n")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_this_machine_tells_what_is_free() -> None:
    there = available_bytes()

    assert there is not None
    assert there > SPARE_BYTES


def test_without_a_limit_the_machine_counts(tmp_path: Path) -> None:
    machine(tmp_path, 1000)
    write(tmp_path / "sys/fs/cgroup/memory.max", "max\n")
    write(tmp_path / "sys/fs/cgroup/memory.current", "500\n")

    assert available_bytes(tmp_path) == 1000 * 1024


@pytest.mark.parametrize(
    ("folder", "limit", "used", "cache"),
    [
        ("sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
        ("sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ],
    ids=["second version", "first version"],
)
def test_the_limit_of_a_container_counts_without_its_cache_of_files(
    tmp_path: Path, folder: str, limit: str, used: str, cache: str
) -> None:
    machine(tmp_path, 4_000_000)
    write(tmp_path / folder / limit, f"{300 * MB}\n")
    write(tmp_path / folder / used, f"{250 * MB}\n")
    write(tmp_path / folder / "memory.stat", f"anon 1\n{cache} {20 * MB}\n")

    assert available_bytes(tmp_path) == 70 * MB


def test_a_model_that_fits_is_let_through_and_one_that_does_not_is_refused_with_both_figures(tmp_path: Path) -> None:
    machine(tmp_path, (BYTES_A_BYTE * 20 * MB + SPARE_BYTES) // 1024 + 1)

    check_memory(20 * MB, tmp_path)
    with pytest.raises(OutOfMemory, match=r"116 MB of free memory expected .* got 112 MB"):
        check_memory(21 * MB, tmp_path)


def test_where_nothing_tells_a_model_is_let_through(tmp_path: Path) -> None:
    check_memory(20 * MB, tmp_path)


def test_a_process_of_its_own_takes_memory_before_it_has_a_model(tmp_path: Path) -> None:
    machine(tmp_path, 100_000)
    check_memory(1_000_000, tmp_path)

    with pytest.raises(OutOfMemory, match="136 MB of free memory expected to load it beside what runs, got 102 MB"):
        check_memory(1_000_000, tmp_path, process_bytes=100_000_000)
