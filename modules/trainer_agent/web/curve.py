"""The learning curve as a drawing: each training's score by its number of images. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from modules.trainer_agent.training_log import TrainingState

WIDTH, HEIGHT = 320, 120


@dataclass(frozen=True)
class Point:
    """A training in a drawing of WIDTH x HEIGHT, y downwards."""

    x: float
    y: float
    low: float
    """y of the lower end of its interval."""
    high: float
    images: int
    value: float
    kept_back: bool


def curve(trainings: Sequence[TrainingState]) -> tuple[Point, ...]:
    """Points in order of images, one for each number of images (its newest training); none for less than two."""
    newest = {state.images: state for state in trainings if state.score is not None}
    if len(newest) < 2:
        return ()
    most = max(newest)
    return tuple(_point(newest[images], most) for images in sorted(newest))


def _point(state: TrainingState, most: int) -> Point:
    assert state.score is not None
    low, high = state.score.interval or (state.score.value, state.score.value)
    return Point(
        x=round(WIDTH * state.images / most, 1),
        y=_height(state.score.value),
        low=_height(low),
        high=_height(high),
        images=state.images,
        value=state.score.value,
        kept_back=bool(state.kept_back),
    )


def _height(share: float) -> float:
    return round(HEIGHT * (1 - share), 1)
