"""Which images of a model somebody wants to see: by state, tag, camera, source and date, newest first."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from modules.trainer_agent.annotations import LibraryImage
from modules.trainer_agent.checks import TO_CHECK
from modules.trainer_agent.database import Database
from modules.trainer_agent.rows import UNTAGGED, image_of

Show = Literal["tagged", "untagged", "check"]
Source = Literal["camera", "upload", "kept"]
"""`kept`: by itself, or sent from the live page, to be checked."""
NO_TAG = 0
"""In place of a tag's id: images in which there is nothing to tag."""

_SHOWS: dict[Show, str] = {
    "tagged": "library.tagged",
    "untagged": UNTAGGED,
    "check": TO_CHECK,
}
_FROM = "FROM library LEFT JOIN checks ON checks.image_id = library.id"
_HAS_TAG = (
    "EXISTS (SELECT 1 FROM image_tags AS named WHERE named.image_id = library.id AND named.tag_id = :tag"
    " UNION ALL SELECT 1 FROM boxes WHERE boxes.image_id = library.id AND boxes.tag_id = :tag)"
)


@dataclass(frozen=True)
class Wanted:
    """A filter of the library; None leaves out nothing."""

    show: Show
    tag: int | None = None
    """NO_TAG for those with nothing to tag."""
    camera: str | None = None
    source: Source | None = None
    first: date | None = None
    """Taken on this day or later, in the device's own time zone."""
    last: date | None = None
    digests: frozenset[str] | None = None


class LibrarySearch:
    """Finds images. Every method may be called from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, model_id: str, wanted: Wanted, *, limit: int, before: int | None = None) -> tuple[LibraryImage, ...]:
        """The newest that are wanted, of those taken in before the image with the id `before`."""
        where, values = _where(model_id, wanted)
        values |= {"before": before, "limit": limit}
        with self._database.reading() as rows:
            found = rows.execute(
                f"SELECT library.* {_FROM} WHERE {where} AND (:before IS NULL OR library.id < :before)"
                " ORDER BY library.id DESC LIMIT :limit",
                values,
            )
            return tuple(image_of(row) for row in found)

    def ids(self, model_id: str, wanted: Wanted) -> tuple[int, ...]:
        """All that are wanted, newest first."""
        where, values = _where(model_id, wanted)
        with self._database.reading() as rows:
            found = rows.execute(f"SELECT library.id {_FROM} WHERE {where} ORDER BY library.id DESC", values)
            return tuple(row[0] for row in found)

    def counts(self, model_id: str, wanted: Wanted) -> dict[Show, int]:
        """How many of each state the rest of the filter leaves."""
        where, values = _where(model_id, wanted, any_state=True)
        sums = ", ".join(f"coalesce(sum({state}), 0) AS of_{show}" for show, state in _SHOWS.items())
        with self._database.reading() as rows:
            row = rows.execute(f"SELECT {sums} {_FROM} WHERE {where}", values).fetchone()
            return {show: row[f"of_{show}"] for show in _SHOWS}

    def next_untagged(self, model_id: str, *, after: int = 0) -> int | None:
        """The id of the first untagged image after this one, or else of the oldest; never of this one itself."""
        with self._database.reading() as rows:
            found = rows.execute(
                f"SELECT id FROM library WHERE model_id = ? AND {UNTAGGED} AND id != ? ORDER BY id < ?, id LIMIT 1",
                (model_id, after, after),
            ).fetchone()
            return None if found is None else int(found[0])

    def cameras(self, model_id: str) -> tuple[str, ...]:
        """The cameras that a model has images from."""
        with self._database.reading() as rows:
            found = rows.execute(
                "SELECT DISTINCT camera FROM images WHERE model_id = ? AND camera IS NOT NULL ORDER BY camera",
                (model_id,),
            )
            return tuple(row[0] for row in found)


def _where(model_id: str, wanted: Wanted, *, any_state: bool = False) -> tuple[str, dict[str, Any]]:
    """The condition with its named values."""
    conditions = ["library.model_id = :model"]
    values: dict[str, Any] = {"model": model_id}
    if not any_state:
        conditions.append(_SHOWS[wanted.show])
    if wanted.tag == NO_TAG:
        conditions.append("library.reviewed")
    elif wanted.tag is not None:
        conditions.append(_HAS_TAG)
    if wanted.source is not None:
        kept = "checks.image_id IS NOT NULL"
        conditions.append(kept if wanted.source == "kept" else f"library.source = :source AND NOT {kept}")
    if wanted.camera is not None:
        conditions.append("library.camera = :camera")
    values |= {"tag": wanted.tag, "source": wanted.source, "camera": wanted.camera}
    if wanted.first is not None:
        conditions.append("library.taken_ns >= :first")
        values["first"] = _start_ns(wanted.first)
    if wanted.last is not None:
        conditions.append("library.taken_ns < :last")
        values["last"] = _start_ns(wanted.last + timedelta(days=1))
    if wanted.digests is not None:
        # A few tens at most: those that a package names as doubtful.
        marks = {f"digest{index}": digest for index, digest in enumerate(sorted(wanted.digests))}
        conditions.append(f"library.digest IN ({', '.join(f':{name}' for name in marks)})")
        values |= marks
    return " AND ".join(conditions), values


def _start_ns(day: date) -> int:
    """When a day begins here, Unix time."""
    return int(datetime.combine(day, time()).timestamp()) * 1_000_000_000
