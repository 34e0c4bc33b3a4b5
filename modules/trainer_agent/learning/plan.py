"""What a training has to learn: everything, or only what has changed since the last full one of the same model."""

from collections.abc import Sequence
from dataclasses import dataclass

from modules.trainer_agent.learning.fit import FULL, GOING_ON, FitOptions
from modules.trainer_agent.learning.fits import FitTask
from modules.trainer_agent.learning.folds import make_folds
from modules.trainer_agent.learning.learned_before import LearnedBefore, tags_of
from modules.trainer_agent.learning.projection import Projection
from modules.trainer_agent.learning.views import Tagged

FOLDS = 4


@dataclass(frozen=True)
class Plan:
    """How the images are shared out, and what is fitted."""

    folds: list[list[int]]
    tasks: tuple[FitTask, ...]
    """One without each fold."""
    projection: Projection | None
    """That of the last full training; None when it is to be learned, too."""
    copies: tuple[int, ...]
    """How many views of each image are learned from, the first ones."""


def make_plan(tagged: Sequence[Tagged], before: LearnedBefore | None, copies: int, seed: int) -> Plan:
    """Go on from what was learned before where that is enough, else learn everything."""
    folds = None if before is None else before.folds(tagged, seed)
    if before is None or folds is None:
        folds = make_folds(tags_of(tagged), seed, FOLDS)
        tasks = tuple(_fit_without(folds, fold, seed, FULL) for fold in range(len(folds)))
        return Plan(folds, tasks, None, (copies,) * len(tagged))
    going_on = []
    for fold, head in enumerate(before.heads):
        task = _fit_without(folds, fold, seed, GOING_ON)
        same = before.unchanged(fold, [tagged[index] for index in task.learn])
        going_on.append(FitTask(() if same else task.learn, task.find, task.seed, task.options, head))
    # Of what the heads know already, half of the views are enough to keep it in mind.
    views = tuple(copies if before.is_new(one) else -(-copies // 2) for one in tagged)
    return Plan(folds, tuple(going_on), before.projection, views)


def _fit_without(folds: Sequence[Sequence[int]], fold: int, seed: int, options: FitOptions) -> FitTask:
    """Each from a start of its own, so that the heads err apart."""
    learn = sorted(index for other, held_out in enumerate(folds) if other != fold for index in held_out)
    return FitTask(tuple(learn), tuple(folds[fold]), seed * FOLDS + fold, options)
