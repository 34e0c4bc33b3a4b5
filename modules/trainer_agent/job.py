"""Long work in a process of its own: started at low priority, listened to line by line, ended."""

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Sequence

from edge_common.errors import LearningError
from modules.trainer_agent.training_messages import Failed, Progress, Trained, decode_message

TRAINING_JOB = (sys.executable, "-m", "modules.trainer_agent.training_job")
_NICENESS = 10
_READ_BYTES = 65536
_GOODBYE_S = 10.0
_STAYS = "The model in use before stays in use."


class Job:
    """A running process. It ends itself when its standard input closes, so it never outlives this one."""

    def __init__(
        self, command: Sequence[str], *, silence_s: float, what: str = "Training", consolation: str = _STAYS
    ) -> None:
        """Start the process; raises LearningError. `silence_s`: it is ended when it says nothing for that long.

        what: it is called in what is said when it fails, followed by the consolation.
        """
        self._silence_s, self._what, self._consolation = silence_s, what, consolation
        try:
            # A group of its own, so that the job and its helpers can be ended together.
            self._child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, process_group=0
            )
        except OSError as error:
            raise self._fault(f"could not be started: {error}") from error
        os.setpriority(os.PRIO_PROCESS, self._child.pid, _NICENESS)

    def run(self, request: bytes, on_progress: Callable[[Progress], None]) -> Trained | Failed:
        """Hand over the request and follow a training to its end; raises LearningError when it ends without one."""
        with contextlib.closing(self.lines(request)) as lines:
            for line in lines:
                message = decode_message(line)
                if not isinstance(message, Progress):
                    return message
                on_progress(message)
        raise AssertionError("lines end by an error or are left before")

    def lines(self, request: bytes) -> Generator[bytes]:
        """Hand over the request, then each line as it comes, to be closed after the last that counts.

        Raises LearningError when the process ends before that.
        """
        try:
            self.send(request)
            yield from self._lines()
            raise self._fault(f"stopped before its end: {self._how_it_ended()}")
        finally:
            self.close()

    def send(self, request: bytes) -> None:
        """Hand over something that is not answered, before the request; raises LearningError when it has ended."""
        assert self._child.stdin is not None
        rest = memoryview(request)
        try:
            while rest:
                rest = rest[self._child.stdin.write(rest) :]
        except BrokenPipeError as error:
            raise self._fault(f"stopped at once: {self._how_it_ended()}") from error

    def runs(self) -> bool:
        """Whether the process has not ended."""
        return self._child.poll() is None

    @property
    def process(self) -> int:
        """Its id."""
        return self._child.pid

    def close(self) -> None:
        """Have it end, and wait for that; `lines` does so by itself."""
        assert self._child.stdin is not None
        # What it did not read it never will.
        with contextlib.suppress(BrokenPipeError):
            self._child.stdin.close()
        self._reap()

    def kill(self) -> None:
        """End the process and its helpers at once; safe to call from another thread, and twice."""
        if self.runs():
            # It may end by itself meanwhile; its helpers end when their input closes.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)

    def _lines(self) -> Iterator[bytes]:
        assert self._child.stdout is not None
        descriptor = self._child.stdout.fileno()
        held = b""
        while True:
            if not select.select([descriptor], [], [], self._silence_s)[0]:
                raise self._fault(f"said nothing for {self._silence_s:.0f} s and was ended")
            data = os.read(descriptor, _READ_BYTES)
            if not data:
                return
            *whole, held = (held + data).split(b"\n")
            yield from (line for line in whole if line.strip())

    def _fault(self, what: str) -> LearningError:
        return LearningError(f"{self._what} {what}. {self._consolation}")

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
