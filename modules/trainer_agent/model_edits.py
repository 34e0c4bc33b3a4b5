"""Changes to a model that is there: its name and attributes, its tags renamed, merged, deleted and brought back."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from edge_common.errors import Conflict, InvalidInput, NotFound
from edge_common.sentences import marked, sentence
from modules.trainer_agent.annotations import Model, Tag, checked_model_name, checked_tag_name, folded
from modules.trainer_agent.attributes import checked_attributes
from modules.trainer_agent.database import Database, Rows
from modules.trainer_agent.rows import read_model, tag_of


@dataclass(frozen=True)
class BinnedTag:
    """A tag that was deleted or merged, and can be brought back."""

    id: int
    name: str
    merged_into: str | None
    deleted: str
    """UTC, RFC 3339."""
    images: int
    """In so many images it was."""


def rename_model(database: Database, model_id: str, name: str) -> Model:
    """Raises InvalidInput, NotFound, or Conflict when another model has the name."""
    name = checked_model_name(name)
    with database.writing() as rows:
        read_model(rows, model_id)
        if rows.execute("SELECT 1 FROM models WHERE folded = ? AND id != ?", (folded(name), model_id)).fetchone():
            raise Conflict(sentence("There is a model named '%(name)s' already.", name=name))
        rows.execute("UPDATE models SET name = ?, folded = ? WHERE id = ?", (name, folded(name), model_id))
        return read_model(rows, model_id)


def set_attributes(database: Database, model_id: str, attributes: Mapping[str, str]) -> Model:
    """Replace all attributes of a model; raises InvalidInput, NotFound."""
    text = json.dumps(checked_attributes(attributes), ensure_ascii=False)
    with database.writing() as rows:
        read_model(rows, model_id)
        rows.execute("UPDATE models SET attributes = ? WHERE id = ?", (text, model_id))
        return read_model(rows, model_id)


def set_collecting(database: Database, model_id: str, collecting: bool) -> None:
    """Whether frames that are worth a look are kept by themselves from now on; raises NotFound."""
    with database.writing() as rows:
        read_model(rows, model_id)
        rows.execute("UPDATE models SET collecting = ? WHERE id = ?", (collecting, model_id))


def copy_images(database: Database, source_id: str, model_id: str) -> int:
    """Give a model the images of another of its kind, with what is tagged by tags of the same names; their number.

    Images that the model has already are left as they are. Raises NotFound, or InvalidInput when the kinds differ.
    """
    with database.writing() as rows:
        source, model = read_model(rows, source_id), read_model(rows, model_id)
        if source.kind != model.kind or source.several > model.several:
            raise InvalidInput(f"'{source.name}' is of another type than '{model.name}': its images cannot be copied.")
        theirs = {folded(tag.name): tag.id for tag in source.tags}
        mine = {theirs[folded(tag.name)]: tag.id for tag in model.tags if folded(tag.name) in theirs}
        copied = 0
        for image in rows.execute("SELECT * FROM images WHERE model_id = ? ORDER BY id", (source_id,)).fetchall():
            new = rows.execute(
                "INSERT INTO images (model_id, digest, name, width, height, source, camera, taken_ns, reviewed)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (model_id, digest) DO NOTHING RETURNING id",
                (
                    *(model_id, image["digest"], image["name"], image["width"], image["height"], image["source"]),
                    *(image["camera"], image["taken_ns"], image["reviewed"]),
                ),
            ).fetchone()
            if new is None:
                continue
            copied += 1
            for tag in rows.execute("SELECT tag_id FROM image_tags WHERE image_id = ?", (image["id"],)).fetchall():
                if tag["tag_id"] in mine:
                    _name(rows, new["id"], mine[tag["tag_id"]])
            for box in rows.execute("SELECT * FROM boxes WHERE image_id = ? ORDER BY rowid", (image["id"],)).fetchall():
                if box["tag_id"] in mine:
                    corners = (box["x0"], box["y0"], box["x1"], box["y1"])
                    _insert_box(rows, new["id"], str(uuid.uuid4()), mine[box["tag_id"]], corners)
        return copied


def rename_tag(database: Database, model_id: str, tag_id: int, name: str) -> Model:
    """Raises InvalidInput, NotFound, or Conflict when another tag of the model has the name."""
    name = checked_tag_name(name)
    with database.writing() as rows:
        model = read_model(rows, model_id)
        tag_of(model, tag_id)
        if any(folded(tag.name) == folded(name) and tag.id != tag_id for tag in model.tags):
            raise Conflict(sentence("The model has the tag '%(tag)s' already. Merge the two instead.", tag=name))
        rows.execute("UPDATE tags SET name = ?, folded = ? WHERE id = ?", (name, folded(name), tag_id))
        return read_model(rows, model_id)


def merge_tag(database: Database, model_id: str, tag_id: int, into_id: int) -> BinnedTag:
    """Turn everything tagged with one tag into another's; what was it can be brought back. Raises InvalidInput."""
    with database.writing() as rows:
        model = read_model(rows, model_id)
        if tag_id == into_id:
            raise InvalidInput(marked("A tag can be merged into another one only."))
        kept = _put_in_bin(rows, model, tag_id, into=tag_of(model, into_id))
        rows.execute("UPDATE boxes SET tag_id = ? WHERE tag_id = ?", (into_id, tag_id))
        # An image may have both.
        rows.execute("UPDATE OR IGNORE image_tags SET tag_id = ? WHERE tag_id = ?", (into_id, tag_id))
        rows.execute("DELETE FROM image_tags WHERE tag_id = ?", (tag_id,))
        rows.execute("DELETE FROM tags WHERE id = ?", (tag_id,))
        return kept


def delete_tag(database: Database, model_id: str, tag_id: int) -> BinnedTag:
    """Delete a tag with all that is tagged with it, which can be brought back; Conflict when it is the only one."""
    with database.writing() as rows:
        model = read_model(rows, model_id)
        if len(model.tags) == 1:
            raise Conflict(
                sentence("'%(tag)s' is the only tag; a model needs at least one.", tag=tag_of(model, tag_id).name)
            )
        kept = _put_in_bin(rows, model, tag_id, into=None)
        rows.execute("DELETE FROM boxes WHERE tag_id = ?", (tag_id,))
        rows.execute("DELETE FROM image_tags WHERE tag_id = ?", (tag_id,))
        rows.execute("DELETE FROM tags WHERE id = ?", (tag_id,))
        return kept


def restore_tag(database: Database, model_id: str, binned_id: int) -> Model:
    """Bring a deleted or merged tag back with what was tagged with it, as far as its images are there still.

    Raises NotFound when it is not kept any more, Conflict when another tag has taken its name.
    """
    with database.writing() as rows:
        model = read_model(rows, model_id)
        row = rows.execute("SELECT * FROM binned_tags WHERE id = ? AND model_id = ?", (binned_id, model_id)).fetchone()
        if row is None:
            raise NotFound(marked("What was deleted is not kept any more."))
        if any(folded(tag.name) == folded(row["name"]) for tag in model.tags):
            raise Conflict(sentence("The model has the tag '%(tag)s' again; rename that one first.", tag=row["name"]))
        content = json.loads(row["content"])
        rows.execute(
            "INSERT INTO tags (id, model_id, name, folded) VALUES (?, ?, ?, ?)",
            (content["tag"], model_id, row["name"], folded(row["name"])),
        )
        _bring_back(rows, model, content, merged=row["merged_into"] is not None)
        rows.execute("DELETE FROM binned_tags WHERE id = ?", (binned_id,))
        return read_model(rows, model_id)


def binned_tags(database: Database, model_id: str) -> tuple[BinnedTag, ...]:
    """What can be brought back, newest first."""
    with database.reading() as rows:
        found = rows.execute("SELECT * FROM binned_tags WHERE model_id = ? ORDER BY id DESC", (model_id,))
        return tuple(_binned(dict(row)) for row in found)


def _put_in_bin(rows: Rows, model: Model, tag_id: int, *, into: Tag | None) -> BinnedTag:
    tag = tag_of(model, tag_id)
    boxes = rows.execute("SELECT * FROM boxes WHERE tag_id = ? ORDER BY rowid", (tag_id,))
    images = _images_named(rows, tag_id)
    content: dict[str, Any] = {"tag": tag_id, "boxes": [dict(box) for box in boxes], "images": images}
    if into is not None:
        both = set(images) & set(_images_named(rows, into.id))
        content |= {"into": into.id, "both": sorted(both)}
    row = rows.execute(
        "INSERT INTO binned_tags (model_id, name, merged_into, deleted, content) VALUES (?, ?, ?, ?, ?) RETURNING *",
        (model.id, tag.name, into and into.name, datetime.now(UTC).isoformat(timespec="seconds"), json.dumps(content)),
    ).fetchone()
    return _binned(dict(row))


def _bring_back(rows: Rows, model: Model, content: Mapping[str, Any], *, merged: bool) -> None:
    tag_id = content["tag"]
    for box in content["boxes"]:
        if merged:  # a box that was deleted since stays deleted
            rows.execute("UPDATE boxes SET tag_id = ? WHERE id = ?", (tag_id, box["id"]))
        elif rows.execute("SELECT 1 FROM images WHERE id = ?", (box["image_id"],)).fetchone():
            _insert_box(rows, box["image_id"], box["id"], tag_id, (box["x0"], box["y0"], box["x1"], box["y1"]))
            rows.execute("UPDATE images SET reviewed = 0 WHERE id = ?", (box["image_id"],))
    for image_id in content["images"]:
        if not rows.execute("SELECT 1 FROM images WHERE id = ?", (image_id,)).fetchone():
            continue
        if merged and image_id not in content.get("both", ()):
            # Of what it was merged into; an image has no other tag unless the model allows several.
            theirs = (image_id, content.get("into"), model.several)
            rows.execute("DELETE FROM image_tags WHERE image_id = ? AND (tag_id = ? OR NOT ?)", theirs)
        tagged = rows.execute("SELECT 1 FROM image_tags WHERE image_id = ?", (image_id,)).fetchone()
        # An image that staff have given another tag since keeps that one.
        if model.several or not tagged:
            _name(rows, image_id, tag_id)


def _images_named(rows: Rows, tag_id: int) -> list[int]:
    found = rows.execute("SELECT image_id FROM image_tags WHERE tag_id = ? ORDER BY image_id", (tag_id,))
    return [row["image_id"] for row in found]


def _name(rows: Rows, image_id: int, tag_id: int) -> None:
    rows.execute("INSERT OR IGNORE INTO image_tags (image_id, tag_id) VALUES (?, ?)", (image_id, tag_id))
    rows.execute("UPDATE images SET reviewed = 0 WHERE id = ?", (image_id,))


def _insert_box(rows: Rows, image_id: int, box_id: str, tag_id: int, corners: tuple[float, ...]) -> None:
    rows.execute(
        "INSERT INTO boxes (image_id, id, tag_id, x0, y0, x1, y1) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (image_id, box_id, tag_id, *corners),
    )


def _binned(row: Mapping[str, Any]) -> BinnedTag:
    content = json.loads(row["content"])
    images = {box["image_id"] for box in content["boxes"]} | set(content["images"])
    return BinnedTag(row["id"], row["name"], row["merged_into"], row["deleted"], len(images))
