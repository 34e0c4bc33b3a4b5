"""A training's process that loads everything before it is needed, and looks at images while staff still tag."""

import threading
from collections.abc import Sequence

from modules.trainer_agent.job import TRAINING_JOB, Job

SILENCE_S = 900.0
"""A training that says nothing for so long is taken for stuck."""


class Standby:
    """Gives processes for trainings, one of which may wait already. Called from any thread."""

    def __init__(self, command: Sequence[str] = TRAINING_JOB, *, silence_s: float = SILENCE_S) -> None:
        self._command = command
        self._silence_s = silence_s
        self._lock = threading.Lock()
        self._waiting: Job | None = None
        self._closed = False

    def expect(self) -> None:
        """Have one wait, as a training may be asked for soon; raises LearningError when it cannot be started."""
        with self._lock:
            if self._closed or (self._waiting is not None and self._waiting.runs()):
                return
            self._end()
            self._waiting = self._started()

    def look(self, request: bytes) -> None:
        """Have the one that waits look at images, as far as there is time; raises LearningError when it has ended."""
        with self._lock:
            if self._waiting is not None:
                self._waiting.send(request)

    def take(self) -> Job:
        """The one that waits, else a new one; raises LearningError."""
        with self._lock:
            if self._waiting is not None and not self._waiting.runs():
                self._end()
            job, self._waiting = self._waiting or self._started(), None
            return job

    def rest(self) -> None:
        """Nobody is about to train: end the one that waits."""
        with self._lock:
            self._end()

    def close(self) -> None:
        """As `rest`, and for good: who takes one then starts it."""
        with self._lock:
            self._closed = True
            self._end()

    @property
    def waiting(self) -> int | None:
        """The id of the process that waits."""
        job = self._waiting
        return None if job is None else job.process

    def _started(self) -> Job:
        return Job(self._command, silence_s=self._silence_s)

    def _end(self) -> None:
        if self._waiting is not None:
            self._waiting.kill()
            self._waiting.close()
            self._waiting = None
