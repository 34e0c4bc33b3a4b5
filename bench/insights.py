"""What a year of Insights takes: 20 skills on 4 cameras with 3 numbers and 1 condition each, by default.

`python -m bench.insights --json` writes the year as the program does: hours as they are added up, the last days by
minutes. It then measures a write of ten seconds, and queries as pages ask them. To hold: a year fits in 200 MB.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from edge_common.skills.told import SkillEvent, SkillTrace, StepState
from modules.trainer_agent.database import Database, Rows
from modules.trainer_agent.insights.keeper import MOST_BYTES
from modules.trainer_agent.insights.kept_file import PLACE, open_insights
from modules.trainer_agent.insights.periods import Span, local_time, period
from modules.trainer_agent.insights.reading import MOST_SHOWN_ALERTS, Watched, alerts, lines
from modules.trainer_agent.insights.tables import (
    MINUTES_LAST_DAYS,
    add_alerts,
    add_minutes,
    drop_old,
    hour_of,
    roll_up,
)
from modules.trainer_agent.insights.tally import Cells, Series, Sums, Tally

_NUMBERS = 3
_DAY = 1440
_WRITES = 60
_QUERIES = 40
_SPANS: tuple[Span, ...] = ("day", "week", "month", "year")


@dataclass(frozen=True)
class Measured:
    """What a run found out."""

    days: int
    series: int
    file_mb: float
    """With the log beside it that waits to be put in place."""
    minutes: int
    """Rows; so are the next two."""
    hours: int
    alerts: int
    listen_us: float
    """Mean time of the processor for a trace."""
    write_p95_ms: float
    """Of ten seconds of all series, until they are on the disk."""
    roll_up_ms: float
    """Of the hour that ended."""
    drop_ms: float
    day_ms: float
    """Median of queries as a page asks them, of one skill on one camera; so are the next three."""
    week_ms: float
    month_ms: float
    year_ms: float


def every_series(skills: int, cameras: int) -> list[Series]:
    return [
        Series(f"skill-{skill}", f"aisle-{camera}", step, "condition" if step == "low" else "number")
        for skill in range(skills)
        for camera in range(cameras)
        for step in (*(f"count-{number}" for number in range(_NUMBERS)), "low")
    ]


def some_sums(series: Series, seconds: int, chance: random.Random) -> Sums:
    """As of a shelf: some goods, now and then low."""
    if series.kind == "condition":
        return Sums(seconds, chance.choice((0, 0, 0, chance.randrange(seconds + 1))))
    low = chance.randrange(0, 9)
    high = low + chance.randrange(0, 9)
    return Sums(seconds, 0, int(seconds * chance.uniform(low, high) * 1000), low * 1000, high * 1000)


def fill(database: Database, series: list[Series], days: int, now: int) -> None:
    """The year up to the minute `now`, oldest first."""
    chance = random.Random(1)
    first, by_minutes = hour_of(now - days * _DAY), hour_of(now - MINUTES_LAST_DAYS * _DAY)
    with database.writing() as rows:
        # Names get their numbers as they do in earnest, by a first minute.
        add_minutes(rows, {(first, one): some_sums(one, 60, chance) for one in series})
    for day in range(first, by_minutes, _DAY):
        with database.writing() as rows:
            for hour in range(day, min(day + _DAY, by_minutes), 60):
                sums = [some_sums(one, 3600, chance) for one in series]
                rows.executemany(
                    "INSERT OR REPLACE INTO hours (series, start, known, true, total, low, high)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [
                        (number, hour, of.known, of.true, of.total, of.low, of.high)
                        for number, of in enumerate(sums, start=1)
                    ],
                )
            add_alerts(rows, _alerts(day, chance))
    for hour in range(by_minutes, now, 60):
        with database.writing() as rows:
            for minute in range(hour, min(hour + 60, now)):
                add_minutes(rows, {(minute, one): some_sums(one, 60, chance) for one in series})
            roll_up(rows, min(hour + 60, now))


def _alerts(day: int, chance: random.Random) -> Iterator[SkillEvent]:
    for number in range(20):
        raised = local_time(day + chance.randrange(_DAY))
        yield SkillEvent(
            id=f"{day}-{number}",
            skill=f"skill-{number % 20}",
            name="Low stock, dairy",
            camera="aisle-0",
            step="low",
            phase="cleared",
            time=(raised + timedelta(minutes=chance.randrange(1, 90))).isoformat(),
            since=raised.isoformat(),
            text="Few bottles on the shelf",
            severity="warning",
            numbers={"count-0": 1.0, "count-1": 4.0},
            frame_id="aisle-0-1",
            picture=f"{day}-{number}.jpg",
        )


def measure(folder: Path, skills: int, cameras: int, days: int) -> Measured:
    series, now = every_series(skills, cameras), int(time.time() // 60)
    with closing(open_insights(folder / PLACE)) as database:
        fill(database, series, days, now)
        drop_ms = _took_ms(database, lambda rows: drop_old(rows, now, MOST_BYTES))
        listen_us, batch = _listen(skills, cameras, now)
        writes = [_took_ms(database, lambda rows: add_minutes(rows, batch)) for _ in range(_WRITES)]
        roll_up_ms = _took_ms(database, lambda rows: roll_up(rows, now + 60))
        queries = {span: _query_ms(database, span, skills, cameras, days) for span in _SPANS}
        with database.reading() as rows:
            counts = {name: _count(rows, name) for name in ("minutes", "hours", "alerts")}
        size = sum(path.stat().st_size for path in folder.iterdir())
    return Measured(
        days=days,
        series=len(series),
        file_mb=round(size / 1e6, 1),
        **counts,
        listen_us=round(listen_us, 1),
        write_p95_ms=round(float(np.percentile(writes, 95)), 1),
        roll_up_ms=round(roll_up_ms, 1),
        drop_ms=round(drop_ms, 1),
        day_ms=queries["day"],
        week_ms=queries["week"],
        month_ms=queries["month"],
        year_ms=queries["year"],
    )


def _listen(skills: int, cameras: int, minute: int) -> tuple[float, Cells]:
    """Ten seconds of traces: the mean time that one takes, in microseconds, and what they add up to."""
    tally, began_ns = Tally(), minute * 60_000_000_000
    steps = {f"count-{number}": StepState(number=float(number)) for number in range(_NUMBERS)}
    steps |= {"low": StepState(condition=True), "bottles": StepState(boxes=(), number=0.0)}
    traces = [
        SkillTrace(
            skill=f"skill-{skill}",
            draft=False,
            camera=f"aisle-{camera}",
            frame_id=f"{second}",
            taken_ns=began_ns + second * 1_000_000_000,
            steps=steps,
        )
        for second in range(11)
        for skill in range(skills)
        for camera in range(cameras)
    ]
    began_s = time.process_time()
    for trace in traces:
        tally.add(trace)
    return (time.process_time() - began_s) / len(traces) * 1e6, tally.take()


def _query_ms(database: Database, span: Span, skills: int, cameras: int, days: int) -> float:
    """Median over some skills, cameras and periods, as a page of it asks."""
    chance, times = random.Random(2), []
    for number in range(_QUERIES):
        of = Watched(f"skill-{chance.randrange(skills)}", f"aisle-{chance.randrange(cameras)}")
        back = 0 if number % 2 else chance.randrange(days)
        fine = span == "day" and back < MINUTES_LAST_DAYS - 1
        shown = period(span, date.today() - timedelta(days=back), fine=fine)
        began_s = time.perf_counter()
        with database.reading() as rows:
            found = lines(rows, of, shown.edges, fine=fine)
            alerts(rows, of, shown.start, shown.end, MOST_SHOWN_ALERTS)
        times.append((time.perf_counter() - began_s) * 1000)
        assert len(found) == _NUMBERS + 1, f"{span}, {back} days back: 4 steps expected, got {len(found)}"
    return round(float(np.median(times)), 1)


def _took_ms(database: Database, write: Callable[[Rows], object]) -> float:
    began_s = time.perf_counter()
    with database.writing() as rows:
        write(rows)
    return (time.perf_counter() - began_s) * 1000


def _count(rows: Rows, table: str) -> int:
    return int(rows.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def main() -> int:
    arguments = argparse.ArgumentParser(prog="bench.insights", description=__doc__)
    arguments.add_argument("--skills", type=int, default=20)
    arguments.add_argument("--cameras", type=int, default=4)
    arguments.add_argument("--days", type=int, default=365)
    arguments.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = arguments.parse_args()
    if chosen.days < MINUTES_LAST_DAYS + 1:
        arguments.error(f"--days: at least {MINUTES_LAST_DAYS + 1} expected, got {chosen.days}")
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(Path(folder), chosen.skills, chosen.cameras, chosen.days)
    if chosen.json:
        print(json.dumps(asdict(measured)))
    else:
        for name, value in asdict(measured).items():
            print(f"{name:14} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
