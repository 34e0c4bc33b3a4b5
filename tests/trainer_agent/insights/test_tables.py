"""Rows and roll-ups, in a real file."""

from contextlib import closing
from datetime import date

import pytest

from modules.trainer_agent.database import Damaged, Database
from modules.trainer_agent.insights import reading, tables
from modules.trainer_agent.insights.periods import period
from modules.trainer_agent.insights.reading import Part, Watched, alert_count, alerts, lines, newest, watched
from modules.trainer_agent.insights.tables import MIGRATIONS, add_alerts, add_minutes, drop_old, roll_up, used_bytes
from modules.trainer_agent.insights.tally import Series, Sums
from tests.trainer_agent.insights.told import NOON, event

OF = Watched("low-stock", "aisle-4")
COUNT = Series(*OF, "count", "number")
LOW = Series(*OF, "low", "condition")
MINUTE = NOON // 60
DAY = date(2026, 11, 26)


@pytest.fixture
def database(tmp_path):
    with closing(Database(tmp_path / "insights.db", migrations=MIGRATIONS)) as opened:
        yield opened


def add(database, minute, series=COUNT, known=60, **sums):
    with database.writing() as rows:
        add_minutes(rows, {(minute, series): Sums(known=known, **sums)})


def shown(database, span="day", *, fine=False, of=OF):
    """The parts that are known, of the first step."""
    found = period(span, DAY, fine=fine)
    with database.reading() as rows:
        steps = lines(rows, of, found.edges, fine=fine)
    return [part for part in steps[0].parts if part.known_s]


@pytest.mark.parametrize("fine", [True, False])
@pytest.mark.parametrize("rolled_up", [True, False])
def test_what_is_added_to_a_minute_is_added_up(database, fine, rolled_up):
    add(database, MINUTE, known=10, total=20_000, low=1000, high=3000)
    add(database, MINUTE, known=20, total=20_000, low=500, high=2000)
    if rolled_up:
        with database.writing() as rows:
            assert roll_up(rows, MINUTE + 60) == 1

    assert shown(database, fine=fine) == [Part(30, 0, 40 / 30, 0.5, 3.0)]


def test_a_condition_is_told_by_its_share_of_the_time_that_is_known(database):
    add(database, MINUTE, LOW, known=60, true=15)
    add(database, MINUTE + 1, LOW, known=20, true=5)

    (part,) = shown(database)

    assert (part.known_s, part.true_s, part.share) == (80, 20, 0.25)


def test_hours_are_the_same_whether_they_have_ended_or_not(database):
    for minute in range(MINUTE - 150, MINUTE + 30):
        add(database, minute, total=60_000 * (minute % 7), low=0, high=(minute % 7) * 1000)
    before = [shown(database, span) for span in ("day", "week", "month", "year")]

    with database.writing() as rows:
        ended = roll_up(rows, MINUTE + 29)

    assert ended == 3
    assert [shown(database, span) for span in ("day", "week", "month", "year")] == before
    assert sum(part.known_s for part in before[0]) == 180 * 60


def test_an_hour_to_which_something_is_added_late_is_added_up_anew(database):
    add(database, MINUTE, total=60_000)
    with database.writing() as rows:
        roll_up(rows, MINUTE + 60)
    add(database, MINUTE + 1, total=180_000)

    assert [part.mean for part in shown(database)] == [2.0]
    with database.writing() as rows:
        roll_up(rows, MINUTE + 60)
    assert [part.mean for part in shown(database)] == [2.0]


def test_skills_and_cameras_are_kept_apart(database):
    other = Series("queue", "till-1", "count", "number")
    add(database, MINUTE, total=60_000)
    add(database, MINUTE, other, total=120_000)

    assert [part.mean for part in shown(database)] == [1.0]
    assert [part.mean for part in shown(database, of=Watched("queue", "till-1"))] == [2.0]
    with database.reading() as rows:
        assert watched(rows) == (OF, Watched("queue", "till-1"))


def test_minutes_go_after_some_days_and_hours_stay(database):
    old, kept = MINUTE - tables.MINUTES_LAST_DAYS * 1440 - 1, MINUTE - 5
    for minute in (old, kept):
        add(database, minute, total=60_000)
    with database.writing() as rows:
        roll_up(rows, MINUTE)
        drop_old(rows, MINUTE, 10_000_000)

    with database.reading() as rows:
        assert rows.execute("SELECT start FROM minutes").fetchall()[0]["start"] == kept
        assert rows.execute("SELECT count(*) FROM hours").fetchone()[0] == 2


def test_of_a_file_that_is_too_large_the_oldest_hours_go(database):
    with database.writing() as rows:
        for day in range(400):
            add_minutes(rows, {(MINUTE - day * 1440 - hour * 60, COUNT): Sums(60) for hour in range(24)})
        roll_up(rows, MINUTE + 60)
        rows.execute("DELETE FROM minutes")
        before = used_bytes(rows)

        drop_old(rows, MINUTE, before // 2)

        assert used_bytes(rows) <= before // 2
        left, oldest, last = rows.execute("SELECT count(*), min(start), max(start) FROM hours").fetchone()
    assert 0 < left < 400 * 24
    assert MINUTE - oldest < 250 * 1440
    assert last == MINUTE


def test_hours_of_many_years_and_what_no_rows_have_any_more_go(database):
    add(database, MINUTE - tables.HOURS_LAST_DAYS * 1440 - 61, LOW)
    add(database, MINUTE, COUNT)
    with database.writing() as rows:
        roll_up(rows, MINUTE)
        drop_old(rows, MINUTE, 10_000_000)

    with database.reading() as rows:
        assert [row["step"] for row in rows.execute("SELECT step FROM series")] == ["count"]


def test_an_alert_has_one_row_however_often_it_is_told(database):
    raised, cleared = event(1, "raised", 30, picture="1.jpg"), event(1, "cleared", 90, since=30)
    for told in ([raised], [raised], [cleared], [raised, cleared]):
        with database.writing() as rows:
            add_alerts(rows, told)

    with database.reading() as rows:
        (found,) = alerts(rows, OF, MINUTE, MINUTE + 1, 10)
    assert (found.raised_s, found.cleared_s, found.picture) == (NOON + 30, NOON + 90, "1.jpg")
    assert found.numbers == {"count": 1.0}


def test_an_alert_of_which_only_the_end_is_told_is_known_from_its_beginning(database):
    with database.writing() as rows:
        add_alerts(rows, [event(1, "cleared", 90, since=30)])

    with database.reading() as rows:
        assert [one.raised_s for one in alerts(rows, OF, MINUTE, MINUTE + 1, 10)] == [NOON + 30]
        assert newest(rows, OF) == MINUTE


def test_only_so_many_alerts_are_kept(database, monkeypatch):
    monkeypatch.setattr(tables, "MOST_ALERTS", 3)
    with database.writing() as rows:
        add_alerts(rows, [event(number, "raised", number) for number in range(5)])
        drop_old(rows, MINUTE, 10_000_000)

    with database.reading() as rows:
        assert [one.raised_s - NOON for one in alerts(rows, OF, MINUTE, MINUTE + 1, 10)] == [4, 3, 2]
        assert alert_count(rows, OF, MINUTE, MINUTE + 1) == 3


def test_a_page_looks_nothing_up_by_searching_through_all_rows(database):
    values = {"series": "[1]", "parts": "[[0, 1]]", "minutes": "[[0, 0]]"}
    with database.reading() as rows:
        plans = [
            rows.execute(f"EXPLAIN QUERY PLAN {query}", values).fetchall()
            for query in (reading._HOURS, reading._MINUTES)
        ]

    told = [row["detail"] for plan in plans for row in plan]
    assert not [text for text in told if text.startswith("SCAN") and ("hours" in text or "minutes" in text)], told
    assert "SEARCH hours USING PRIMARY KEY (series=? AND start>? AND start<?)" in told
    assert "SEARCH minutes USING PRIMARY KEY (start=? AND series=?)" in told


def test_a_file_that_is_no_database_is_told_apart_from_a_full_disk(tmp_path):
    path = tmp_path / "insights.db"
    path.write_bytes(b"not a database" * 1000)

    with pytest.raises(Damaged, match=r"what skills saw \(insights.db\) cannot be read or written"):
        Database(path, migrations=MIGRATIONS, called="what skills saw")
