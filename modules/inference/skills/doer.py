"""Does what is to be done about changes, kind by kind, each on a thread of its own: at least once, in order.

Where something cannot be done now, its destination waits, longer each time; what is for others goes on.
"""

import logging
import threading
import time
from collections.abc import Callable

from edge_common.errors import EdgeError
from modules.inference.background import Background
from modules.inference.skills.changes import Job
from modules.inference.skills.ledger import KeptTask, Ledger, LedgerError, TaskKind

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 300.0
_LOOK_EVERY_S = 1.0
_END_WITHIN_S = 2.0


class NotNow(EdgeError):
    """It may work later."""

    code = "not_now"


class Refused(EdgeError):
    """It will not work, however often it is tried."""

    code = "refused"


class Doer(Background):
    """One kind of task."""

    def __init__(
        self,
        kind: TaskKind,
        ledger: Ledger,
        do: Callable[[Job], None],
        *,
        first_pause_s: float = FIRST_PAUSE_S,
        longest_pause_s: float = LONGEST_PAUSE_S,
    ) -> None:
        """do: raises NotNow, Refused or OSError."""
        super().__init__(f"skills-{kind}")
        self._kind = kind
        self._ledger = ledger
        self._do = do
        self._first_pause_s = first_pause_s
        self._longest_pause_s = longest_pause_s
        self._paused: dict[str, tuple[float, float]] = {}
        """By destination: until when, and how long."""
        self._woken = threading.Event()

    def wake(self) -> None:
        """There is something new to be done."""
        self._woken.set()

    def close(self) -> None:
        """What takes longer to end is done again after the next start."""
        self._stop.set()
        self._woken.set()
        self._thread.join(_END_WITHIN_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._woken.clear()
            try:
                found = self._work(time.monotonic())
            except LedgerError as error:
                if self._stop.is_set():
                    return
                log.error("%s", error)
                found = False
            if not found:
                self._woken.wait(self._idle_s(time.monotonic()))

    def _idle_s(self, now_s: float) -> float:
        """Until the next destination has waited enough, unless there is something new before."""
        return max(0.0, min([_LOOK_EVERY_S, *(until_s - now_s for until_s, _ in self._paused.values())]))

    def _work(self, now_s: float) -> bool:
        """Try the next task; whether there was one."""
        waiting = [destination for destination, (until_s, _) in self._paused.items() if now_s < until_s]
        task = self._ledger.next_task(self._kind, waiting)
        if task is None:
            return False
        try:
            self._do(Job.model_validate_json(task.body))
        except (NotNow, OSError) as error:
            self._pause(task, error)
            return True
        except (Refused, ValueError) as error:
            # ValueError: of what cannot be read, and of names that no library takes.
            log.error("%s%s is given up: %s", self._kind, _to(task), error)
        self._paused.pop(task.destination, None)
        self._ledger.done(task)
        return True

    def _pause(self, task: KeptTask, error: Exception) -> None:
        _, before_s = self._paused.get(task.destination, (0.0, 0.0))
        pause_s = min(max(self._first_pause_s, 2 * before_s), self._longest_pause_s)
        self._paused[task.destination] = (time.monotonic() + pause_s, pause_s)
        # One line while it lasts.
        if not before_s:
            log.warning("%s%s waits and is tried again: %s", self._kind, _to(task), error)


def _to(task: KeptTask) -> str:
    return f" to {task.destination}" if task.destination else ""
