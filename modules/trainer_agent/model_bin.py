"""The bin: deleted models and tags, kept for some days so that a deletion can be undone."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from edge_common.errors import NotFound
from edge_common.packages import PackageStore
from edge_common.sentences import marked
from modules.trainer_agent.annotations import LONGEST_MODEL_NAME, Model, folded
from modules.trainer_agent.database import Rows
from modules.trainer_agent.library import Library
from modules.trainer_agent.rows import read_model

log = logging.getLogger(__name__)

KEPT_DAYS = 7


@dataclass(frozen=True)
class BinnedModel:
    """A deleted model."""

    id: str
    name: str
    images: int
    deleted: str
    """UTC, RFC 3339."""


class ModelBin:
    """Deletes models and brings them back. Every method may be called from any thread."""

    def __init__(self, library: Library, packages: PackageStore, drafts: PackageStore) -> None:
        self._library = library
        self._packages = packages
        self._drafts = drafts

    def put(self, model_id: str) -> None:
        """Delete a model: it is listed no more and its live version stops; raises NotFound."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._library.database.writing() as rows:
            read_model(rows, model_id)
            # The name is free for another at once; a model's own cannot hold this sign.
            rows.execute("UPDATE models SET deleted = ?, folded = char(10) || id WHERE id = ?", (now, model_id))
        self._packages.retire(model_id)

    def restore(self, model_id: str) -> Model:
        """Undo a deletion; where the name is taken by now, a number is put behind it. Raises NotFound."""
        with self._library.database.writing() as rows:
            row = rows.execute("SELECT name FROM models WHERE id = ? AND deleted IS NOT NULL", (model_id,)).fetchone()
            if row is None:
                raise NotFound(marked("This model is not kept any more."))
            name = free_name(rows, row["name"])
            rows.execute(
                "UPDATE models SET deleted = NULL, name = ?, folded = ? WHERE id = ?", (name, folded(name), model_id)
            )
            model = read_model(rows, model_id)
        self._packages.reinstate(model_id)
        return model

    def content(self) -> tuple[BinnedModel, ...]:
        """The deleted models, the last one first."""
        with self._library.database.reading() as rows:
            found = rows.execute(
                "SELECT id, name, deleted, (SELECT count(*) FROM images WHERE model_id = models.id) AS images"
                " FROM models WHERE deleted IS NOT NULL ORDER BY deleted DESC, rowid DESC"
            )
            return tuple(BinnedModel(row["id"], row["name"], row["images"], row["deleted"]) for row in found)

    def empty(self, now: datetime, *, kept: timedelta = timedelta(days=KEPT_DAYS)) -> None:
        """Delete for good what has been in the bin for so long or longer; end what a power cut left half done."""
        newest = (now - kept).isoformat(timespec="seconds")
        for model in self._library.models():
            self._packages.reinstate(model.id)
        for binned in self.content():
            if binned.deleted > newest:
                self._packages.retire(binned.id)
                continue
            self._library.delete_model(binned.id)
            self._packages.delete(binned.id)
            self._drafts.delete(binned.id)
            log.info("model %s, deleted on %s, is gone for good", binned.id, binned.deleted)
        with self._library.database.writing() as rows:
            rows.execute("DELETE FROM binned_tags WHERE deleted <= ?", (newest,))


def free_name(rows: Rows, name: str) -> str:
    """The name, with a number behind it when a model has it."""
    candidate, number = name, 1
    while rows.execute("SELECT 1 FROM models WHERE folded = ?", (folded(candidate),)).fetchone():
        number += 1
        candidate = f"{name[: LONGEST_MODEL_NAME - 4].rstrip()} {number}"
    return candidate
