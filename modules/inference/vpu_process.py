"""The process that runs `vpu_worker.py` from outside: started, asked with a time limit, ended when it fails.

Whatever goes wrong ends it, with every model that it holds: what an SDK left behind in it is not to be trusted.
"""

import json
import logging
import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NoReturn

from edge_common.errors import DeviceLost, LossKind, RuntimeUnavailable
from modules.inference.vpu_worker import FRAMING, MAGIC, MOST_BODY, MOST_HEAD, VERSION

log = logging.getLogger(__name__)

WORKER = Path(__file__).with_name("vpu_worker.py")
START_WITHIN_S = 30.0
_DIE_WITHIN_S = 0.5
_SOCKET_BYTES = 1 << 20

Sdk = Literal["openvino", "percept"]


class Worker:
    """One process and the line to it. One thread at a time asks; any may end it."""

    def __init__(self, python: str, program: Path, sdk: Sdk) -> None:
        self.sdk = sdk
        self.models: set[int] = set()
        self.faults = 0
        """Answers of no use that came from it."""
        self.over = ""
        """Why it was ended; empty while it is of use."""
        self.kind: LossKind = "crashed"
        """What happened to it, where it was ended for that."""
        ours, theirs = socket.socketpair()
        with theirs:
            for end in (ours, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BYTES)
            try:
                self._process = subprocess.Popen(
                    [python, str(program), str(theirs.fileno())],
                    # Nothing is written to it: it closes with us, and the process ends.
                    stdin=subprocess.PIPE,
                    stdout=2,
                    pass_fds=[theirs.fileno()],
                    # Ended as a group, since converting a model starts programs of its own.
                    process_group=0,
                )
            except OSError as error:
                ours.close()
                raise RuntimeUnavailable(f"the VPU's Python cannot be started: {error}") from error
        self._line = ours
        self.pid = self._process.pid

    def greet(self) -> None:
        """Wait until it is ready."""
        head, _ = self._heard(time.monotonic() + START_WITHIN_S, "starting", START_WITHIN_S)
        if head.get("hello") != VERSION:
            self.fail("bad_answer", f"a worker of version {VERSION} expected, it said {head}")

    def ask(
        self, what: str, head: dict[str, Any], within_s: float, body: memoryview | None = None
    ) -> tuple[Any, bytearray]:
        """Its answer: head and body; raises DeviceLost, having ended it, if there is none in time."""
        deadline_s = time.monotonic() + within_s
        text = json.dumps(head).encode()
        size = 0 if body is None else body.nbytes
        try:
            self._send(memoryview(FRAMING.pack(MAGIC, len(text), size) + text), deadline_s)
            if body is not None:
                self._send(body, deadline_s)
        except TimeoutError:
            self.fail("hung", f"the VPU's process took nothing for {within_s:.1f} s while {what}")
        except OSError:
            self.fail("crashed", f"the VPU's process ended while {what}: {self._how()}")
        return self._heard(deadline_s, what, within_s)

    def fail(self, kind: LossKind, message: str) -> NoReturn:
        self.kind = kind
        self.end(message)
        raise DeviceLost(kind, message)

    def end(self, why: str) -> None:
        """By force: it may hang, and has nothing to put in order."""
        if self.over:
            return
        self.over = why
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        try:
            self._process.wait(_DIE_WITHIN_S)
        except subprocess.TimeoutExpired:
            # Waiting for a device within the kernel: it goes when that gives up.
            log.error("the VPU's process %d does not end even by force", self.pid)
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._line.close()

    def _send(self, rest: memoryview, deadline_s: float) -> None:
        while rest:
            self._line.settimeout(left(deadline_s))
            rest = rest[self._line.send(rest) :]

    def _heard(self, deadline_s: float, what: str, within_s: float) -> tuple[Any, bytearray]:
        try:
            magic, length, size = FRAMING.unpack(self._read(FRAMING.size, deadline_s))
            if magic != MAGIC or length > MOST_HEAD or size > MOST_BODY:
                self.fail("bad_answer", f"the VPU's process gave what is no answer while {what}")
            head = json.loads(self._read(length, deadline_s))
            if not isinstance(head, dict):
                raise ValueError("an object expected")
            return head, self._read(size, deadline_s)
        except TimeoutError:
            self.fail("hung", f"the VPU gave no answer within {within_s:.1f} s while {what}")
        except OSError:
            self.fail("crashed", f"the VPU's process ended while {what}: {self._how()}")
        except ValueError:
            self.fail("bad_answer", f"the VPU's process gave what is no answer while {what}")

    def _read(self, size: int, deadline_s: float) -> bytearray:
        """So many bytes, owned by whoever gets them; raises TimeoutError, and ConnectionResetError at an end before."""
        data = bytearray(size)
        view = memoryview(data)
        while view:
            self._line.settimeout(left(deadline_s))
            count = self._line.recv_into(view)
            if count == 0:
                raise ConnectionResetError
            view = view[count:]
        return data

    def _how(self) -> str:
        try:
            code = self._process.wait(_DIE_WITHIN_S)
        except subprocess.TimeoutExpired:
            return "it closed the line"
        return f"by {signal.Signals(-code).name}" if code < 0 else f"with code {code}"


def left(deadline_s: float) -> float:
    """Seconds until then; a moment at least, as a socket takes none for not waiting at all."""
    return max(0.001, deadline_s - time.monotonic())
