"""What this machine is and how it does, as plain values: kernel, processor, memory, how long it has been running."""

import os
import platform
import time
from pathlib import Path
from typing import Any

from edge_common.version import VERSION

_STARTED_S = time.monotonic()


def about_machine() -> dict[str, Any]:
    """Values for JSON; None where this system does not tell."""
    system = platform.uname()
    return {
        "product": VERSION,
        "python": platform.python_version(),
        "system": f"{system.system} {system.release} {system.version}",
        "machine": system.machine,
        "processor": _field("/proc/cpuinfo", "model name") or system.processor or None,
        "processors": os.cpu_count(),
        "load": list(os.getloadavg()),
        "memory_total_kb": _kilobytes("/proc/meminfo", "MemTotal"),
        "memory_available_kb": _kilobytes("/proc/meminfo", "MemAvailable"),
        "page_memory_kb": _kilobytes("/proc/self/status", "VmRSS"),
        "machine_up_s": round(time.clock_gettime(time.CLOCK_BOOTTIME)) if hasattr(time, "CLOCK_BOOTTIME") else None,
        "page_up_s": round(time.monotonic() - _STARTED_S),
    }


def _kilobytes(path: str, name: str) -> int | None:
    value = _field(path, name)
    return int(value.split()[0]) if value else None


def _field(path: str, name: str) -> str | None:
    """The value behind `name:` in a file of /proc."""
    try:
        lines = Path(path).read_text(errors="replace").splitlines()
    except OSError:
        return None
    found = (line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == name)
    return next(found, None)
