"""One training from its turn to its end: run in a process of its own, cancelled by staff or at the program's end."""

import threading
from collections.abc import Callable

from edge_common.errors import Conflict
from modules.trainer_agent.job import Job
from modules.trainer_agent.training_messages import Failed, Progress, Trained


class Attempt:
    """`run` and `decide` are called by one thread, in this order; `cancel` by any, at any time."""

    def __init__(self, model_id: str) -> None:
        self.model_id = model_id
        self._lock = threading.Lock()
        self._job: Job | None = None
        self._cancelled = False
        self._decided = False

    def run(self, take: Callable[[], Job], request: bytes, on_progress: Callable[[Progress], None]) -> Trained | Failed:
        """Run a job to its end, as `Job.run`; raises Conflict when it was cancelled before."""
        with self._lock:
            if self._cancelled:
                raise Conflict("This training was cancelled.")
            job = self._job = take()
        try:
            return job.run(request, on_progress)
        finally:
            with self._lock:
                self._job = None

    def cancel(self) -> bool:
        """End it at once, with every process of it; False when it was decided before, and stays as it is."""
        with self._lock:
            if self._decided:
                return False
            self._cancelled = True
            if self._job is not None:
                self._job.kill()
            return True

    def decide(self) -> bool:
        """What comes of it counts from here on, and it cannot be cancelled any more; False when it has been."""
        with self._lock:
            self._decided = not self._cancelled
            return self._decided
