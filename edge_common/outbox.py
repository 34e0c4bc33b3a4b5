"""Messages on disk until a hub has taken them: at least once, in order for each output, bounded by size and age.

What a program may have lost after `add` came back is nothing, whatever kills it. When there is too much, the least
important and oldest go first, alerts last; what went is counted.
"""

import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge_common.errors import EdgeError
from edge_common.sqlite_file import open_database

MOST_BYTES = 20_000_000
"""Of all bodies together."""
MOST_BODY_BYTES = 250_000
"""A hub takes 256 KB with properties."""
_DAY_S = 86_400.0
_LOOK_EVERY_S = 10.0
"""For messages that are too old."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    number INTEGER PRIMARY KEY AUTOINCREMENT, importance INTEGER NOT NULL, output TEXT NOT NULL,
    message_id TEXT NOT NULL, made_s REAL NOT NULL, body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS in_turn ON messages (importance, number);
CREATE TABLE IF NOT EXISTS dropped (output TEXT PRIMARY KEY, messages INTEGER NOT NULL);
"""


class OutboxError(EdgeError):
    """A message that cannot be kept: the disk takes nothing, or it is larger than a hub allows."""

    code = "not_kept"


@dataclass(frozen=True)
class Kind:
    """How messages of an output are treated; 0 is the most important."""

    importance: int
    most_age_s: float


KINDS: Mapping[str, Kind] = {"alerts": Kind(0, 7 * _DAY_S), "events": Kind(1, 7 * _DAY_S)}
OTHERS = Kind(5, 1800.0)


@dataclass(frozen=True)
class Message:
    """One that waits; `message_id` stays the same when it is sent again."""

    number: int
    output: str
    message_id: str
    body: bytes


class Outbox:
    """One file; every method may be called from any thread, by one program at a time."""

    def __init__(
        self, path: Path, *, most_bytes: int = MOST_BYTES, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._looked_s = 0.0
        self._database = open_database(path, _SCHEMA)
        self._bytes = self._one("SELECT coalesce(sum(length(body)), 0) FROM messages")
        # Ages count while a program runs: a device's clock may start in 1970, and jump by years when it finds the time.
        newest_s = float(self._database.execute("SELECT coalesce(max(made_s), 0) FROM messages").fetchone()[0])
        self._clock, self._clock_offset_s = now_s, newest_s - now_s()
        self._dropped = dict(self._database.execute("SELECT output, messages FROM dropped"))

    def add(self, output: str, sealed: Callable[[str, int], bytes]) -> str:
        """Keep a message; it is on disk when its id comes back. Raises OutboxError.

        `sealed` makes its body of that id and its number: numbers go on by one with each that is kept, for ever.
        """
        message_id = uuid.uuid4().hex
        with self._using(f"a message to {output} cannot be kept"):
            number = self._one("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'messages'") + 1
            body = sealed(message_id, number)
            if len(body) > MOST_BODY_BYTES:
                raise OutboxError(f"a message to {output}: at most {MOST_BODY_BYTES} bytes expected, got {len(body)}")
            row = (number, KINDS.get(output, OTHERS).importance, output, message_id, self._now_s(), body)
            with self._database:
                self._database.execute("INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?)", row)
            self._bytes += len(body)
            while self._bytes > self._most_bytes and self._drop("ORDER BY importance DESC, number LIMIT 1"):
                pass
        return message_id

    def first(self) -> Message | None:
        """The next to be sent: the most important, then the oldest; None when nothing waits. Raises OutboxError."""
        with self._using("waiting messages cannot be read"):
            self._drop_old()
            row = self._database.execute(
                "SELECT number, output, message_id, body FROM messages ORDER BY importance, number LIMIT 1"
            ).fetchone()
        return Message(*row) if row else None

    def done(self, message: Message) -> None:
        """The hub has taken it. Raises OutboxError; the message then goes out again."""
        with self._using("a message that was sent cannot be taken out"):
            with self._database:
                gone = self._database.execute("DELETE FROM messages WHERE number = ?", (message.number,)).rowcount
            self._bytes -= len(message.body) * gone

    def waiting(self) -> int:
        with self._using("waiting messages cannot be counted"):
            return self._one("SELECT count(*) FROM messages")

    def dropped(self) -> dict[str, int]:
        """Messages of each output that were given up, ever."""
        with self._lock:
            return dict(self._dropped)

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def _drop_old(self) -> None:
        now_s = self._now_s()
        if now_s - self._looked_s < _LOOK_EVERY_S:
            return
        self._looked_s = now_s
        for output, kind in KINDS.items():
            self._drop("WHERE output = ? AND made_s < ?", output, now_s - kind.most_age_s)
        self._drop("WHERE importance = ? AND made_s < ?", OTHERS.importance, now_s - OTHERS.most_age_s)

    def _drop(self, which: str, *values: object) -> bool:
        """Delete and count; whether there was anything to delete."""
        rows = self._database.execute(f"SELECT number, output, length(body) FROM messages {which}", values).fetchall()
        if not rows:
            return False
        with self._database:
            for number, output, _ in rows:
                self._database.execute("DELETE FROM messages WHERE number = ?", (number,))
                self._database.execute(
                    "INSERT INTO dropped VALUES (?, 1) ON CONFLICT (output) DO UPDATE SET messages = messages + 1",
                    (output,),
                )
        for _, output, size in rows:
            self._bytes -= size
            self._dropped[output] = self._dropped.get(output, 0) + 1
        return True

    def _now_s(self) -> float:
        return self._clock() + self._clock_offset_s

    @contextmanager
    def _using(self, fault: str) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise OutboxError(f"{fault}: {error}") from error

    def _one(self, query: str) -> int:
        return int(self._database.execute(query).fetchone()[0])
