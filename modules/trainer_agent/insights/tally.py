"""What skills saw, second by second, added up for each minute until it is written. Pure.

At each whole second of the device's clock a step stands as its last trace told, unless that is too old; so a minute
has at most sixty seconds that are known, however often a camera gives pictures.
"""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

from edge_common.skills.told import SkillTrace, StepState

LASTS_S = 10
"""After so long without a picture nothing is known any more: of a camera that is lost no time is counted."""
MOST_CELLS = 40_000
"""Two hours of twenty skills on four cameras; more wait for a full disk no longer."""
PARTS = 1000
"""Numbers are kept in thousandths, as whole ones: they add up exactly, and take two bytes where a float takes eight."""

Kind = Literal["number", "condition"]


class Series(NamedTuple):
    """A step of a skill on one camera, that gives a number or a condition."""

    skill: str
    camera: str
    step: str
    kind: Kind


@dataclass(slots=True)
class Sums:
    """What is known of a series within a while."""

    known: int = 0
    """Seconds."""
    true: int = 0
    """Seconds; of a condition, as the following are of a number."""
    total: int = 0
    """Thousandths, added up over the seconds."""
    low: int = 0
    high: int = 0

    def add(self, value: int, kind: Kind) -> None:
        """One second more; value: thousandths of a number, 1 or 0 of a condition."""
        if kind == "condition":
            self.true += value
        else:
            self.total += value
            self.low = value if not self.known else min(self.low, value)
            self.high = value if not self.known else max(self.high, value)
        self.known += 1

    def merge(self, other: "Sums") -> None:
        self.low = min(self.low, other.low) if self.known else other.low
        self.high = max(self.high, other.high) if self.known else other.high
        self.known += other.known
        self.true += other.true
        self.total += other.total


Cells = dict[tuple[int, Series], Sums]
"""By minute since 1970 and series, oldest first."""
_Values = tuple[tuple[Series, int], ...]


class Tally:
    """Used by one thread."""

    def __init__(self) -> None:
        self.lost = 0
        """Cells that were given up as there were too many."""
        self._cells: Cells = {}
        self._last: dict[tuple[str, str], tuple[int, _Values]] = {}
        """Of each skill and camera: the first second that the last trace stands for, and its values."""

    def add(self, trace: SkillTrace) -> None:
        """Count the seconds up to this trace as the one before told."""
        key = (trace.skill, trace.camera)
        second = -(-trace.taken_ns // 1_000_000_000)
        began, values = self._last.get(key, (second, ()))
        for passed in range(began, min(second, began + LASTS_S)):
            for series, value in values:
                self._cell(passed // 60, series).add(value, series.kind)
        self._last[key] = (second, _values_of(trace))

    def take(self) -> Cells:
        """What was added up since the last time, which the caller has now."""
        taken, self._cells = self._cells, {}
        newest = max((second for second, _ in self._last.values()), default=0)
        # What a skill said that has ended meanwhile will not be needed.
        self._last = {key: last for key, last in self._last.items() if last[0] > newest - 2 * LASTS_S}
        return taken

    def put_back(self, cells: Cells) -> None:
        """What could not be written is added up again; of too much, the oldest is given up."""
        newer, self._cells = self._cells, cells
        for key, sums in newer.items():
            if key in cells:
                cells[key].merge(sums)
            else:
                cells[key] = sums
        for key in list(cells)[: max(0, len(cells) - MOST_CELLS)]:
            del cells[key]
            self.lost += 1

    def _cell(self, minute: int, series: Series) -> Sums:
        found = self._cells.get((minute, series))
        if found is None:
            found = self._cells[(minute, series)] = Sums()
        return found


def _values_of(trace: SkillTrace) -> _Values:
    return tuple(
        (Series(trace.skill, trace.camera, step, kind), value)
        for step, state in trace.steps.items()
        for kind, value in _value_of(state)
    )


def _value_of(state: StepState) -> tuple[tuple[Kind, int], ...]:
    """Of a step that gives a number or a condition. How many boxes there are is told by a step that counts them."""
    if state.condition is not None:
        return (("condition", int(state.condition)),)
    if state.number is not None and state.boxes is None and math.isfinite(state.number):
        return (("number", round(state.number * PARTS)),)
    return ()
