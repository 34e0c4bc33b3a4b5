"""Days, weeks, months and years by the device's own calendar, each cut into parts that a chart shows. Pure.

Moments are minutes since 1970, UTC; where the clock is put forward or back, a day has 23 or 25 hours.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Literal

Span = Literal["day", "week", "month", "year"]


@dataclass(frozen=True)
class Period:
    """One day, week from Monday, month or year."""

    span: Span
    first: date
    """Its first day."""
    edges: tuple[int, ...]
    """Where its parts begin, and the end of the last."""

    @property
    def start(self) -> int:
        return self.edges[0]

    @property
    def end(self) -> int:
        return self.edges[-1]

    @property
    def parts(self) -> tuple[tuple[int, int], ...]:
        """Begin and end of each."""
        return tuple(pairwise(self.edges))

    @property
    def previous(self) -> date:
        """A day of the one before."""
        return self.first - timedelta(days=1)

    @property
    def next(self) -> date:
        """The first day of the one after."""
        return _after(self.span, self.first)


def period(span: Span, day: date, *, fine: bool = False) -> Period:
    """The one that a day lies in. fine: a day in quarters of an hour, which is known of the last days only."""
    first = _first(span, day)
    last = _after(span, first)
    if span in ("month", "year"):
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        return Period(span, first, tuple(map(_midnight, days)))
    step = 15 if span == "day" and fine else 60
    return Period(span, first, (*range(_midnight(first), _midnight(last), step), _midnight(last)))


def local_time(minute: int) -> datetime:
    """By the device's time zone."""
    return datetime.fromtimestamp(minute * 60).astimezone()


def _first(span: Span, day: date) -> date:
    match span:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "year":
            return day.replace(month=1, day=1)


def _after(span: Span, first: date) -> date:
    match span:
        case "day" | "week":
            return first + timedelta(days=1 if span == "day" else 7)
        case "month":
            return (first + timedelta(days=31)).replace(day=1)
        case "year":
            return first.replace(year=first.year + 1)


def _midnight(day: date) -> int:
    # As the clock shows it; where midnight is left out, the first moment of the day.
    return int(datetime(day.year, day.month, day.day).timestamp() // 60)
