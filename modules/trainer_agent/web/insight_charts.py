"""Charts of Insights as paths in a drawing that a page stretches to its width. Pure.

A drawing is WIDTH x HEIGHT with y downwards; every part of the period has the same width. What is not known is left
open, and shaded, as long as it is in the past.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from modules.trainer_agent.insights.reading import Line, Part

WIDTH, HEIGHT = 1000, 100


@dataclass(frozen=True)
class Chart:
    """One step over a period."""

    line: str
    """Path of means, or of the top of shares; so are the following."""
    area: str
    """Between the lowest and the highest, or below shares."""
    unknown: str
    ticks: tuple[float, ...]
    """What is written beside it, from the top down, evenly spread."""


def chart_of(line: Line, past: int, scale: float = 1.0) -> Chart:
    """past: parts that have begun. scale: numbers are shown so many times as large."""
    if line.kind == "condition":
        return _drawn(line, past, 1.0, 0.0, lambda part: part.share, lambda part: 0.0, lambda part: part.share, 100.0)
    known = [part for part in line.parts if part.known_s]
    top = nice(max((abs(value) for part in known for value in (part.low, part.high)), default=0) * scale) / scale
    bottom = -top if any(part.low < 0 for part in known) else 0.0
    return _drawn(line, past, top, bottom, lambda part: part.mean, lambda part: part.low, lambda part: part.high, scale)


def nice(most: float) -> float:
    """The next of 1, 2, 5, 10, 20 and so on that is not less; 1 for nothing."""
    if most <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(most))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= most * (1 - 1e-9))


_Value = Callable[[Part], float]


def _drawn(
    line: Line, past: int, top: float, bottom: float, mean: _Value, low: _Value, high: _Value, scale: float
) -> Chart:
    count = len(line.parts)

    def across(part: int) -> float:
        return round(WIDTH * part / count, 2)

    def down(value: float) -> float:
        return round(HEIGHT * (top - value) / (top - bottom), 2)

    def steps(run: Sequence[int], value: _Value, *, back: bool = False) -> str:
        """Points, level over each part of a run; back: from its end to its beginning."""
        points = [(part + side, down(value(line.parts[part]))) for part in run for side in (0, 1)]
        return " ".join(f"{across(part)},{y}" for part, y in (reversed(points) if back else points))

    def runs(parts: int, *, known: bool) -> list[list[int]]:
        found = groupby(range(parts), lambda part: (line.parts[part].known_s > 0) == known)
        return [list(run) for wanted, run in found if wanted]

    return Chart(
        line=" ".join(f"M{steps(run, mean)}" for run in runs(count, known=True)),
        area=" ".join(f"M{steps(run, high)} {steps(run, low, back=True)}Z" for run in runs(count, known=True)),
        unknown=" ".join(
            f"M{across(run[0])},0H{across(run[-1] + 1)}V{HEIGHT}H{across(run[0])}Z"
            for run in runs(min(past, count), known=False)
        ),
        ticks=tuple(round(value * scale, 6) for value in (top, (top + bottom) / 2, bottom)),
    )
