"""What Insights have kept, as a page shows it: each series in parts of a period, and alerts. SQL only."""

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from modules.trainer_agent.database import Row, Rows
from modules.trainer_agent.insights.tally import PARTS, Kind

MOST_SHOWN_ALERTS = 100


@dataclass(frozen=True)
class Part:
    """What is known of a series within a part of a period."""

    known_s: int
    """Seconds; of a part with none there is no value below."""
    true_s: int = 0
    """Seconds that a condition was true."""
    mean: float = 0.0
    low: float = 0.0
    high: float = 0.0

    @property
    def share(self) -> float:
        """Of the time that is known, how much a condition was true."""
        return self.true_s / self.known_s if self.known_s else 0.0


@dataclass(frozen=True)
class Line:
    """A step's parts, one for each of the period."""

    step: str
    kind: Kind
    parts: tuple[Part, ...]

    @property
    def whole(self) -> Part:
        """All of the period together."""
        known = [part for part in self.parts if part.known_s]
        seconds = sum(part.known_s for part in known)
        if not seconds:
            return Part(0)
        return Part(
            seconds,
            sum(part.true_s for part in known),
            sum(part.mean * part.known_s for part in known) / seconds,
            min(part.low for part in known),
            max(part.high for part in known),
        )


@dataclass(frozen=True)
class Alert:
    """A condition that was true for a while, and what was kept of it."""

    id: str
    skill: str
    name: str
    """Of the skill, when it was raised."""
    camera: str
    step: str
    raised_s: float
    """Seconds since 1970, UTC."""
    cleared_s: float | None
    """None: not yet."""
    text: str
    severity: str
    numbers: Mapping[str, float]
    picture: str
    """File name; empty: none was kept."""


class Watched(NamedTuple):
    """A skill on a camera of which something is kept."""

    skill: str
    camera: str


def watched(rows: Rows) -> tuple[Watched, ...]:
    """All of which numbers or alerts are kept."""
    pairs = rows.execute("SELECT skill, camera FROM series UNION SELECT skill, camera FROM alerts ORDER BY 1, 2")
    return tuple(Watched(*pair) for pair in pairs)


def names(rows: Rows) -> dict[str, str]:
    """Of skills that have raised alerts, as they were called at the last."""
    found = rows.execute("SELECT skill, name, max(raised_s) FROM alerts GROUP BY skill")
    return {row["skill"]: row["name"] for row in found}


def newest(rows: Rows, of: Watched) -> int | None:
    """The last minute of which anything is kept of a skill on a camera; None for nothing."""
    found: list[int] = [
        start
        for (series,) in rows.execute("SELECT id FROM series WHERE skill = ? AND camera = ?", of)
        for query in ("SELECT max(start) FROM hours WHERE series = ?", "SELECT max(start) FROM open_hours WHERE ?")
        for (start,) in rows.execute(query, (series,))
        if start is not None
    ]
    raised = rows.execute("SELECT max(raised_s) FROM alerts WHERE skill = ? AND camera = ?", of).fetchone()[0]
    return max([*found, *([] if raised is None else [int(raised // 60)])], default=None)


def lines(rows: Rows, of: Watched, edges: Sequence[int], *, fine: bool) -> tuple[Line, ...]:
    """What is known of every step of a skill on a camera, between each edge and the next.

    edges: minutes since 1970. fine: of minutes; otherwise of hours, with those that have not ended.
    """
    found = list(rows.execute("SELECT id, step, kind FROM series WHERE skill = ? AND camera = ? ORDER BY id", of))
    summed: dict[int, dict[int, list[int]]] = {row["id"]: {} for row in found}
    all_of_them = range(edges[0], edges[-1])
    given = _of_minutes(rows, list(summed), edges, all_of_them) if fine else _of_hours(rows, list(summed), edges)
    for row in given:
        known = summed[row["series"]].setdefault(row["part"], [0, 0, 0, row["low"], row["high"]])
        known[:3] = known[0] + row["known"], known[1] + row["true"], known[2] + row["total"]
        known[3:] = min(known[3], row["low"]), max(known[4], row["high"])
    count = len(edges) - 1
    return tuple(
        Line(row["step"], row["kind"], tuple(_part(summed[row["id"]].get(part)) for part in range(count)))
        for row in found
        if summed[row["id"]]
    )


def alerts(rows: Rows, of: Watched, start: int, end: int, limit: int) -> tuple[Alert, ...]:
    """Those of a skill on a camera that were raised between two minutes since 1970, newest first."""
    found = rows.execute(
        "SELECT * FROM alerts WHERE skill = ? AND camera = ? AND raised_s >= ? AND raised_s < ?"
        " ORDER BY raised_s DESC, id DESC LIMIT ?",
        (*of, start * 60, end * 60, limit),
    )
    return tuple(Alert(**{**dict(row), "numbers": json.loads(row["numbers"])}) for row in found)


def alert_count(rows: Rows, of: Watched, start: int, end: int) -> int:
    query = "SELECT count(*) FROM alerts WHERE skill = ? AND camera = ? AND raised_s >= ? AND raised_s < ?"
    return int(rows.execute(query, (*of, start * 60, end * 60)).fetchone()[0])


_SUMS = "sum(known) AS known, sum(true) AS true, sum(total) AS total, min(low) AS low, max(high) AS high"
_WANTED = "wanted AS (SELECT value AS series FROM json_each(:series))"
# In the order as written, so that each row is looked up by its whole key and nothing is searched through.
_HOURS = f"""
    WITH {_WANTED}, parts AS (
        SELECT key AS part, json_extract(value, '$[0]') AS first, json_extract(value, '$[1]') AS last
        FROM json_each(:parts)
    )
    SELECT hours.series, part, {_SUMS} FROM wanted CROSS JOIN parts CROSS JOIN hours
    ON hours.series = wanted.series AND hours.start >= first AND hours.start < last
    WHERE hours.start NOT IN (SELECT start FROM open_hours) GROUP BY wanted.series, part"""
_MINUTES = f"""
    WITH {_WANTED}, asked AS (
        SELECT json_extract(value, '$[0]') AS minute, json_extract(value, '$[1]') AS part FROM json_each(:minutes)
    )
    SELECT minutes.series, part, {_SUMS} FROM asked CROSS JOIN wanted CROSS JOIN minutes
    ON minutes.start = minute AND minutes.series = wanted.series GROUP BY wanted.series, part"""


def _of_hours(rows: Rows, series: Sequence[int], edges: Sequence[int]) -> Iterator[Row]:
    """Of the hours that have ended, and the minutes of those that have not."""
    values = {"series": json.dumps(series), "parts": json.dumps(list(pairwise(edges)))}
    yield from rows.execute(_HOURS, values)
    hours = [hour for (hour,) in rows.execute("SELECT start FROM open_hours")]
    yield from _of_minutes(rows, series, edges, [minute for hour in hours for minute in range(hour, hour + 60)])


def _of_minutes(rows: Rows, series: Sequence[int], edges: Sequence[int], minutes: Iterable[int]) -> Iterator[Row]:
    asked = [(minute, bisect_right(edges, minute) - 1) for minute in minutes if edges[0] <= minute < edges[-1]]
    yield from rows.execute(_MINUTES, {"series": json.dumps(series), "minutes": json.dumps(asked)})


def _part(sums: list[int] | None) -> Part:
    if sums is None:
        return Part(0)
    known, true, total, low, high = sums
    return Part(known, true, total / known / PARTS, low / PARTS, high / PARTS)
