"""SQLite files of the trainer: opening, schema versions, transactions that outlive a power cut.

A connection serves one thread at a time; those at rest wait in a stack, so there are as many as threads that
were ever busy at once. WAL lets pages be read while a box is written; synchronous=FULL puts each commit on the
disk before it is acknowledged.
"""

import queue
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from edge_common.errors import EdgeError

Connection = sqlite3.Connection
Row = sqlite3.Row

_WAIT_FOR_WRITER_S = 10.0

_CHECKED = (
    "UPDATE checks SET checked = strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now')"
    " WHERE image_id = NEW.image_id AND checked IS NULL;"
)
_CHECKED_IMAGE = _CHECKED.replace("NEW.image_id", "NEW.id")

Rows = sqlite3.Connection
"""What a transaction works on, for files that need no more of SQLite."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE models (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            folded TEXT NOT NULL UNIQUE,
            kind TEXT NOT NULL CHECK (kind IN ('detection', 'classification')),
            automatic INTEGER NOT NULL CHECK (automatic IN (0, 1)),
            created TEXT NOT NULL
        )""",
        """CREATE TABLE tags (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            model_id TEXT NOT NULL REFERENCES models (id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            folded TEXT NOT NULL,
            UNIQUE (model_id, folded)
        )""",
        """CREATE TABLE images (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            model_id TEXT NOT NULL REFERENCES models (id) ON DELETE CASCADE,
            digest TEXT NOT NULL,
            name TEXT NOT NULL,
            width INTEGER NOT NULL,
            height INTEGER NOT NULL,
            source TEXT NOT NULL CHECK (source IN ('camera', 'upload')),
            camera TEXT,
            taken_ns INTEGER NOT NULL,
            tag_id INTEGER REFERENCES tags (id),
            reviewed INTEGER NOT NULL DEFAULT 0 CHECK (reviewed IN (0, 1)),
            UNIQUE (model_id, digest)
        )""",
        """CREATE TABLE boxes (
            id TEXT PRIMARY KEY,
            image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
            tag_id INTEGER NOT NULL REFERENCES tags (id),
            x0 REAL NOT NULL,
            y0 REAL NOT NULL,
            x1 REAL NOT NULL,
            y1 REAL NOT NULL
        )""",
        """CREATE TABLE trainings (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            model_id TEXT NOT NULL REFERENCES models (id) ON DELETE CASCADE,
            started TEXT NOT NULL,
            ended TEXT,
            phase TEXT NOT NULL,
            version TEXT,
            score TEXT,
            images INTEGER NOT NULL DEFAULT 0,
            boxes INTEGER NOT NULL DEFAULT 0,
            left_out TEXT NOT NULL DEFAULT '{}',
            seconds REAL,
            message TEXT NOT NULL DEFAULT ''
        )""",
        "CREATE INDEX images_of_digest ON images (digest)",
        "CREATE INDEX images_of_tag ON images (tag_id)",
        "CREATE INDEX boxes_of_image ON boxes (image_id, tag_id)",
        "CREATE INDEX boxes_of_tag ON boxes (tag_id, image_id)",
        "CREATE INDEX trainings_of_model ON trainings (model_id, id)",
        # `reviewed` says that somebody looked and found nothing to tag: such an image is tagged, too.
        """CREATE VIEW library AS
            SELECT *, (
                reviewed OR tag_id IS NOT NULL OR EXISTS (SELECT 1 FROM boxes WHERE boxes.image_id = images.id)
            ) AS tagged FROM images""",
    ),
    ("ALTER TABLE trainings ADD COLUMN kept_back TEXT NOT NULL DEFAULT ''",),
    (
        # An image with a row here was kept to be checked; tagging it, in whatever way, is checking it.
        """CREATE TABLE checks (
            image_id INTEGER PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE,
            reason TEXT NOT NULL,
            version TEXT,
            seen TEXT NOT NULL,
            kept_ns INTEGER NOT NULL,
            checked TEXT
        )""",
        f"CREATE TRIGGER checked_by_box AFTER INSERT ON boxes BEGIN {_CHECKED} END",
        "CREATE TRIGGER checked_by_tag AFTER UPDATE OF tag_id ON images WHEN NEW.tag_id IS NOT NULL"
        f" BEGIN {_CHECKED_IMAGE} END",
        "CREATE TRIGGER checked_by_look AFTER UPDATE OF reviewed ON images WHEN NEW.reviewed"
        f" BEGIN {_CHECKED_IMAGE} END",
        # Whole rows as JSON: what is deleted needs no columns of its own until it comes back.
        """CREATE TABLE bin (
            image_id INTEGER PRIMARY KEY,
            batch TEXT NOT NULL,
            deleted_ns INTEGER NOT NULL,
            model_id TEXT NOT NULL REFERENCES models (id) ON DELETE CASCADE,
            digest TEXT NOT NULL,
            rows TEXT NOT NULL
        )""",
        "CREATE INDEX bin_of_batch ON bin (batch)",
        "CREATE INDEX bin_of_digest ON bin (digest)",
        "CREATE INDEX images_of_model ON images (model_id, id)",
        "CREATE INDEX images_of_camera ON images (model_id, camera)",
    ),
    (
        "ALTER TABLE models ADD COLUMN attributes TEXT NOT NULL DEFAULT '{}'",
        # A model in the bin keeps all of its rows, but for the name, which another may take.
        "ALTER TABLE models ADD COLUMN deleted TEXT",
        """CREATE TABLE binned_tags (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            model_id TEXT NOT NULL REFERENCES models (id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            merged_into TEXT,
            deleted TEXT NOT NULL,
            content TEXT NOT NULL
        )""",
    ),
    (
        # A series that is being taken; its row goes when it ends.
        """CREATE TABLE series (
            model_id TEXT PRIMARY KEY REFERENCES models (id) ON DELETE CASCADE,
            camera TEXT NOT NULL,
            every_s INTEGER NOT NULL,
            images INTEGER NOT NULL,
            minutes INTEGER NOT NULL,
            only_changed INTEGER NOT NULL CHECK (only_changed IN (0, 1)),
            ends_ns INTEGER NOT NULL,
            taken INTEGER NOT NULL DEFAULT 0,
            alike INTEGER NOT NULL DEFAULT 0
        )""",
    ),
    (
        "ALTER TABLE models ADD COLUMN several INTEGER NOT NULL DEFAULT 0 CHECK (several IN (0, 1))",
        # Tags of whole pictures. `images.tag_id`, where the one tag was, stays empty: SQLite cannot drop it.
        """CREATE TABLE image_tags (
            image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
            tag_id INTEGER NOT NULL REFERENCES tags (id),
            PRIMARY KEY (image_id, tag_id)
        )""",
        "CREATE INDEX image_tags_of_tag ON image_tags (tag_id, image_id)",
        "INSERT INTO image_tags SELECT id, tag_id FROM images WHERE tag_id IS NOT NULL",
        "UPDATE images SET tag_id = NULL WHERE tag_id IS NOT NULL",
        "UPDATE bin SET rows = json_set(rows, '$.image_tags', json('[]'))",
        "UPDATE bin SET rows = json_set(rows, '$.image_tags', json_array(json_object('image_id', image_id, 'tag_id',"
        " json_extract(rows, '$.images[0].tag_id'))), '$.images[0].tag_id', NULL)"
        " WHERE json_extract(rows, '$.images[0].tag_id') IS NOT NULL",
        "DROP INDEX images_of_tag",
        "DROP TRIGGER checked_by_tag",
        f"CREATE TRIGGER checked_by_tag AFTER INSERT ON image_tags BEGIN {_CHECKED} END",
        "DROP VIEW library",
        """CREATE VIEW library AS
            SELECT *, (
                SELECT json_group_array(tag_id)
                FROM (SELECT tag_id FROM image_tags WHERE image_id = images.id ORDER BY tag_id)
            ) AS tag_ids, (
                reviewed
                OR EXISTS (SELECT 1 FROM image_tags WHERE image_tags.image_id = images.id)
                OR EXISTS (SELECT 1 FROM boxes WHERE boxes.image_id = images.id)
            ) AS tagged FROM images""",
    ),
    ("ALTER TABLE models ADD COLUMN collecting INTEGER NOT NULL DEFAULT 1 CHECK (collecting IN (0, 1))",),
)
"""Statements that lead from each schema version to the next; what is released is never edited, only added to."""


class Damaged(EdgeError):
    """A file that holds no whole database."""

    code = "damaged"


class Database:
    """One SQLite file. Every method may be called from any thread."""

    def __init__(
        self, path: Path, *, migrations: Sequence[Sequence[str]] = MIGRATIONS, called: str = "the library"
    ) -> None:
        """Open the file, made or brought to the newest schema; raises EdgeError, Damaged where that is so.

        called: what it holds, for its errors.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._migrations = migrations
        self._called = called
        self._resting: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._writing = threading.Lock()
        with self._wrapped(), self.connection() as connection:
            self._migrate(connection)

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """A connection for this thread alone while the block lasts."""
        try:
            connection = self._resting.get_nowait()
        except queue.Empty:
            connection = self._open()
        try:
            yield connection
        finally:
            self._resting.put(connection)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One unchanging view of everything while the block lasts."""
        with self._wrapped(), self.connection() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """All of the block's changes or none; on the disk when it ends. Raises EdgeError when they cannot be kept."""
        with self._writing, self._wrapped(), self.connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close what is at rest; call when no thread uses the database any more."""
        while not self._resting.empty():
            self._resting.get_nowait().close()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=_WAIT_FOR_WRITER_S, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _migrate(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            with closing(connection.execute("PRAGMA user_version")) as cursor:
                found: int = cursor.fetchone()[0]
            if found > len(self._migrations):
                raise EdgeError(
                    f"{self._path.name} has schema version {found}, made by a newer program; "
                    f"at most {len(self._migrations)} expected"
                )
            for statements in self._migrations[found:]:
                for statement in statements:
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(self._migrations)}")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    @contextmanager
    def _wrapped(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            # Of what sqlite3 raises, only a damaged file is a DatabaseError and none of its kinds.
            kind = Damaged if type(error) is sqlite3.DatabaseError else EdgeError
            raise kind(f"{self._called} ({self._path.name}) cannot be read or written: {error}") from error
