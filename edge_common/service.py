"""Life of a module's process: readable logs, a clean end on a signal or when the starter is gone, exit codes."""

import ctypes
import logging
import os
import signal
import sys
import threading
from types import FrameType
from typing import NoReturn

log = logging.getLogger(__name__)

EXIT_CLEAN = 0
EXIT_FAULT = 1
EXIT_ABANDONED = 3
_PR_SET_PDEATHSIG = 1


def start_logging(module: str) -> None:
    """Lines on standard error: time, level, module, message."""
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format=f"%(asctime)s %(levelname)-7s {module}: %(message)s",
        datefmt="%H:%M:%S",
    )


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
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def end_with_input() -> None:
    """Have this process end at once when its standard input is closed: its starter is gone or wants no result."""

    def wait() -> None:
        # The descriptor, not the stream: a thread that sleeps in the stream's lock would spoil a normal exit.
        while os.read(0, 4096):
            pass
        os._exit(EXIT_ABANDONED)

    threading.Thread(target=wait, name="input", daemon=True).start()
