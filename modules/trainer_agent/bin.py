"""Deleted images for as long as they may come back, each with its boxes and the file it names."""

import json
import secrets
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from edge_common.errors import NotFound
from edge_common.sentences import marked
from modules.trainer_agent.database import Connection, Database, Row
from modules.trainer_agent.pictures import Pictures

LASTS_S = 900.0
"""Undo is offered for less than this; after it, the disk is freed."""
_TABLES = {"images": "id", "image_tags": "image_id", "boxes": "image_id", "checks": "image_id"}


@dataclass(frozen=True)
class Restored:
    """What an undo brought back."""

    images: int
    left_out: int
    """Images that are in the model again, as the same picture was added since."""


class Bin:
    """Takes images out of the library and gives them back. Every method may be called from any thread."""

    def __init__(self, database: Database, pictures: Pictures, files: threading.Lock) -> None:
        """`files` is held while a picture's file and the rows that name it must agree."""
        self._database = database
        self._pictures = pictures
        self._files = files

    def put(self, model_id: str, image_ids: Collection[int]) -> tuple[str, int]:
        """Delete images of a model: the name of the batch and how many; ids that are gone already count for nothing."""
        self.empty()
        batch, count = secrets.token_hex(8), 0
        with self._database.writing() as rows:
            for image_id in dict.fromkeys(image_ids):
                count += _move(rows, model_id, image_id, batch)
        return batch, count

    def restore(self, batch: str) -> Restored:
        """Have a deleted batch in the library again, with its boxes; raises NotFound when it is gone for good."""
        with self._database.writing() as rows:
            found = rows.execute("SELECT * FROM bin WHERE batch = ? ORDER BY image_id", (batch,)).fetchall()
            if not found:
                raise NotFound(marked("What was deleted is gone for good, or it came back already."))
            back = sum(_put_back(rows, row) for row in found)
            rows.execute("DELETE FROM bin WHERE batch = ?", (batch,))
        return Restored(back, len(found) - back)

    def empty(self, *, lasts_s: float = LASTS_S) -> None:
        """Delete for good what was deleted so long ago, and the files that nothing else names."""
        limit_ns = time.time_ns() - int(lasts_s * 1e9)
        with self._database.reading() as rows:
            if rows.execute("SELECT 1 FROM bin WHERE deleted_ns <= ?", (limit_ns,)).fetchone() is None:
                return
        with self._files:
            with self._database.writing() as rows:
                old = [
                    row["digest"] for row in rows.execute("SELECT digest FROM bin WHERE deleted_ns <= ?", (limit_ns,))
                ]
                rows.execute("DELETE FROM bin WHERE deleted_ns <= ?", (limit_ns,))
                unnamed = [digest for digest in dict.fromkeys(old) if not is_named(rows, digest)]
            for digest in unnamed:
                self._pictures.delete(digest)


def is_named(rows: Connection, digest: str) -> bool:
    """Whether an image, in the library or deleted, has this picture."""
    query = "SELECT 1 FROM images WHERE digest = :digest UNION ALL SELECT 1 FROM bin WHERE digest = :digest"
    return rows.execute(query, {"digest": digest}).fetchone() is not None


def _move(rows: Connection, model_id: str, image_id: int, batch: str) -> int:
    image = rows.execute("SELECT digest FROM images WHERE id = ? AND model_id = ?", (image_id, model_id)).fetchone()
    if image is None:
        return 0
    kept = {
        table: [dict(row) for row in rows.execute(f"SELECT * FROM {table} WHERE {key} = ? ORDER BY rowid", (image_id,))]
        for table, key in _TABLES.items()
    }
    rows.execute(
        "INSERT INTO bin (image_id, batch, deleted_ns, model_id, digest, rows) VALUES (?, ?, ?, ?, ?, ?)",
        (image_id, batch, time.time_ns(), model_id, image["digest"], json.dumps(kept)),
    )
    rows.execute("DELETE FROM images WHERE id = ?", (image_id,))
    return 1


def _put_back(rows: Connection, row: Row) -> int:
    twin = "SELECT 1 FROM images WHERE model_id = ? AND digest = ?"
    if rows.execute(twin, (row["model_id"], row["digest"])).fetchone():
        return 0
    tags = {tag["id"] for tag in rows.execute("SELECT id FROM tags WHERE model_id = ?", (row["model_id"],))}
    kept: dict[str, list[dict[str, Any]]] = json.loads(row["rows"])
    for table in _TABLES:
        for one in kept[table]:
            # A tag that was removed since stays removed, and with it its boxes.
            if one.get("tag_id") is None or one["tag_id"] in tags:
                _insert(rows, table, one)
    return 1


def _insert(rows: Connection, table: str, one: dict[str, Any]) -> None:
    marks = ", ".join("?" * len(one))
    rows.execute(f"INSERT INTO {table} ({', '.join(one)}) VALUES ({marks})", tuple(one.values()))
