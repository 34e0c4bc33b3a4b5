"""Images that were kept to be checked: why, and what the model saw in them, until staff have looked."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from edge_common.detections import Detection, detections_json, parse_detections
from edge_common.errors import Conflict, InvalidInput, NotFound
from edge_common.sentences import marked, sentence
from modules.trainer_agent.annotations import LibraryImage, Model, Tag, TaggedBox, checked_box
from modules.trainer_agent.database import Connection, Database, Row
from modules.trainer_agent.rows import box_of, image_of, read_image, read_model, tag_image

Reason = Literal["unsure", "flicker", "nothing", "new", "skill", "staff"]
"""Why an image is worth a look; `skill`: one asked for it; `staff`: somebody said on the live page that what the model
saw is wrong."""

TO_CHECK = "(checks.image_id IS NOT NULL AND checks.checked IS NULL AND NOT library.tagged)"
"""Of a row of `library` joined with its row of `checks`."""


@dataclass(frozen=True)
class Check:
    """An image with what there is to check."""

    image: LibraryImage
    reason: Reason
    version: str | None
    """Of the model that saw it."""
    seen: tuple[Detection, ...]
    """What it saw, best first."""


class Checks:
    """The images of the library that wait to be checked. Every method may be called from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, image_id: int, reason: Reason, *, version: str | None, seen: Sequence[Detection], kept_ns: int
    ) -> None:
        """Have an image checked; raises NotFound."""
        with self._database.writing() as rows:
            read_image(rows, image_id)
            rows.execute(
                "INSERT INTO checks (image_id, reason, version, seen, kept_ns) VALUES (?, ?, ?, ?, ?)",
                (image_id, reason, version, json.dumps(detections_json(seen)), kept_ns),
            )

    def of(self, images: Sequence[LibraryImage]) -> tuple[Check, ...]:
        """What there is to check in these, those of them that were kept to be checked."""
        marks = ", ".join("?" * len(images))
        with self._database.reading() as rows:
            found = rows.execute(
                f"SELECT * FROM checks WHERE image_id IN ({marks})", tuple(image.id for image in images)
            )
            of_image = {row["image_id"]: row for row in found}
        return tuple(_check(image, of_image[image.id]) for image in images if image.id in of_image)

    def waiting(self, model_id: str, *, by_itself: bool = False) -> int:
        """How many images of a model wait; `by_itself`: without those that staff sent."""
        with self._database.reading() as rows:
            found = rows.execute(
                "SELECT count(*) FROM checks JOIN library ON library.id = image_id"
                f" WHERE model_id = ? AND {TO_CHECK} AND (NOT ? OR reason != 'staff')",
                (model_id, by_itself),
            )
            return int(found.fetchone()[0])

    def newest(self, model_id: str, limit: int) -> tuple[Check, ...]:
        """The images of a model that were last kept, checked or not, newest first."""
        with self._database.reading() as rows:
            found = rows.execute(
                "SELECT library.*, reason, version, seen FROM checks JOIN library ON library.id = image_id"
                " WHERE model_id = ? ORDER BY image_id DESC LIMIT ?",
                (model_id, limit),
            )
            return tuple(_check(image_of(row), row) for row in found)

    def kept_since(self, model_id: str, since_ns: int) -> tuple[int, ...]:
        """When frames were kept by themselves since a time, oldest first."""
        with self._database.reading() as rows:
            found = rows.execute(
                "SELECT kept_ns FROM checks JOIN images ON images.id = image_id"
                " WHERE model_id = ? AND kept_ns > ? AND reason != 'staff' ORDER BY kept_ns",
                (model_id, since_ns),
            )
            return tuple(row["kept_ns"] for row in found)

    def checked_since_training(self, model_id: str) -> int:
        """Images that were checked, and are tagged, since the model's last training began.

        Since its end if staff cancelled it: they will say when they want the next one.
        """
        with self._database.reading() as rows:
            found = rows.execute(
                "SELECT count(*) FROM checks"
                " WHERE checked > coalesce((SELECT max(CASE phase WHEN 'cancelled' THEN ended ELSE started END)"
                " FROM trainings WHERE model_id = :model), '')"
                " AND EXISTS (SELECT 1 FROM library WHERE id = image_id AND model_id = :model AND tagged)",
                {"model": model_id},
            )
            return int(found.fetchone()[0])

    def confirm(self, image_id: int) -> LibraryImage:
        """What the model saw is right: its boxes become tags, or nothing is tagged where it saw nothing.

        Raises NotFound, or Conflict when the image is tagged already or a label has no tag (any more).
        """
        with self._database.writing() as rows:
            image = read_image(rows, image_id)
            row = rows.execute("SELECT * FROM checks WHERE image_id = ?", (image_id,)).fetchone()
            if row is None:
                raise NotFound(f"Image {image_id} was not kept to be checked.")
            if image.tagged:
                raise Conflict(marked("This image is tagged already."))
            _accept(rows, read_model(rows, image.model_id), _check(image, row))
            return read_image(rows, image_id)

    def take_back(self, image_id: int) -> LibraryImage:
        """Undo `confirm`: what it tagged goes, and the image waits to be checked again.

        Raises NotFound, or Conflict when the image is not tagged as it was then (any more).
        """
        with self._database.writing() as rows:
            image = read_image(rows, image_id)
            row = rows.execute("SELECT * FROM checks WHERE image_id = ?", (image_id,)).fetchone()
            if row is None:
                raise NotFound(f"Image {image_id} was not kept to be checked.")
            if not image.tagged or _tagged_now(rows, image) != _as_confirmed(rows, _check(image, row)):
                raise Conflict(marked("This image was tagged otherwise since, and stays as it is."))
            rows.execute("DELETE FROM boxes WHERE image_id = ?", (image_id,))
            tag_image(rows, image_id, ())
            rows.execute("UPDATE checks SET checked = NULL WHERE image_id = ?", (image_id,))
            return read_image(rows, image_id)


def _check(image: LibraryImage, row: Row) -> Check:
    return Check(image, row["reason"], row["version"], parse_detections("seen", json.loads(row["seen"])))


def _accept(rows: Connection, model: Model, check: Check) -> None:
    tag_ids = _tags_seen(model, check)
    if tag_ids:
        tag_image(rows, check.image.id, tag_ids)
        return
    boxes = _boxes_seen(model, check)
    for box in boxes:
        rows.execute(
            "INSERT INTO boxes (image_id, id, tag_id, x0, y0, x1, y1) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (check.image.id, box.id, box.tag_id, *box.box.to_list()),
        )
    if not boxes:
        rows.execute("UPDATE images SET reviewed = 1 WHERE id = ?", (check.image.id,))


def _tags_seen(model: Model, check: Check) -> tuple[int, ...]:
    """Of the whole picture, by age. A classifier may see none of its tags; its label for that is no tag."""
    seen = {one.label for one in (check.seen if model.several else check.seen[:1]) if one.box is None}
    return tuple(tag.id for tag in model.tags if tag.name in seen)


def _boxes_seen(model: Model, check: Check) -> list[TaggedBox]:
    by_name = {tag.name: tag for tag in model.tags}
    return [_tagged(by_name, one, check.image) for one in check.seen if one.box is not None]


_Content = tuple[tuple[int, ...], list[tuple[int, list[float]]]]
"""The tags of the whole picture, and its boxes with theirs."""


def _as_confirmed(rows: Connection, check: Check) -> _Content:
    model = read_model(rows, check.image.model_id)
    return _tags_seen(model, check), _content_of(_boxes_seen(model, check))


def _tagged_now(rows: Connection, image: LibraryImage) -> _Content:
    boxes = rows.execute("SELECT * FROM boxes WHERE image_id = ?", (image.id,))
    return image.tag_ids, _content_of([box_of(row) for row in boxes])


def _content_of(boxes: Sequence[TaggedBox]) -> list[tuple[int, list[float]]]:
    return sorted((one.tag_id, one.box.to_list()) for one in boxes)


def _tagged(by_name: dict[str, Tag], found: Detection, image: LibraryImage) -> TaggedBox:
    tag = by_name.get(found.label)
    if tag is None or found.box is None:
        raise Conflict(
            sentence("'%(tag)s' is not a tag of this model (any more). Press Correct instead.", tag=found.label)
        )
    try:
        return TaggedBox(str(uuid.uuid4()), tag.id, checked_box(found.box, image.width, image.height))
    except InvalidInput as error:
        raise Conflict(f"{error} Press Correct instead.") from error
