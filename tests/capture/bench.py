"""Cameras that a test plugs in and pulls out, an RTSP server, and a patient look at what other threads do."""

import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import numpy as np

from edge_common.errors import CameraError
from modules.capture.cameras import Camera, Shot

SYSTEM_PYTHON = "/usr/bin/python3"


class CameraBench:
    """Opens cameras by any URL; each gives 640 x 480 frames until it is unplugged or hangs."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.unplugged: set[str] = set()
        self.hanging: set[str] = set()
        self.over = threading.Event()

    def open(self, url: str) -> Camera:
        self.opened.append(url)
        if url in self.unplugged:
            raise CameraError(f"{url}: not plugged in")
        return _BenchCamera(self, url)


class _BenchCamera:
    def __init__(self, bench: CameraBench, url: str) -> None:
        self._bench = bench
        self._url = url

    def read(self) -> Shot:
        while self._url in self._bench.hanging and not self._bench.over.is_set():
            self._bench.over.wait(0.01)
        if self._url in self._bench.unplugged:
            raise CameraError(f"{self._url}: pulled out")
        time.sleep(0.002)
        return Shot(time.time_ns(), np.zeros((480, 640, 3), np.uint8))

    def close(self) -> None:
        self._bench.closed.append(self._url)


class RtspServer:
    """The server as a process that a test starts, kills, freezes and thaws, always on the same port."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"rtsp://127.0.0.1:{self.port}/camera"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        script = Path(__file__).with_name("rtsp_server.py")
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, str(script), str(self.port)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
            self._process = None

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
