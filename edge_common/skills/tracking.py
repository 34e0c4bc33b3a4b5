"""Things known again from picture to picture, by where they are expected: a tracker of SORT's kind.

SORT (Bewley et al. 2016, "Simple online and realtime tracking") moves each thing on at a constant speed and gives it
the box that overlaps most with where it is expected. Three things are otherwise here, as results come two to thirty
times a second and unevenly. The speed is smoothed over half a second in place of a Kalman filter, whose noise is that
of one fixed rate. Pairs are taken best first, not by the Hungarian method: that gives others only where things overlap
so much that neither knows better, and needs a library or many times the time. And what is left over is tried once more
with boxes grown to twice their sides (after Yang et al. 2023, C-BIoU): somebody who walks past at two results a second,
or has just come into sight so that no speed is known, would be somebody else each time.
"""

import math
from bisect import bisect_left
from typing import NamedTuple

from edge_common.detections import Detection
from edge_common.skills.spots import WHOLE, Spots
from edge_common.skills.steps import TrackStep
from edge_common.skills.tick import SLACK_S, Tick

MOST_THINGS = 100
"""Known at a time. Of more boxes the surest are taken, of more things those seen last."""
_SMOOTH_S = 0.5
_FORESEEN_S = 1.0
"""Nothing is expected to walk on for longer than this while it is not seen."""
_LEAST_S = 1e-3
"""No speed is told from a shorter time."""

Track = tuple[int, str, float, float, float, float, float, float, float]
"""A thing as it was last seen: number, label, x0, y0, x1, y1, its speed in widths and heights of the picture a second,
when. A plain tuple, as one is made of each box of each result."""
_Place = tuple[float, float, float, float, str, int]
"""x0, y0, x1, y1, label, and which it is."""


class Tracked(NamedTuple):
    """What a tracker remembers."""

    next: int = 1
    """The number of the next new thing."""
    tracks: tuple[Track, ...] = ()


def track(step: TrackStep, tracked: Tracked, spots: Spots, tick: Tick) -> tuple[dict[int, Detection], Tracked]:
    """The boxes as things, in their order, and what is remembered after this result."""
    time_s, least = tick.time_s, step.overlap
    if len(spots) > MOST_THINGS:
        spots = sorted(spots, key=lambda spot: -spot.confidence)[:MOST_THINGS]
    seen: list[_Place] = []
    for spot in spots:
        box = spot.box or WHOLE
        seen.append((box.x0, box.y0, box.x1, box.y1, spot.label, len(seen)))
    known = [one for one in tracked.tracks if time_s - one[8] <= step.lost_after_s + SLACK_S]
    expected = _expected(known, time_s)
    met = _matched(expected, seen, least)
    if len(met) < len(seen) and len(met) < len(known):
        gone = set(met.values())
        # Who stopped or turned round is near where they were, not where they were expected.
        late = [_grown(place) for place in expected if place[5] not in gone]
        late += [_grown((*one[2:6], one[1], at)) for at, one in enumerate(known) if at not in gone]
        met |= _matched(late, [_grown(place) for place in seen if place[5] not in met], least)
    things: dict[int, Detection] = {}
    tracks: list[Track] = []
    number = tracked.next
    for (x0, y0, x1, y1, label, place), spot in zip(seen, spots, strict=True):
        if place in met:
            one = _moved(known[met[place]], x0, y0, x1, y1, label, time_s)
        else:
            one = (number, label, x0, y0, x1, y1, 0.0, 0.0, time_s)
            number += 1
        tracks.append(one)
        things[one[0]] = spot
    if len(met) < len(known):
        gone = set(met.values())
        tracks += [one for at, one in enumerate(known) if at not in gone]
    return things, Tracked(number, tuple(tracks[:MOST_THINGS]))


def _expected(known: list[Track], time_s: float) -> list[_Place]:
    places: list[_Place] = []
    for _, label, x0, y0, x1, y1, across, down, seen_s in known:
        ahead_s = time_s - seen_s
        if ahead_s > _FORESEEN_S:
            ahead_s = _FORESEEN_S
        across *= ahead_s
        down *= ahead_s
        places.append((x0 + across, y0 + down, x1 + across, y1 + down, label, len(places)))
    return places


def _moved(one: Track, x0: float, y0: float, x1: float, y1: float, label: str, time_s: float) -> Track:
    number, _, left, top, right, bottom, across, down, seen_s = one
    passed_s = time_s - seen_s
    if passed_s >= _LEAST_S:
        gain = 1.0 - math.exp(-passed_s / _SMOOTH_S)
        across += gain * ((x0 + x1 - left - right) / (2 * passed_s) - across)
        down += gain * ((y0 + y1 - top - bottom) / (2 * passed_s) - down)
    return number, label, x0, y0, x1, y1, across, down, time_s


def _matched(expected: list[_Place], seen: list[_Place], least: float) -> dict[int, int]:
    """Of those seen, which of the expected they are: best first, and those of the same label before others."""
    if not expected or not seen:
        return {}
    seen = sorted(seen)
    lefts = [place[0] for place in seen]
    widest = max([place[2] - place[0] for place in seen])
    pairs: list[tuple[float, int, int]] = []
    for x0, y0, x1, y1, label, at in expected:
        size = (x1 - x0) * (y1 - y0)
        for left, top, right, bottom, other, which in seen[bisect_left(lefts, x0 - widest) : bisect_left(lefts, x1)]:
            if x0 < right and top < y1 and y0 < bottom:
                # Written out: as calls of min and max these would be most of what a tracker takes.
                shared = (x1 if x1 < right else right) - (x0 if x0 > left else left)
                shared *= (y1 if y1 < bottom else bottom) - (y0 if y0 > top else top)
                union = size + (right - left) * (bottom - top) - shared
                if shared >= least * union and union > 0:
                    pairs.append((-shared / union - (label == other), at, which))
    pairs.sort()
    met: dict[int, int] = {}
    gone: set[int] = set()
    for _, at, which in pairs:
        if at not in gone and which not in met:
            gone.add(at)
            met[which] = at
    return met


def _grown(place: _Place) -> _Place:
    x0, y0, x1, y1, label, at = place
    across, down = (x1 - x0) / 2, (y1 - y0) / 2
    return x0 - across, y0 - down, x1 + across, y1 + down, label, at
