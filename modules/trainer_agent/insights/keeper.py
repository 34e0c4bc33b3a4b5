"""Keeps what skills saw: listens, adds up, and writes every ten seconds in one transaction."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from edge_common.errors import EdgeError
from edge_common.skill_feed import EVENTS_PLACE
from edge_common.skills.told import SkillEvent, SkillTrace
from modules.trainer_agent.database import Damaged, Database, Rows
from modules.trainer_agent.insights import event_file
from modules.trainer_agent.insights.kept_file import PLACE, open_insights
from modules.trainer_agent.insights.pace import ModelPace
from modules.trainer_agent.insights.tables import (
    add_alerts,
    add_minutes,
    drop_old,
    keep_place,
    read_place,
    roll_up,
)
from modules.trainer_agent.insights.tally import Cells, Tally

log = logging.getLogger(__name__)

MOST_BYTES = 190_000_000
"""Of the file; with what waits beside it to be put in place, 200 MB."""
WRITE_EVERY_S = 10.0
_LISTEN_S = 0.5


class Feed(Protocol):
    """What inference tells of skills, one after the other."""

    def next(self, timeout_s: float) -> SkillTrace | SkillEvent | None: ...


class Insights:
    """The thread that writes the file; who shows it reads it by `kept_file`."""

    def __init__(
        self,
        feed: Feed,
        data: Path,
        pace: ModelPace | None = None,
        *,
        write_every_s: float = WRITE_EVERY_S,
        most_bytes: int = MOST_BYTES,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        """Nothing that is wrong with the file keeps this from starting: it is told, and tried again.

        pace: what models do, to be kept beside what skills tell.
        """
        self._feed = feed
        self._path = data / PLACE
        self._events = data / EVENTS_PLACE
        self._write_every_s = write_every_s
        self._most_bytes = most_bytes
        self._now_s = now_s
        self._pace = pace
        self._tally = Tally()
        self._fault = ""
        self._unread = ""
        self._database: Database | None = None
        self._stop = threading.Event()
        self._write()
        self._thread = threading.Thread(target=self._run, name="insights")
        self._thread.start()

    def close(self) -> None:
        """Write what was counted and end."""
        self._stop.set()
        self._thread.join()
        if self._database is not None:
            self._database.close()

    def _run(self) -> None:
        looked_s = time.monotonic()
        due_s = looked_s + self._write_every_s
        while not self._stop.is_set():
            told = self._feed.next(_LISTEN_S)
            # Events are read from their file, which has those of the time before this program ran, too.
            if isinstance(told, SkillTrace) and not told.draft:
                self._tally.add(told)
            now_s = time.monotonic()
            if self._pace is not None and now_s - looked_s >= 1:
                for trace in self._pace.traces(int(self._now_s() * 1e9), now_s - looked_s):
                    self._tally.add(trace)
                looked_s = now_s
            if now_s >= due_s:
                self._write()
                due_s = time.monotonic() + self._write_every_s
        self._write()

    def _write(self) -> None:
        """All that is new, or nothing: then it waits, within bounds, and is tried again."""
        cells = self._tally.take()
        try:
            database = self._opened()
            if self._write_to(database, cells):
                with database.writing() as rows:
                    drop_old(rows, self._minute(), self._most_bytes)
        except (EdgeError, OSError) as error:
            self._tally.put_back(cells)
            if str(error) != self._fault:
                log.error("what skills see is not kept: %s", error)
            self._fault = str(error)
            if isinstance(error, Damaged):
                self._put_aside()
        else:
            if self._fault:
                log.info("what skills see is kept again; %d minutes of steps were lost meanwhile", self._tally.lost)
            self._fault, self._tally.lost = "", 0

    def _write_to(self, database: Database, cells: Cells) -> bool:
        """Whether an hour ended, after which is the time to look for what is too old."""
        more, ended = True, 0
        while more:
            with database.writing() as rows:
                more = self._read_events(rows)
                add_minutes(rows, cells)
                ended += roll_up(rows, self._minute())
            # They are on the disk now, whatever becomes of the rest.
            cells.clear()
        return ended > 0

    def _read_events(self, rows: Rows) -> bool:
        """Whether there are more of them."""
        try:
            read = event_file.read_on(self._events, *read_place(rows))
        except OSError as error:
            if str(error) != self._unread:
                log.error("alerts are missing in Insights: %s", error)
            self._unread = str(error)
            return False
        self._unread = ""
        add_alerts(rows, read.events)
        keep_place(rows, read.mark, read.place)
        return read.more

    def _minute(self) -> int:
        return int(self._now_s() // 60)

    def _opened(self) -> Database:
        if self._database is None:
            self._database = open_insights(self._path)
        return self._database

    def _put_aside(self) -> None:
        """A damaged file is kept beside a new one: counting must go on."""
        if self._database is not None:
            self._database.close()
            self._database = None
        aside = self._path.with_name(f"{PLACE}.damaged")
        log.error("%s is damaged: it is kept as %s, and Insights start anew", self._path, aside.name)
        self._path.replace(aside)
        for tail in ("-wal", "-shm"):
            self._path.with_name(PLACE + tail).unlink(missing_ok=True)
