"""Rows of the trainer's database as values; the caller holds the transaction."""

import json
import sqlite3
from collections.abc import Iterable, Sequence

from edge_common.errors import Conflict, InvalidInput, NotFound
from edge_common.geometry import Box
from edge_common.sentences import sentence
from modules.trainer_agent.annotations import Counts, LibraryImage, Model, Tag, TaggedBox, checked_tag_name, folded


def read_model(rows: sqlite3.Connection, model_id: str) -> Model:
    row = rows.execute("SELECT * FROM models WHERE id = ? AND deleted IS NULL", (model_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no model '{model_id[:80]}'.")
    tags = rows.execute("SELECT id, name FROM tags WHERE model_id = ? ORDER BY id", (model_id,))
    return Model(
        id=row["id"],
        name=row["name"],
        kind=row["kind"],
        automatic=bool(row["automatic"]),
        tags=tuple(Tag(tag["id"], tag["name"]) for tag in tags),
        created=row["created"],
        attributes=json.loads(row["attributes"]),
        several=bool(row["several"]),
        collecting=bool(row["collecting"]),
    )


def insert_model(rows: sqlite3.Connection, model: Model) -> None:
    """A new model, with everything but its tags; its name must be free."""
    rows.execute(
        "INSERT INTO models (id, name, folded, kind, several, automatic, collecting, created, attributes)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(model.id, model.name, folded(model.name), model.kind, model.several, model.automatic, model.collecting),
            *(model.created, json.dumps(dict(model.attributes), ensure_ascii=False)),
        ),
    )


def tag_of(model: Model, tag_id: int) -> Tag:
    for tag in model.tags:
        if tag.id == tag_id:
            return tag
    raise InvalidInput(f"Tag {tag_id} is not a tag of '{model.name}'.")


def insert_tags(rows: sqlite3.Connection, model_id: str, names: Sequence[str]) -> None:
    for name in map(checked_tag_name, names):
        if rows.execute("SELECT 1 FROM tags WHERE model_id = ? AND folded = ?", (model_id, folded(name))).fetchone():
            raise Conflict(sentence("The model has the tag '%(tag)s' already.", tag=name))
        rows.execute("INSERT INTO tags (model_id, name, folded) VALUES (?, ?, ?)", (model_id, name, folded(name)))


UNTAGGED = (
    "NOT library.tagged AND NOT EXISTS"
    " (SELECT 1 FROM checks WHERE checks.image_id = library.id AND checks.checked IS NULL)"
)
"""Of a row of the library: waits to be tagged. What was kept to be checked waits for that instead."""


def read_counts(rows: sqlite3.Connection, model: Model) -> Counts:
    tagged, untagged = rows.execute(
        f"SELECT coalesce(sum(tagged), 0), coalesce(sum({UNTAGGED}), 0) FROM library WHERE model_id = ?", (model.id,)
    ).fetchone()
    per_tag = {
        tag.id: rows.execute(
            "SELECT (SELECT count(DISTINCT image_id) FROM boxes WHERE tag_id = :tag)"
            " + (SELECT count(*) FROM image_tags WHERE tag_id = :tag)",
            {"tag": tag.id},
        ).fetchone()[0]
        for tag in model.tags
    }
    return Counts(tagged, untagged, per_tag)


def read_image(rows: sqlite3.Connection, image_id: int) -> LibraryImage:
    row = rows.execute("SELECT * FROM library WHERE id = ?", (image_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no image {image_id} (any more).")
    return image_of(row)


def image_of(row: sqlite3.Row) -> LibraryImage:
    return LibraryImage(
        id=row["id"],
        model_id=row["model_id"],
        digest=row["digest"],
        name=row["name"],
        width=row["width"],
        height=row["height"],
        source=row["source"],
        camera=row["camera"],
        taken_ns=row["taken_ns"],
        tag_ids=tuple(json.loads(row["tag_ids"])),
        tagged=bool(row["tagged"]),
    )


def tag_image(rows: sqlite3.Connection, image_id: int, tag_ids: Iterable[int]) -> None:
    """Have a whole picture tagged with these and no others; that there is nothing to tag is not said any more."""
    rows.execute("DELETE FROM image_tags WHERE image_id = ?", (image_id,))
    rows.executemany(
        "INSERT INTO image_tags (image_id, tag_id) VALUES (?, ?)", [(image_id, tag_id) for tag_id in tag_ids]
    )
    rows.execute("UPDATE images SET reviewed = 0 WHERE id = ?", (image_id,))


def box_of(row: sqlite3.Row) -> TaggedBox:
    return TaggedBox(row["id"], row["tag_id"], Box(row["x0"], row["y0"], row["x1"], row["y1"]))
