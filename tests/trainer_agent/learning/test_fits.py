from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from edge_common.errors import LearningError
from modules.trainer_agent.learning.arena import ArenaWriter
from modules.trainer_agent.learning.examples import grid_of
from modules.trainer_agent.learning.fit import FitOptions
from modules.trainer_agent.learning.fits import FitOutcome, FitTask, Fitters, Share
from modules.trainer_agent.learning.kept_examples import keep
from tests.trainer_agent.learning.made import random_example

Progress = Callable[[float], None]
SHORT = FitOptions(epochs=2)
TASKS = (FitTask((0, 1, 2), (), 5, SHORT), FitTask((1, 2), (0,), 6, SHORT), FitTask((0, 1), (2,), 7, SHORT))


def run(tasks: tuple[FitTask, ...], processes: int, folder: Path, progress: Progress = print) -> list[FitOutcome]:
    rng = np.random.default_rng(0)
    with closing(ArenaWriter(folder)) as arena, closing(Fitters(processes, arena)) as fitters:
        examples = [[keep(random_example(rng, grid_of(128), tags=2), arena)] for _ in range(3)]
        return fitters.run(Share(tasks, examples, tags=2, size_px=128), progress)


def test_two_processes_do_the_same_work_as_one_in_the_same_order(tmp_path: Path) -> None:
    told: list[float] = []

    alone, together = run(TASKS, 1, tmp_path, told.append), run(TASKS, 2, tmp_path)

    assert [sorted(outcome.found) for outcome in together] == [[], [0], [2]]
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one.head.values, other.head.values)
        for image, found in one.found.items():
            np.testing.assert_array_equal(found.boxes, other.found[image].boxes)
    assert told[-1] == 1
    assert told == sorted(told)


def test_a_head_with_nothing_new_to_learn_stays_as_it_is_and_finds(tmp_path: Path) -> None:
    (fitted,) = run(TASKS[1:2], 1, tmp_path)

    (kept,) = run((FitTask((), (0,), start=fitted.head),), 1, tmp_path)

    np.testing.assert_array_equal(kept.head.values, fitted.head.values)
    np.testing.assert_array_equal(kept.found[0].scores, fitted.found[0].scores)


def test_helpers_without_work_end_with_the_fits(tmp_path: Path) -> None:
    assert len(run(TASKS[:1], 3, tmp_path)) == 1

    assert list(tmp_path.iterdir()) == []


def test_a_process_that_dies_is_no_outcome_but_an_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    impossible = FitTask((99,), ())

    with pytest.raises(LearningError, match="ended with exit code 1"):
        run((TASKS[0], impossible), 2, tmp_path)

    assert "IndexError" in capfd.readouterr().err
