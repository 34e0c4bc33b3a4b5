"""The thread that listens and writes: over a feed in memory, and over ZeroMQ."""

import logging
import queue
import time
from contextlib import closing, contextmanager
from datetime import date

import pytest

from edge_common.errors import EdgeError
from edge_common.results import ResultPublisher, ResultSubscriber
from edge_common.skill_feed import EVENTS_PLACE, SkillFeed
from modules.trainer_agent.insights.keeper import Insights
from modules.trainer_agent.insights.kept_file import PLACE, reading
from modules.trainer_agent.insights.pace import ModelPace
from modules.trainer_agent.insights.periods import period
from modules.trainer_agent.insights.reading import Watched, alerts, lines, watched
from tests.trainer_agent.insights.told import NOON, event, result, trace
from tests.waiting import PATIENCE_S, wait_for

OF = Watched("low-stock", "aisle-4")
DAY = period("day", date(2026, 11, 26))


class QueueFeed:
    """What a test has told."""

    def __init__(self):
        self.told = queue.Queue()

    def next(self, timeout_s):
        try:
            return self.told.get(timeout=min(timeout_s, 0.02))
        except queue.Empty:
            return None


@contextmanager
def running(tmp_path, feed=None, **options):
    options = {"write_every_s": 0.05, "now_s": lambda: NOON + 3600, **options}
    with closing(Insights(feed or QueueFeed(), tmp_path, **options)) as insights:
        yield insights


def known_s(tmp_path):
    with reading(tmp_path) as rows:
        return sum(part.known_s for line in lines(rows, OF, DAY.edges, fine=False) for part in line.parts)


def watched_now(tmp_path):
    with reading(tmp_path) as rows:
        return watched(rows)


def shown_alerts(tmp_path):
    with reading(tmp_path) as rows:
        return alerts(rows, OF, DAY.start, DAY.end, 10)


def tell(feed, *told):
    for one in told:
        feed.told.put(one)


def write_events(tmp_path, *events):
    path = tmp_path / EVENTS_PLACE
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as file:
        file.writelines(f"{one.model_dump_json()}\n" for one in events)


def test_what_is_told_is_counted_and_drafts_are_not(tmp_path):
    feed = QueueFeed()
    with running(tmp_path, feed):
        draft = trace(0.5, count=9).model_copy(update={"draft": True})
        tell(feed, trace(0, count=2), draft, trace(1, count=2), event(1, "raised", 1), trace(5, count=2))

        wait_for(lambda: known_s(tmp_path) == 5)
        assert shown_alerts(tmp_path) == ()


def test_a_restart_misses_no_second_that_was_heard_and_counts_none_twice(tmp_path):
    feed = QueueFeed()
    for start in (0, 100, 200):
        with running(tmp_path, feed, write_every_s=60.0):
            tell(feed, *(trace(start + second, count=1) for second in range(11)))
            wait_for(feed.told.empty)

    with running(tmp_path):
        assert known_s(tmp_path) == 30


def test_alerts_of_the_time_while_it_was_down_are_there_after_it_and_none_is_twice(tmp_path):
    write_events(tmp_path, event(1, "raised", 0))
    with running(tmp_path):
        assert [one.cleared_s for one in shown_alerts(tmp_path)] == [None]
    write_events(tmp_path, event(1, "cleared", 60, since=0), event(2, "raised", 90))

    with running(tmp_path):
        found = shown_alerts(tmp_path)
        write_events(tmp_path, event(2, "cleared", 95, since=90))
        wait_for(lambda: shown_alerts(tmp_path)[0].cleared_s)

    assert [(one.raised_s - NOON, one.cleared_s) for one in found] == [(90, None), (0, NOON + 60)]


def test_on_a_full_disk_it_waits_and_nothing_is_lost(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    feed = QueueFeed()
    many = {f"count_{number}": 1.0 for number in range(300)}
    with running(tmp_path, feed, write_every_s=60.0) as insights:
        set_most_pages(insights, 12)
        tell(feed, trace(0, **many), trace(3, **many))
        wait_for(lambda: len(insights._tally._cells) == 300)
        insights._write()
        insights._write()
        assert known_s(tmp_path) == 0
        set_most_pages(insights, 100_000)

        insights._write()

        assert known_s(tmp_path) == 900
    assert caplog.text.count("what skills see is not kept: what skills saw (insights.db) cannot be") == 1
    assert "database or disk is full" in caplog.text
    assert "what skills see is kept again; 0 minutes of steps were lost meanwhile" in caplog.text


def set_most_pages(insights, count):
    """SQLite then takes no more than so many, as on a full disk."""
    with insights._database.connection() as connection:
        connection.execute(f"PRAGMA max_page_count = {count}")


@pytest.mark.parametrize("when", ["at the start", "while it runs"])
def test_a_damaged_file_is_kept_and_counting_goes_on(tmp_path, caplog, when):
    feed, path = QueueFeed(), tmp_path / PLACE
    if when == "at the start":
        path.write_bytes(b"no database at all " * 1000)
    with running(tmp_path, feed) as insights:
        if when == "while it runs":
            with insights._database.connection() as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.execute("PRAGMA shrink_memory")
            # As a worn-out card does: the same file, with other bytes in it.
            with path.open("r+b") as file:
                file.write(b"x" * path.stat().st_size)
            tell(feed, trace(-9, count=1), trace(-8, count=1))
        wait_for(lambda: "is damaged: it is kept as insights.db.damaged" in caplog.text)
        wait_for(lambda: insights._database is not None)
        tell(feed, trace(0, count=1), trace(2, count=1))

        wait_for(lambda: known_s(tmp_path) >= 2)
    assert path.with_name(f"{PLACE}.damaged").exists()


def test_a_file_that_cannot_be_opened_is_told_to_who_reads_and_tried_again(tmp_path):
    (tmp_path / PLACE).mkdir()
    feed = QueueFeed()
    with running(tmp_path, feed) as insights:
        with pytest.raises(EdgeError, match="unable to open"), reading(tmp_path):
            pass
        (tmp_path / PLACE).rmdir()
        tell(feed, trace(0, count=1), trace(2, count=1))

        wait_for(lambda: insights._database is not None and known_s(tmp_path) == 2)


def test_events_that_cannot_be_read_keep_nothing_else_from_being_counted(tmp_path, caplog):
    (tmp_path / EVENTS_PLACE).mkdir(parents=True)
    feed = QueueFeed()
    with running(tmp_path, feed):
        tell(feed, trace(0, count=1), trace(2, count=1))

        wait_for(lambda: known_s(tmp_path) == 2)
    assert caplog.text.count("alerts are missing in Insights: ") == 1


def test_what_inference_publishes_is_counted_with_the_pace_of_models(tmp_path):
    """The real way: over ZeroMQ, by the clock of this machine."""
    endpoint = f"ipc://{tmp_path}/results"
    pace, began_ns = ModelPace(), NOON * 1_000_000_000
    clock_s = time.time()
    with (
        closing(ResultPublisher(endpoint)) as publisher,
        closing(ResultSubscriber(endpoint, pace.heard)),
        closing(SkillFeed(endpoint)) as feed,
        running(tmp_path, feed, pace=pace, now_s=lambda: NOON + time.time() - clock_s),
    ):
        deadline_s = time.monotonic() + PATIENCE_S
        number = 0
        while len(watched_now(tmp_path)) < 2:
            assert time.monotonic() < deadline_s
            number += 1
            publisher.publish_told(trace(number / 10, count=3))
            publisher.publish(result(taken_ns=began_ns + number * 100_000_000))
            time.sleep(0.05)

    assert watched_now(tmp_path) == (OF, Watched("model:shelf", "aisle-4"))
    assert known_s(tmp_path) > 0
