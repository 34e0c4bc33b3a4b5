"""Several fits on the same examples, shared out over processes: one for each cross-validation fold.

A fit is many small array operations, which threads of one Python process cannot share out; a second process can.
It is a plain program (`fit_worker`) that reads its share from standard input, so that it loads little and inherits
nothing.
"""

import contextlib
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge_common.errors import LearningError
from edge_common.service import EXIT_CLEAN
from modules.trainer_agent.learning.detect import Candidates, candidates
from modules.trainer_agent.learning.examples import Example, Grid, grid_of
from modules.trainer_agent.learning.fit import FitOptions, fit
from modules.trainer_agent.learning.head import Head


@dataclass(frozen=True)
class FitTask:
    """Learn from some images, then find in others; numbers are indices of images."""

    learn: tuple[int, ...]
    find: tuple[int, ...]
    seed: int = 0


@dataclass(frozen=True)
class FitOutcome:
    """The fitted head, and what it finds in the plain view of each image asked for."""

    head: Head
    found: dict[int, Candidates]


@dataclass(frozen=True)
class Share:
    """What one process does."""

    tasks: tuple[FitTask, ...]
    examples: Sequence[Sequence[Example]]
    """The views of each image, the plain one first."""
    tags: int
    size_px: int
    options: FitOptions


def run_fits(share: Share, processes: int, progress: Callable[[float], None]) -> list[FitOutcome]:
    """An outcome for each task, in order; raises LearningError if a process of ours dies."""
    count = max(1, min(processes, len(share.tasks)))
    parts = [
        Share(share.tasks[index::count], share.examples, share.tags, share.size_px, share.options)
        for index in range(count)
    ]
    helpers = [_Helper(part) for part in parts[1:]]
    outcomes: list[FitOutcome | None] = [None] * len(share.tasks)
    outcomes[0::count] = work(parts[0], progress)
    for index, helper in enumerate(helpers, start=1):
        outcomes[index::count] = helper.outcomes()
    return [outcome for outcome in outcomes if outcome is not None]


def work(share: Share, progress: Callable[[float], None] = lambda part: None) -> list[FitOutcome]:
    """Do a share in this process."""
    grid = grid_of(share.size_px)
    done = []
    for index, task in enumerate(share.tasks):

        def within(part: float, before: int = index) -> None:
            progress((before + part) / len(share.tasks))

        done.append(_run(task, share, grid, within))
    return done


def _run(task: FitTask, share: Share, grid: Grid, progress: Callable[[float], None]) -> FitOutcome:
    learned = [view for image in task.learn for view in share.examples[image]]
    head = fit(learned, share.tags, grid, seed=task.seed, options=share.options, progress=progress)
    return FitOutcome(head, {image: candidates(head, share.examples[image][0]) for image in task.find})


class _Helper:
    """A process that does a share while this one does another."""

    def __init__(self, share: Share) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "modules.trainer_agent.learning.fit_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        # A thread of its own sends, as the pipe is far smaller than the examples; it stays open until we are done,
        # so that the helper can tell when we are gone.
        self._sender = threading.Thread(target=self._send, args=(share,), daemon=True)
        self._sender.start()

    def outcomes(self) -> list[FitOutcome]:
        """What the process found, once it has ended; raises LearningError when it ended without."""
        assert self._process.stdout is not None
        with self._process.stdout as answer:
            data = answer.read()
        code = self._process.wait()
        self._sender.join()
        self._close_input()
        if code != EXIT_CLEAN or not data:
            raise LearningError(f"a fitting process ended with exit code {code}; memory may be short")
        done: list[FitOutcome] = pickle.loads(data)
        return done

    def _send(self, share: Share) -> None:
        assert self._process.stdin is not None
        try:
            pickle.dump(share, self._process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()
        except BrokenPipeError:
            return  # its exit code tells

    def _close_input(self) -> None:
        assert self._process.stdin is not None
        # What an ended process did not read cannot be flushed any more.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
