"""Whether there is memory for one more model: asked before a version is loaded beside the one that runs."""

from pathlib import Path

from edge_common.errors import OutOfMemory

BYTES_A_BYTE = 4
"""Memory of a loaded model for each byte of its file: 0.9 with ONNX Runtime, 2.9 with OpenVINO at its peak."""
SPARE_BYTES = 32_000_000
"""For the frames that wait meanwhile, and for the other modules to breathe."""


def check_memory(file_bytes: int, root: Path = Path("/"), *, process_bytes: int = 0) -> None:
    """Raise OutOfMemory unless a model file of this size can be loaded now; root: where /proc and /sys are.

    process_bytes: what the process takes without it, where it is to be one of its own.
    """
    needed = BYTES_A_BYTE * file_bytes + SPARE_BYTES + process_bytes
    there = available_bytes(root)
    if there is not None and there < needed:
        raise OutOfMemory(
            f"{needed / 1e6:.0f} MB of free memory expected to load it beside what runs, got {there / 1e6:.0f} MB"
        )


def available_bytes(root: Path = Path("/")) -> int | None:
    """What this process may still take: of the machine's memory and of its container's; None if nothing tells."""
    found = [
        _machine(root / "proc/meminfo"),
        _container(root / "sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
        _container(
            root / "sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
        ),
    ]
    return min((value for value in found if value is not None), default=None)


def _machine(meminfo: Path) -> int | None:
    value = _field(meminfo, "MemAvailable:")
    return None if value is None else value * 1024


def _container(folder: Path, limit: str, used: str, cache: str) -> int | None:
    """Of a control group; files' pages that were not used lately can be taken from it at any time."""
    try:
        most, now = (int((folder / name).read_text()) for name in (limit, used))
    except (OSError, ValueError):  # no such group, or its limit is "max"
        return None
    return max(0, most - now + (_field(folder / "memory.stat", cache) or 0))


def _field(path: Path, name: str) -> int | None:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.split()[:1] == [name]), None)
