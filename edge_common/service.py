"""Life of a module's process: readable logs, a clean end on a signal or when the starter is gone, exit codes."""

import ctypes
import gc
import logging
import os
import queue
import signal
import sys
import threading
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import FrameType
from typing import NoReturn

log = logging.getLogger(__name__)

EXIT_CLEAN = 0
EXIT_FAULT = 1
EXIT_ABANDONED = 3
_PR_SET_PDEATHSIG = 1
_M_ARENA_MAX = -8
_ARENAS = 2
_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 3_000_000
"""More than a frame of 1280 x 720, as those come and go too often to be had from the system each time."""
LOG_FOLDER = "logs"
"""Below the data folder."""
LOG_BYTES = 1_000_000
"""Of one file; each module has at most two."""


class _LogFile(RotatingFileHandler):
    """A file that starts anew when it is full, with the one before kept beside it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8", delay=True)

    def _open(self) -> TextIOWrapper:
        # At each opening, so that a folder that somebody deleted is made again.
        folder = Path(self.baseFilename).parent
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        return super()._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the library's name)
        """Go on when the disk takes no more: the line is on standard error, too."""


def start_logging(module: str, data: Path) -> None:
    """Lines on standard error and in `data`/logs/`module`.log: time, level, module, message."""
    file = _LogFile(data / LOG_FOLDER / f"{module}.log")
    file.setFormatter(logging.Formatter(f"%(asctime)s %(levelname)-7s {module}: %(message)s"))
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(logging.Formatter(f"%(asctime)s %(levelname)-7s {module}: %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=logging.INFO, handlers=[lines, file])


def bound_heap() -> None:
    """Have all threads of this process share two heaps; call before there are any.

    glibc gives each thread one of its own, up to eight a processor, and in each stays what pictures left behind: over
    months of pages that come and go, memory would only grow.
    """
    _tune_heap(_M_ARENA_MAX, _ARENAS)


def keep_large_blocks_apart() -> None:
    """Have what is larger than 3 MB come from the system and go back to it whole; call first.

    glibc does so from 128 KB on, but raises that up to 32 MB as such blocks are let go. From then on weights of models
    lie among frames, and each swap leaves gaps that fit nothing.
    """
    _tune_heap(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def _tune_heap(which: int, value: int) -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(which, value)


def leave_out_of_collection() -> None:
    """Have the garbage collector's full passes leave out all that is there by now; call once a module is up.

    Each pass would go through every class and function that was loaded, with all threads waiting: in inference 60 ms on
    a server's processor, which is two frames of a camera.
    """
    gc.collect()
    gc.freeze()


def give_back_memory() -> None:
    """Have the system take back what this process's heaps hold and nobody uses, after much was let go at once.

    It takes some 20 ms, in which other threads may wait for memory.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set; call from the main thread."""
    stop = threading.Event()

    def asked(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, asked)
    signal.signal(signal.SIGINT, asked)
    return stop


def end_with_parent() -> None:
    """Have the kernel send SIGTERM to this process when the one that started it dies, so that none is left behind."""
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


def leave(code: int) -> NoReturn:
    """End this process, without taking its hundreds of megabytes apart first while others wait for its end."""
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)


def lines_of_input() -> "queue.SimpleQueue[bytes]":
    """Each line of standard input as it comes; this process ends at once when it is closed, as `end_with_input`."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def read() -> None:
        held = b""
        while data := os.read(0, 65536):
            *whole, held = (held + data).split(b"\n")
            for line in whole:
                lines.put(line)
        os._exit(EXIT_ABANDONED)

    threading.Thread(target=read, name="input", daemon=True).start()
    return lines


def end_with_input() -> None:
    """Have this process end at once when its standard input is closed: its starter is gone or wants no result."""

    def wait() -> None:
        # The descriptor, not the stream: a thread that sleeps in the stream's lock would spoil a normal exit.
        while os.read(0, 4096):
            pass
        os._exit(EXIT_ABANDONED)

    threading.Thread(target=wait, name="input", daemon=True).start()
