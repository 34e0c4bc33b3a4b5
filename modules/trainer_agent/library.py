"""The library: models, tags, images and boxes, kept in SQLite and image files so that no power cut loses a tag.

A picture is on the disk before its row, a box before it is acknowledged: a power cut takes the one being drawn.
"""

import json
import secrets
import threading
import uuid
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from edge_common.detections import ModelKind
from edge_common.errors import Conflict, InvalidInput
from edge_common.geometry import Box
from edge_common.images import Pixels
from edge_common.sentences import marked, sentence
from edge_common.settings import TrainingSettings
from modules.trainer_agent.annotations import (
    Counts,
    ImageSource,
    LibraryImage,
    Model,
    Repeated,
    TaggedBox,
    TrainingImage,
    TrainingSet,
    checked_box,
    checked_model_name,
    folded,
    missing_for_training,
    slug,
)
from modules.trainer_agent.bin import Bin
from modules.trainer_agent.checks import Checks
from modules.trainer_agent.database import Database
from modules.trainer_agent.library_search import LibrarySearch
from modules.trainer_agent.pictures import Pictures, picture_of
from modules.trainer_agent.rows import (
    box_of,
    image_of,
    insert_model,
    insert_tags,
    read_counts,
    read_image,
    read_model,
    tag_image,
    tag_of,
)

_HAS_BOX = "SELECT 1 FROM boxes WHERE image_id = ?"


class Library:
    """Everything that staff named, captured and tagged. Every method may be called from any thread."""

    def __init__(self, database: Database, root: Path) -> None:
        self.pictures = Pictures(root)
        self._database = self.database = database
        self._files = threading.Lock()
        self.bin = Bin(database, self.pictures, self._files)
        self.checks = Checks(database)
        self.search = LibrarySearch(database)
        self.bin.empty()
        with self._files, database.reading() as rows:
            named = rows.execute("SELECT digest FROM images UNION SELECT digest FROM bin")
            self.pictures.sweep({row["digest"] for row in named})

    def create_model(
        self, name: str, kind: ModelKind, objects: Sequence[str], *, automatic: bool, several: bool = False
    ) -> Model:
        """A new model with at least one tag; raises InvalidInput, or Conflict when the name is taken.

        `several`: a picture to be classified may have more than one of the tags.
        """
        name = checked_model_name(name)
        if several and kind != "classification":
            raise InvalidInput("Several tags for a picture: only a classification model can have them.")
        if not objects:
            raise InvalidInput(marked("Objects: at least one is needed, for example: low stock."))
        model_id = f"{slug(name)}-{secrets.token_hex(3)}"
        created = datetime.now(UTC).isoformat(timespec="seconds")
        with self._database.writing() as rows:
            if rows.execute("SELECT 1 FROM models WHERE folded = ?", (folded(name),)).fetchone():
                raise Conflict(sentence("There is a model named '%(name)s' already.", name=name))
            insert_model(rows, Model(model_id, name, kind, automatic, (), created, several=several))
            insert_tags(rows, model_id, objects)
            return read_model(rows, model_id)

    def models(self) -> tuple[Model, ...]:
        """Every model, newest first."""
        with self._database.reading() as rows:
            ids = [
                row["id"]
                for row in rows.execute("SELECT id FROM models WHERE deleted IS NULL ORDER BY created DESC, rowid DESC")
            ]
            return tuple(read_model(rows, model_id) for model_id in ids)

    def model(self, model_id: str) -> Model:
        """Raises NotFound."""
        with self._database.reading() as rows:
            return read_model(rows, model_id)

    def set_automatic(self, model_id: str, automatic: bool) -> None:
        """Say whether the model trains by itself when the minimum is first reached; raises NotFound."""
        with self._database.writing() as rows:
            read_model(rows, model_id)
            rows.execute("UPDATE models SET automatic = ? WHERE id = ?", (automatic, model_id))

    def add_tags(self, model_id: str, names: Sequence[str]) -> Model:
        """The model with more tags; raises InvalidInput, NotFound, or Conflict naming a tag that is there already."""
        with self._database.writing() as rows:
            read_model(rows, model_id)
            insert_tags(rows, model_id, names)
            return read_model(rows, model_id)

    def remove_tag(self, model_id: str, tag_id: int) -> None:
        """Remove a tag that no image has; raises NotFound, or Conflict when it is in use or the last one."""
        with self._database.writing() as rows:
            model = read_model(rows, model_id)
            tag = tag_of(model, tag_id)
            used = read_counts(rows, model).per_tag[tag_id]
            if used:
                raise Conflict(f"'{tag.name}' is in {used} image{'' if used == 1 else 's'} and cannot be removed.")
            if len(model.tags) == 1:
                raise Conflict(sentence("'%(tag)s' is the only tag; a model needs at least one.", tag=tag.name))
            rows.execute("DELETE FROM tags WHERE id = ?", (tag_id,))

    def counts(self, model_id: str) -> Counts:
        """Raises NotFound."""
        with self._database.reading() as rows:
            return read_counts(rows, read_model(rows, model_id))

    def requirements(self, model_id: str, settings: TrainingSettings) -> tuple[str, ...]:
        """What the model needs before it can be trained, in sentences; empty when ready. Raises NotFound."""
        with self._database.reading() as rows:
            model = read_model(rows, model_id)
            return missing_for_training(model.kind, model.tags, read_counts(rows, model), settings)

    def add_image(
        self, model_id: str, pixels: Pixels, name: str, source: ImageSource, *, camera: str | None, taken_ns: int
    ) -> LibraryImage:
        """Store a picture, uint8 [height, width, 3] BGR; raises NotFound, or Repeated with the one it repeats."""
        self.model(model_id)
        picture = picture_of(pixels)
        with self._files:
            twin = self.images_of(model_id, [picture.digest]).get(picture.digest)
            if twin is not None:
                raise Repeated(f"{name}: this picture is in the model already, as '{twin.name}'.", twin)
            self.pictures.keep(picture)
            with self._database.writing() as rows:
                image_id = rows.execute(
                    "INSERT INTO images (model_id, digest, name, width, height, source, camera, taken_ns)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                    (model_id, picture.digest, name, picture.width, picture.height, source, camera, taken_ns),
                ).fetchone()["id"]
                return read_image(rows, image_id)

    def pictures_moving(self) -> AbstractContextManager[bool]:
        """While the block lasts no picture is deleted, so that what is there can be given to another model."""
        return self._files

    def image(self, image_id: int) -> LibraryImage:
        """Raises NotFound."""
        with self._database.reading() as rows:
            return read_image(rows, image_id)

    def images(self, model_id: str, *, tagged: bool | None, limit: int, offset: int = 0) -> tuple[LibraryImage, ...]:
        """Images of a model, newest first; `tagged` None means all."""
        with self._database.reading() as rows:
            found = rows.execute(
                "SELECT * FROM library WHERE model_id = ? AND (? IS NULL OR tagged = ?) ORDER BY id DESC"
                " LIMIT ? OFFSET ?",
                (model_id, tagged, tagged, limit, offset),
            )
            return tuple(image_of(row) for row in found)

    def images_of(self, model_id: str, digests: Collection[str]) -> dict[str, LibraryImage]:
        """Those of a model with these digests, by digest; what was deleted is not among them."""
        with self._database.reading() as rows:
            marks = ", ".join("?" * len(digests))
            found = rows.execute(
                f"SELECT * FROM library WHERE model_id = ? AND digest IN ({marks})", (model_id, *digests)
            )
            return {row["digest"]: image_of(row) for row in found}

    def neighbours(self, image: LibraryImage) -> tuple[int | None, int | None]:
        """The ids of the image taken in before this one and after it."""
        with self._database.reading() as rows:
            before, after = rows.execute(
                "SELECT (SELECT max(id) FROM images WHERE model_id = :model AND id < :id),"
                " (SELECT min(id) FROM images WHERE model_id = :model AND id > :id)",
                {"model": image.model_id, "id": image.id},
            ).fetchone()
            return before, after

    def boxes(self, image_id: int) -> tuple[TaggedBox, ...]:
        """The boxes of an image in the order in which they were drawn."""
        with self._database.reading() as rows:
            found = rows.execute("SELECT * FROM boxes WHERE image_id = ? ORDER BY rowid", (image_id,))
            return tuple(box_of(row) for row in found)

    def put_box(self, image_id: int, box_id: str, tag_id: int, box: Box) -> TaggedBox:
        """Keep a box, new or changed, clipped to the picture; sent twice it is kept once. Raises InvalidInput."""
        box_id = _box_id(box_id)
        with self._database.writing() as rows:
            image = read_image(rows, image_id)
            model = read_model(rows, image.model_id)
            if model.kind != "detection":
                raise InvalidInput(f"'{model.name}' is a classification model: its images have a tag, no boxes.")
            tag_of(model, tag_id)
            inside = checked_box(box, image.width, image.height)
            there = rows.execute("SELECT image_id FROM boxes WHERE id = ?", (box_id,)).fetchone()
            if there and there["image_id"] != image_id:
                raise InvalidInput(f"Box {box_id} belongs to another image.")
            rows.execute(
                "INSERT INTO boxes (image_id, id, tag_id, x0, y0, x1, y1) VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET tag_id = excluded.tag_id,"
                " x0 = excluded.x0, y0 = excluded.y0, x1 = excluded.x1, y1 = excluded.y1",
                (image_id, box_id, tag_id, *inside.to_list()),
            )
            rows.execute("UPDATE images SET reviewed = 0 WHERE id = ? AND reviewed", (image_id,))
            return TaggedBox(box_id, tag_id, inside)

    def delete_box(self, image_id: int, box_id: str) -> None:
        """Remove a box; one that is gone already stays gone."""
        with self._database.writing() as rows:
            rows.execute("DELETE FROM boxes WHERE id = ? AND image_id = ?", (_box_id(box_id), image_id))

    def set_image_tags(self, image_id: int, tag_ids: Collection[int]) -> LibraryImage:
        """Tag the whole picture of a classification model with these and no others; raises InvalidInput, NotFound."""
        with self._database.writing() as rows:
            model = read_model(rows, read_image(rows, image_id).model_id)
            if model.kind != "classification":
                raise InvalidInput(f"'{model.name}' is a detection model: draw boxes on its images.")
            if len(tag_ids) > 1 and not model.several:
                raise InvalidInput(f"'{model.name}': one tag for a picture expected, got {len(tag_ids)}.")
            tag_image(rows, image_id, {tag_of(model, tag_id).id for tag_id in tag_ids})
            return read_image(rows, image_id)

    def set_nothing(self, image_id: int, nothing: bool) -> LibraryImage:
        """Say that there is nothing to tag in an image, which makes it tagged, or take that back.

        Raises NotFound, or Conflict when something is tagged in it.
        """
        with self._database.writing() as rows:
            image = read_image(rows, image_id)
            if nothing and (image.tag_ids or rows.execute(_HAS_BOX, (image_id,)).fetchone()):
                raise Conflict(f"{image.name}: something is tagged in it; delete that first.")
            rows.execute("UPDATE images SET reviewed = ? WHERE id = ?", (nothing, image_id))
            return read_image(rows, image_id)

    def delete_image(self, image_id: int) -> str:
        """Remove an image with its boxes into the bin: the batch to restore it by; raises NotFound."""
        return self.bin.put(self.image(image_id).model_id, [image_id])[0]

    def delete_model(self, model_id: str) -> None:
        """Remove all that is kept of a model, in the bin or not, and the pictures that no other model has."""
        with self._files:
            with self._database.writing() as rows:
                images = rows.execute("SELECT digest FROM images WHERE model_id = ?", (model_id,)).fetchall()
                rows.execute("DELETE FROM boxes WHERE tag_id IN (SELECT id FROM tags WHERE model_id = ?)", (model_id,))
                rows.execute("DELETE FROM images WHERE model_id = ?", (model_id,))
                rows.execute("DELETE FROM models WHERE id = ?", (model_id,))
                shared = {row["digest"] for row in rows.execute("SELECT DISTINCT digest FROM images")}
            for digest in {row["digest"] for row in images} - shared:
                self.pictures.delete(digest)

    def training_set(self, model_id: str) -> TrainingSet:
        """The tagged images of a model as they are at one moment, oldest first; raises NotFound."""
        with self._database.reading() as rows:
            model = read_model(rows, model_id)
            index_of = {tag.id: index for index, tag in enumerate(model.tags)}
            boxes: dict[int, list[tuple[int, Box]]] = {}
            for row in rows.execute(
                "SELECT boxes.* FROM boxes JOIN images ON images.id = image_id WHERE model_id = ? ORDER BY boxes.rowid",
                (model_id,),
            ):
                boxes.setdefault(row["image_id"], []).append((index_of[row["tag_id"]], box_of(row).box))
            tagged = rows.execute("SELECT * FROM library WHERE model_id = ? AND tagged ORDER BY id", (model_id,))
            images = tuple(
                TrainingImage(
                    path=self.pictures.path(row["digest"]),
                    digest=row["digest"],
                    name=row["name"],
                    boxes=tuple(boxes.get(row["id"], ())),
                    tags=tuple(index_of[tag_id] for tag_id in json.loads(row["tag_ids"])),
                )
                for row in tagged
            )
            return TrainingSet(model, images)


def _box_id(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise InvalidInput(f"Box id: a UUID expected, got {text[:80]!r}.") from error
