"""The SQLite file of Insights, and reading it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from modules.trainer_agent.database import Database, Rows
from modules.trainer_agent.insights.tables import MIGRATIONS

PLACE = "insights.db"
"""Below the data folder."""


def open_insights(path: Path) -> Database:
    """The file, made where there is none; raises EdgeError, Damaged where it holds something else."""
    return Database(path, migrations=MIGRATIONS, called="what skills saw")


@contextmanager
def reading(data: Path) -> Iterator[Rows]:
    """One unchanging view of all rows below a data folder while the block lasts; raises EdgeError."""
    # Opened each time, which takes a millisecond: a file that was put aside as damaged is not read any longer.
    with closing(open_insights(data / PLACE)) as database, database.reading() as rows:
        yield rows
