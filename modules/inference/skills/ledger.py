"""What skills remember and what is still to be done, in one file: both change together, or neither.

So a change is on disk before anything is done about it, and what was not done before a power cut is done after it.
"""

import sqlite3
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge_common.errors import EdgeError
from edge_common.sqlite_file import open_database

TaskKind = Literal["tell", "alert", "post", "publish"]

PLACE = Path("skills") / "ledger.sqlite"
"""Below the data folder."""
MOST_TASKS = 1000
"""Of a kind; the oldest goes first."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS states (
    skill TEXT NOT NULL, camera TEXT NOT NULL, document TEXT NOT NULL, series TEXT NOT NULL, state BLOB NOT NULL,
    PRIMARY KEY (skill, camera)
);
CREATE TABLE IF NOT EXISTS tasks (
    number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, destination TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS in_turn ON tasks (kind, number);
CREATE TABLE IF NOT EXISTS dropped (kind TEXT PRIMARY KEY, tasks INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS clock (
    one INTEGER PRIMARY KEY CHECK (one = 1), boot TEXT NOT NULL, boot_s REAL NOT NULL, utc_s REAL NOT NULL,
    steady_s REAL NOT NULL
);
"""


class LedgerError(EdgeError):
    """The disk takes nothing, or gives nothing."""

    code = "not_kept"


@dataclass(frozen=True)
class KeptState:
    """What is remembered of a skill on one of its cameras."""

    skill: str
    camera: str
    document: str
    """The skill as JSON, by which the state was made."""
    series: str
    """Tells raises of this state from those of one that began anew."""
    state: bytes


@dataclass(frozen=True)
class Task:
    """Something to be done about a change. Of a destination, one after the other."""

    kind: TaskKind
    destination: str
    body: str


@dataclass(frozen=True)
class KeptTask(Task):
    number: int


@dataclass(frozen=True)
class ClockMark:
    """When it was by several clocks at once."""

    boot: str
    """Which start of the machine it was."""
    boot_s: float
    """Since then, sleep included."""
    utc_s: float
    steady_s: float


@dataclass(frozen=True)
class Entry:
    """What is written at once."""

    states: Sequence[KeptState] = ()
    gone: Collection[tuple[str, str]] = ()
    """States that end, by skill and camera."""
    tasks: Sequence[Task] = ()


class Ledger:
    """Every method may be called from any thread, by one program at a time; all raise LedgerError.

    The file is opened by the first that needs it, so that nothing else has to wait for a disk that is full.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._opened: sqlite3.Connection | None = None
        self._closed = False

    def states(self) -> list[KeptState]:
        with self._using("what skills remember cannot be read"):
            rows = self._database.execute("SELECT skill, camera, document, series, state FROM states").fetchall()
        return [KeptState(*row) for row in rows]

    def clock(self) -> ClockMark | None:
        with self._using("the clock of skills cannot be read"):
            row = self._database.execute("SELECT boot, boot_s, utc_s, steady_s FROM clock").fetchone()
        return ClockMark(*row) if row else None

    def write(self, entry: Entry, now: ClockMark) -> None:
        """All of it or nothing; it is on disk when this comes back."""
        states = [(one.skill, one.camera, one.document, one.series, one.state) for one in entry.states]
        tasks = [(one.kind, one.destination, one.body) for one in entry.tasks]
        with self._using("what skills remember cannot be kept"), self._database:
            run = self._database.executemany
            run("DELETE FROM states WHERE skill = ? AND camera = ?", list(entry.gone))
            run("INSERT OR REPLACE INTO states VALUES (?, ?, ?, ?, ?)", states)
            run("INSERT INTO tasks (kind, destination, body) VALUES (?, ?, ?)", tasks)
            run(
                "INSERT OR REPLACE INTO clock VALUES (1, ?, ?, ?, ?)", [(now.boot, now.boot_s, now.utc_s, now.steady_s)]
            )
            for kind in {one.kind for one in entry.tasks}:
                self._drop_oldest(kind)

    def next_task(self, kind: TaskKind, but: Collection[str] = ()) -> KeptTask | None:
        """The oldest for another destination than these."""
        marks = ", ".join("?" * len(but))
        with self._using("what is to be done cannot be read"):
            row = self._database.execute(
                "SELECT kind, destination, body, number FROM tasks WHERE kind = ?"
                f" AND destination NOT IN ({marks}) ORDER BY number LIMIT 1",
                (kind, *but),
            ).fetchone()
        return KeptTask(*row) if row else None

    def done(self, task: KeptTask) -> None:
        with self._using("what is done cannot be taken out"), self._database:
            self._database.execute("DELETE FROM tasks WHERE number = ?", (task.number,))

    def waiting(self) -> dict[str, int]:
        """How many tasks there are of each kind."""
        with self._using("what is to be done cannot be counted"):
            return dict(self._database.execute("SELECT kind, count(*) FROM tasks GROUP BY kind"))

    def dropped(self) -> dict[str, int]:
        """How many tasks of each kind were given up as they were too many, ever."""
        with self._using("what was given up cannot be counted"):
            return dict(self._database.execute("SELECT kind, tasks FROM dropped"))

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._opened is not None:
                self._opened.close()

    @property
    def _database(self) -> sqlite3.Connection:
        if self._closed:
            raise LedgerError("the ledger of skills is closed")
        if self._opened is None:
            self._opened = open_database(self._path, _SCHEMA)
        return self._opened

    def _drop_oldest(self, kind: str) -> None:
        gone = self._database.execute(
            "DELETE FROM tasks WHERE number IN"
            " (SELECT number FROM tasks WHERE kind = ? ORDER BY number DESC LIMIT -1 OFFSET ?)",
            (kind, MOST_TASKS),
        ).rowcount
        if gone:
            self._database.execute(
                "INSERT INTO dropped VALUES (?, ?) ON CONFLICT (kind) DO UPDATE SET tasks = tasks + excluded.tasks",
                (kind, gone),
            )

    @contextmanager
    def _using(self, fault: str) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except (sqlite3.Error, OSError) as error:
                raise LedgerError(f"{fault}: {error}") from error
