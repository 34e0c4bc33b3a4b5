"""One SQLite file that lasts through power cuts: opened and whole, begun anew where it is damaged."""

import logging
import sqlite3
from pathlib import Path

log = logging.getLogger(__name__)


def open_database(path: Path, schema: str) -> sqlite3.Connection:
    """For one user at a time, from any thread; a file that is damaged is put aside, as one must go on.

    Raises sqlite3.OperationalError when the disk does not let it be opened, as when it is full: the file may be good.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _connected(path, schema)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        aside = path.with_name(f"{path.name}.damaged")
        log.error("%s is damaged (%s): it is kept as %s, and begins anew", path, error, aside.name)
        path.replace(aside)
        for tail in ("-wal", "-shm"):
            path.with_name(path.name + tail).unlink(missing_ok=True)
        return _connected(path, schema)


def _connected(path: Path, schema: str) -> sqlite3.Connection:
    database = sqlite3.connect(path, check_same_thread=False, timeout=30)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        result = database.execute("PRAGMA quick_check").fetchone()[0]
        if result != "ok":
            raise sqlite3.DatabaseError(result)
        database.executescript(schema)
    except BaseException:
        database.close()
        raise
    return database
