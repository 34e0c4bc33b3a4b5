import numpy as np
import pytest

from edge_common.errors import LearningError
from modules.trainer_agent.learning.examples import grid_of
from modules.trainer_agent.learning.fit import FitOptions
from modules.trainer_agent.learning.fits import FitTask, Share, run_fits
from tests.trainer_agent.learning.made import random_example

TASKS = (FitTask((0, 1, 2), (), 5), FitTask((1, 2), (0,), 6), FitTask((0, 1), (2,), 7))


def share(tasks: tuple[FitTask, ...]) -> Share:
    rng = np.random.default_rng(0)
    examples = [[random_example(rng, grid_of(128), tags=2)] for _ in range(3)]
    return Share(tasks, examples, tags=2, size_px=128, options=FitOptions(epochs=2))


def test_two_processes_do_the_same_work_as_one_in_the_same_order() -> None:
    told: list[float] = []

    alone, together = run_fits(share(TASKS), 1, told.append), run_fits(share(TASKS), 2, lambda part: None)

    assert [sorted(outcome.found) for outcome in together] == [[], [0], [2]]
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one.head.values, other.head.values)
        for image, found in one.found.items():
            np.testing.assert_array_equal(found.boxes, other.found[image].boxes)
    assert told[-1] == 1
    assert told == sorted(told)


def test_there_are_no_more_processes_than_tasks() -> None:
    assert len(run_fits(share(TASKS[:1]), 8, lambda part: None)) == 1


def test_a_process_that_dies_is_no_outcome_but_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    impossible = FitTask((99,), ())

    with pytest.raises(LearningError, match="ended with exit code 1"):
        run_fits(share((TASKS[0], impossible)), 2, lambda part: None)

    assert "IndexError" in capfd.readouterr().err
