"""Several fits on the same examples, shared out over processes: one for each cross-validation fold.

A fit is many small array operations, which threads of one Python process cannot share out; a second process can.
It is a plain program (`fit_worker`) that reads its share from standard input, so that it loads little and inherits
nothing.
"""

import contextlib
import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from edge_common.errors import LearningError
from edge_common.service import EXIT_CLEAN
from modules.trainer_agent.learning.arena import Arena, ArenaWriter
from modules.trainer_agent.learning.detect import Candidates, candidates
from modules.trainer_agent.learning.examples import grid_of
from modules.trainer_agent.learning.fit import FULL, FitOptions, fit
from modules.trainer_agent.learning.head import Head
from modules.trainer_agent.learning.kept_examples import KeptExample, opened


@dataclass(frozen=True)
class FitTask:
    """Learn from some images, then find in others; numbers are indices of images."""

    learn: tuple[int, ...]
    find: tuple[int, ...]
    seed: int = 0
    options: FitOptions = FULL
    start: Head | None = None
    """A fitted head to go on from; it stays as it is when there is nothing to learn from."""


@dataclass(frozen=True)
class FitOutcome:
    """The fitted head, and what it finds in the plain view of each image asked for."""

    head: Head
    found: dict[int, Candidates]


@dataclass(frozen=True)
class Share:
    """What one process does."""

    tasks: tuple[FitTask, ...]
    examples: Sequence[Sequence[KeptExample]]
    """The views of each image, the plain one first; their arrays are in the arena."""
    tags: int
    size_px: int


class Fitters:
    """This process and helpers of it, which start early so that they have loaded everything when there is work."""

    def __init__(self, processes: int, arena: ArenaWriter) -> None:
        self._arena = arena
        self._helpers = [_Helper(arena.descriptor) for _ in range(processes - 1)]

    def run(self, share: Share, progress: Callable[[float], None]) -> list[FitOutcome]:
        """An outcome for each task, in order; raises LearningError if a process of ours dies. To be called once."""
        self._arena.flush()
        count = max(1, min(1 + len(self._helpers), len(share.tasks)))
        parts = [replace(share, tasks=share.tasks[index::count]) for index in range(count)]
        helpers = self._helpers[: count - 1]
        for helper, part in zip(helpers, parts[1:], strict=True):
            helper.send(part)
        outcomes: list[FitOutcome | None] = [None] * len(share.tasks)
        outcomes[0::count] = work(parts[0], Arena(self._arena.descriptor), progress)
        for index, helper in enumerate(helpers, start=1):
            outcomes[index::count] = helper.outcomes()
        return [outcome for outcome in outcomes if outcome is not None]

    def close(self) -> None:
        """End the helpers, whatever they are doing."""
        for helper in self._helpers:
            helper.close()


def work(share: Share, arena: Arena, progress: Callable[[float], None] = lambda part: None) -> list[FitOutcome]:
    """Do a share in this process."""
    grid = grid_of(share.size_px)
    examples = [[opened(view, arena) for view in views] for views in share.examples]
    done = []
    for index, task in enumerate(share.tasks):

        def within(part: float, before: int = index) -> None:
            arena.rest()
            progress((before + part) / len(share.tasks))

        learn = [view for image in task.learn for view in examples[image]]
        if learn or task.start is None:
            head = fit(learn, share.tags, grid, seed=task.seed, options=task.options, start=task.start, progress=within)
        else:
            head = task.start
        done.append(FitOutcome(head, {image: candidates(head, examples[image][0]) for image in task.find}))
    return done


class _Helper:
    """A process that does a share while this one does another."""

    def __init__(self, descriptor: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "modules.trainer_agent.learning.fit_worker", str(descriptor)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(descriptor,),
        )

    def send(self, share: Share) -> None:
        """Hand over the work; its input stays open, so that the helper can tell when we are gone."""
        assert self._process.stdin is not None
        # What an ended process does not read is told by its exit code.
        with contextlib.suppress(BrokenPipeError):
            pickle.dump(share, self._process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()

    def outcomes(self) -> list[FitOutcome]:
        """What the process found, once it has ended; raises LearningError when it ended without."""
        assert self._process.stdout is not None
        with self._process.stdout as answer:
            data = answer.read()
        code = self._process.wait()
        if code != EXIT_CLEAN or not data:
            raise LearningError(f"a fitting process ended with exit code {code}; memory may be short")
        done: list[FitOutcome] = pickle.loads(data)
        return done

    def close(self) -> None:
        """End it, if it still runs."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        # What an ended process did not read cannot be flushed any more.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
