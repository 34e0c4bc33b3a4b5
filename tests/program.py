"""The whole program as a user starts it, seen from outside; its processes are found by the data folder they run on."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.waiting import PATIENCE_S, Seen, wait_for

ROOT = Path(__file__).parents[1]
MODULES = ("capture", "inference", "trainer_agent")


class Program:
    """standalone.py as a process, its log, and its modules."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.data = data
        self.log_file = data.with_name(f"{data.name}-{time.monotonic_ns()}.log")
        variables = {name: value for name, value in os.environ.items() if name not in ("CAMERA", "PORT")}
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "standalone.py")],
                cwd=data.parent,
                env=variables | {"DATA_DIR": str(data), "PORT": str(any_port())} | environment,
                stderr=log,
            )

    def log(self) -> str:
        return self.log_file.read_text()

    def wait_for(self, look: Callable[[], Seen], timeout_s: float = PATIENCE_S) -> Seen:
        return wait_for(look, timeout_s, lambda: f"the log:\n{self.log()}")

    def ready(self) -> "Program":
        self.wait_for(lambda: "ready: open http://localhost:" in self.log())
        return self

    def port(self) -> int:
        found = re.search(r"open http://localhost:(\d+)", self.log())
        assert found is not None
        return int(found[1])

    def children(self) -> dict[str, int]:
        """Process ids of the modules that run on this program's data folder."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().decode().split("\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            module = next((name for name in MODULES if f"modules.{name}" in words), None)
            if module is not None and str(self.data) in words:
                found[module] = int(folder.name)
        return found

    def processes(self) -> list[str]:
        """The command of every process that this program or one of its own has started and that still runs."""
        mark = f"DATA_DIR={self.data}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
        return found

    def sockets(self) -> Path:
        words = Path(f"/proc/{self.children()['capture']}/cmdline").read_bytes().decode().split("\0")
        return Path(words[words.index("--frames") + 1].removeprefix("ipc://")).parent

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(15)


def any_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
