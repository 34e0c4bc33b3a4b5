"""One training in a process of its own: started at low priority, listened to, ended. What it learns is its business."""

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence

from edge_common.errors import LearningError
from modules.trainer_agent.training_messages import Failed, Progress, Trained, decode_message

TRAINING_JOB = (sys.executable, "-m", "modules.trainer_agent.training_job")
_NICENESS = 10
_READ_BYTES = 65536
_GOODBYE_S = 10.0
_STAYS = "The model in use before stays in use."


class Job:
    """A running training. It ends itself when its standard input closes, so it never outlives this process."""

    def __init__(self, command: Sequence[str], *, silence_s: float) -> None:
        """Start the process; raises LearningError. `silence_s`: it is ended when it says nothing for that long."""
        self._silence_s = silence_s
        try:
            # A group of its own, so that the job and its helpers can be ended together.
            self._child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, process_group=0
            )
        except OSError as error:
            raise LearningError(f"Training could not be started: {error}. {_STAYS}") from error
        os.setpriority(os.PRIO_PROCESS, self._child.pid, _NICENESS)

    def run(self, request: bytes, on_progress: Callable[[Progress], None]) -> Trained | Failed:
        """Hand over the request and follow the training to its end; raises LearningError when it ends without one."""
        assert self._child.stdin is not None
        try:
            self._send(request)
            for line in self._lines():
                message = decode_message(line)
                if not isinstance(message, Progress):
                    return message
                on_progress(message)
            raise LearningError(f"Training stopped before its end: {self._how_it_ended()}. {_STAYS}")
        finally:
            self._child.stdin.close()
            self._reap()

    def kill(self) -> None:
        """End the process and its helpers at once; safe to call from another thread, and twice."""
        if self._child.poll() is None:
            # It may end by itself meanwhile; its helpers end when their input closes.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)

    def _send(self, request: bytes) -> None:
        assert self._child.stdin is not None
        rest = memoryview(request)
        try:
            while rest:
                rest = rest[self._child.stdin.write(rest) :]
        except BrokenPipeError as error:
            raise LearningError(f"Training stopped at once: {self._how_it_ended()}. {_STAYS}") from error

    def _lines(self) -> Iterator[bytes]:
        assert self._child.stdout is not None
        descriptor = self._child.stdout.fileno()
        held = b""
        while True:
            if not select.select([descriptor], [], [], self._silence_s)[0]:
                raise LearningError(f"Training said nothing for {self._silence_s:.0f} s and was ended. {_STAYS}")
            data = os.read(descriptor, _READ_BYTES)
            if not data:
                return
            *whole, held = (held + data).split(b"\n")
            yield from (line for line in whole if line.strip())

    def _how_it_ended(self) -> str:
        try:
            code = self._child.wait(_GOODBYE_S)
        except subprocess.TimeoutExpired:
            return "it closed its output without a result"
        if code == -signal.SIGKILL:
            return "it was killed, perhaps because the device is short of memory"
        if code < 0:
            return f"it was ended by {signal.Signals(-code).name}"
        return f"it ended with code {code}"

    def _reap(self) -> None:
        assert self._child.stdout is not None
        try:
            self._child.wait(_GOODBYE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            self._child.wait()
        self._child.stdout.close()
