"""Sums over the last seconds that take the same little room however many results there were."""

import math
from typing import NamedTuple

SLICES = 60
"""That many of the same length make up the span; so a sum is right to a sixtieth of it."""
_LEAST_S = 1e-3
"""Less is no span."""


class Slice(NamedTuple):
    """What fell into one slice of time."""

    number: int
    """Counted from time 0."""
    seconds: float
    amount: float


Recent = tuple[Slice, ...]
"""Those that are not empty, the oldest first."""
NOTHING: Recent = ()


def added(recent: Recent, span_s: float, time_s: float, seconds: float, amount: float) -> Recent:
    """With so many seconds, and so much in them, at that time, and without what is older than the span.

    A span of 0 holds what comes at the same time.
    """
    now = _number(span_s, time_s)
    oldest = now - SLICES if span_s >= _LEAST_S else now
    if recent and recent[0].number < oldest:
        recent = tuple(one for one in recent if one.number >= oldest)
    if not seconds and not amount:
        return recent
    if recent and recent[-1].number == now:
        last = recent[-1]
        return (*recent[:-1], Slice(now, last.seconds + seconds, last.amount + amount))
    return (*recent, Slice(now, seconds, amount))


def total(recent: Recent, span_s: float, time_s: float) -> tuple[float, float]:
    """Seconds and amount of the span that ends at that time; of the slice where it begins, its share that is in it."""
    seconds = amount = 0.0
    for one in recent:
        seconds += one.seconds
        amount += one.amount
    now = _number(span_s, time_s)
    if recent and span_s >= _LEAST_S and recent[0].number == now - SLICES:
        gone = time_s * SLICES / span_s - now
        seconds -= gone * recent[0].seconds
        amount -= gone * recent[0].amount
    return seconds, amount


def _number(span_s: float, time_s: float) -> int:
    return math.floor(time_s * SLICES / span_s) if span_s >= _LEAST_S else round(time_s / _LEAST_S)
