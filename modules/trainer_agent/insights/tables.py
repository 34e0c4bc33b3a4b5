"""The rows of Insights: minutes for some days, hours for years, alerts; and how they are written. SQL only.

Times are whole minutes since 1970, UTC. An hour begins when the clock on the device's wall says so, wherever that is.
Minutes lie in order of time, as all series are written at once and one page on the disk takes them all; hours lie in
order of series, as a page shows a year of one.
"""

import json
from collections.abc import Iterable
from datetime import datetime

from edge_common.skills.told import SkillEvent
from modules.trainer_agent.database import Rows
from modules.trainer_agent.insights.tally import Cells, Series

MINUTES_LAST_DAYS = 3
HOURS_LAST_DAYS = 5 * 366
MOST_ALERTS = 20_000
MOST_TEXT = 200
_DAY = 1440
_PIECE = 30 * _DAY
"""So much of the oldest goes at a time when the file is too large."""
_SUMS = """
    series INTEGER NOT NULL,
    start INTEGER NOT NULL,
    known INTEGER NOT NULL,
    true INTEGER NOT NULL,
    total INTEGER NOT NULL,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL"""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE series (
            id INTEGER PRIMARY KEY,
            skill TEXT NOT NULL,
            camera TEXT NOT NULL,
            step TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('number', 'condition')),
            UNIQUE (skill, camera, step, kind)
        )""",
        f"CREATE TABLE minutes ({_SUMS}, PRIMARY KEY (start, series)) WITHOUT ROWID",
        f"CREATE TABLE hours ({_SUMS}, PRIMARY KEY (series, start)) WITHOUT ROWID",
        # Hours that have minutes which are not added up yet.
        "CREATE TABLE open_hours (start INTEGER PRIMARY KEY)",
        """CREATE TABLE alerts (
            id TEXT PRIMARY KEY,
            skill TEXT NOT NULL,
            name TEXT NOT NULL,
            camera TEXT NOT NULL,
            step TEXT NOT NULL,
            raised_s REAL NOT NULL,
            cleared_s REAL,
            text TEXT NOT NULL,
            severity TEXT NOT NULL,
            numbers TEXT NOT NULL,
            picture TEXT NOT NULL
        )""",
        "CREATE INDEX alerts_of_skill ON alerts (skill, camera, raised_s)",
        "CREATE INDEX alerts_in_time ON alerts (raised_s)",
        # How far the file of events has been read, in the same transaction as what was read.
        "CREATE TABLE events_read (id INTEGER PRIMARY KEY CHECK (id = 1), mark TEXT NOT NULL, place INTEGER NOT NULL)",
    ),
)


def hour_of(minute: int) -> int:
    """When the hour began that a minute lies in, by the device's time zone."""
    return minute - datetime.fromtimestamp(minute * 60).astimezone().minute


def add_minutes(rows: Rows, cells: Cells) -> None:
    """Add what was counted to what is there."""
    known = {series: _series_id(rows, series) for series in dict.fromkeys(series for _, series in cells)}
    hours = {minute: hour_of(minute) for minute in {minute for minute, _ in cells}}
    rows.executemany("INSERT OR IGNORE INTO open_hours VALUES (?)", [(hour,) for hour in set(hours.values())])
    rows.executemany(
        "INSERT INTO minutes (start, series, known, true, total, low, high) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (start, series) DO UPDATE SET known = known + excluded.known, true = true + excluded.true,"
        " total = total + excluded.total, low = min(low, excluded.low), high = max(high, excluded.high)",
        [
            (minute, known[series], sums.known, sums.true, sums.total, sums.low, sums.high)
            for (minute, series), sums in cells.items()
        ],
    )


def roll_up(rows: Rows, now: int) -> int:
    """Add up the minutes of every hour that has ended by the minute `now`; how many hours that were."""
    ended = [hour for (hour,) in rows.execute("SELECT start FROM open_hours") if not hour <= now < hour + 60]
    for hour in ended:
        rows.execute(
            "INSERT OR REPLACE INTO hours (series, start, known, true, total, low, high)"
            " SELECT series, :hour, sum(known), sum(true), sum(total), min(low), max(high)"
            " FROM minutes WHERE start >= :hour AND start < :hour + 60 GROUP BY series",
            {"hour": hour},
        )
        rows.execute("DELETE FROM open_hours WHERE start = ?", (hour,))
    return len(ended)


def add_alerts(rows: Rows, events: Iterable[SkillEvent]) -> None:
    """Each alert has one row, however often it is told that it was raised or cleared."""
    rows.executemany(
        "INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " cleared_s = coalesce(excluded.cleared_s, cleared_s),"
        " picture = CASE picture WHEN '' THEN excluded.picture ELSE picture END",
        [
            (
                *(event.id, event.skill, event.name[:MOST_TEXT], event.camera, event.step),
                datetime.fromisoformat(event.since).timestamp(),
                datetime.fromisoformat(event.time).timestamp() if event.phase == "cleared" else None,
                *(event.text[:MOST_TEXT], event.severity),
                *(json.dumps(event.numbers), event.picture),
            )
            for event in events
        ],
    )


def drop_old(rows: Rows, now: int, most_bytes: int) -> None:
    """Keep within days, numbers and, last, the size: of what is too much, the oldest goes."""
    rows.execute("DELETE FROM minutes WHERE start < ?", (now - MINUTES_LAST_DAYS * _DAY,))
    _drop_hours(rows, now - HOURS_LAST_DAYS * _DAY)
    rows.execute(
        "DELETE FROM alerts WHERE raised_s < (SELECT raised_s FROM alerts ORDER BY raised_s DESC LIMIT 1 OFFSET ?)",
        (MOST_ALERTS - 1,),
    )
    oldest = min((start for _, start in _oldest_hours(rows)), default=now)
    while used_bytes(rows) > most_bytes and oldest < now:
        oldest += _PIECE
        _drop_hours(rows, oldest)
    rows.execute("DELETE FROM series WHERE id NOT IN (SELECT series FROM minutes UNION SELECT series FROM hours)")


def used_bytes(rows: Rows) -> int:
    """Of the file, without what is free in it for new rows."""
    pages, free, size = (
        int(rows.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def read_place(rows: Rows) -> tuple[str, int]:
    """How far the file of events has been read: which file it was, and the byte; an empty mark for not at all."""
    row = rows.execute("SELECT mark, place FROM events_read").fetchone()
    return (row["mark"], row["place"]) if row else ("", 0)


def keep_place(rows: Rows, mark: str, place: int) -> None:
    rows.execute("INSERT OR REPLACE INTO events_read VALUES (1, ?, ?)", (mark, place))


def _series_id(rows: Rows, series: Series) -> int:
    query = "SELECT id FROM series WHERE skill = ? AND camera = ? AND step = ? AND kind = ?"
    row = rows.execute(query, series).fetchone()
    if row is None:
        rows.execute("INSERT INTO series (skill, camera, step, kind) VALUES (?, ?, ?, ?)", series)
        row = rows.execute(query, series).fetchone()
    return int(row[0])


def _oldest_hours(rows: Rows) -> list[tuple[int, int]]:
    """Each series that has hours, with its oldest."""
    query = "SELECT id, (SELECT start FROM hours WHERE series = id ORDER BY start LIMIT 1) AS oldest FROM series"
    return [(row["id"], row["oldest"]) for row in rows.execute(query) if row["oldest"] is not None]


def _drop_hours(rows: Rows, before: int) -> None:
    for series, oldest in _oldest_hours(rows):
        if oldest < before:
            rows.execute("DELETE FROM hours WHERE series = ? AND start < ?", (series, before))
