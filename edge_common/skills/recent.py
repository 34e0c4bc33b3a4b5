"""Sums over the last seconds that take the same little room and time however many results there were."""

import math
from typing import NamedTuple

SLICES = 60
"""That many of the same length make up the span; so a sum is right to a sixtieth of it."""
_LEAST_S = 1e-3
"""Less is no span."""


class Slice(NamedTuple):
    """What fell into one slice of time."""

    number: int = 0
    """Counted from time 0."""
    seconds: float = 0.0
    amount: float = 0.0


class Recent(NamedTuple):
    """What there was lately."""

    last: Slice = Slice()
    """It is being filled."""
    full: tuple[Slice, ...] = ()
    """Those before it that are not empty, the oldest first."""
    seconds: float = 0.0
    """In these."""
    amount: float = 0.0


NOTHING = Recent()


def added(recent: Recent, span_s: float, time_s: float, seconds: float, amount: float) -> Recent:
    """With so many seconds, and so much in them, at that time, and without what is older than the span.

    A span of 0 holds what comes at the same time.
    """
    number = math.floor(time_s * SLICES / span_s) if span_s >= _LEAST_S else round(time_s / _LEAST_S)
    last, full, before_s, before = recent
    if last.number == number:
        return Recent(Slice(number, last.seconds + seconds, last.amount + amount), full, before_s, before)
    oldest = number - SLICES if span_s >= _LEAST_S else number
    full = tuple([one for one in (*full, last) if one[0] >= oldest and (one[1] or one[2])])
    # Added up anew: what is added and taken away again leaves rests.
    before_s, before = sum([one[1] for one in full]), sum([one[2] for one in full])
    return Recent(Slice(number, seconds, amount), full, before_s, before)


def total(recent: Recent, span_s: float, time_s: float) -> tuple[float, float]:
    """Seconds and amount of the span that ends at that time; of the slice where it begins, its share that is in it."""
    last, full, seconds, amount = recent
    if full and full[0].number == last.number - SLICES:
        gone = time_s * SLICES / span_s - last.number
        seconds -= gone * full[0].seconds
        amount -= gone * full[0].amount
    return seconds + last.seconds, amount + last.amount
