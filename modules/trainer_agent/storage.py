"""How much of the disk is taken by what, and giving some of it back.

Sizes are sums of one look into each folder. A look is shared by all who ask within some seconds.
"""

import os
import shutil
import threading
import time
from collections.abc import Iterator, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge_common.packages import PackageStore
from edge_common.service import LOG_FOLDER
from modules.trainer_agent.camera_videos import PLACE as VIDEOS
from modules.trainer_agent.library import Library
from modules.trainer_agent.model_bin import BinnedModel, ModelBin

_LASTS_S = 10.0
_WORKING = ("cache", "drafts", "library/incoming", "library/imports", "rehearsal")
"""Folders of what is made again when it is missing."""


@dataclass(frozen=True)
class ModelUse:
    """What one model takes, in bytes."""

    id: str
    name: str
    image_count: int
    images: int
    """With their thumbnails; a picture that several models have counts once, for the oldest of them."""
    version_count: int
    versions: int


@dataclass(frozen=True)
class DiskUse:
    """Who takes what of the disk, in bytes."""

    models: tuple[ModelUse, ...]
    ready_made: int
    deleted_images: int
    deleted_models: int
    logs: int
    zoo: int
    working: int
    """Features, drafts, imports under way, the video that a skill was tried on."""
    videos: int
    """Played as cameras."""
    lists: int
    """The database, settings and twins."""
    free: int
    total: int

    @property
    def deleted(self) -> int:
        return self.deleted_images + self.deleted_models

    @property
    def own(self) -> int:
        """All that is this product's."""
        models = sum(model.images + model.versions for model in self.models)
        return models + self.ready_made + self.deleted + self.logs + self.zoo + self.working + self.videos + self.lists

    @property
    def others(self) -> int:
        """The system and other programs."""
        return max(0, self.total - self.free - self.own)


@dataclass(frozen=True)
class Waiting:
    """What was deleted and can still come back."""

    images: int
    tags: int
    models: tuple[BinnedModel, ...]

    @property
    def any(self) -> bool:
        return bool(self.images or self.tags or self.models)


class Storage:
    """Every method may be called from any thread."""

    def __init__(self, library: Library, packages: PackageStore, model_bin: ModelBin, *, data: Path, zoo: Path) -> None:
        self._library = library
        self._packages = packages
        self._model_bin = model_bin
        self._data = data
        self._zoo = zoo
        self._lock = threading.Lock()
        self._known: tuple[float, DiskUse] | None = None

    def use(self) -> DiskUse:
        """How it stands, at most some seconds old; raises EdgeError."""
        with self._lock:
            if self._known is None or time.monotonic() - self._known[0] > _LASTS_S:
                use = self._measure()
                self._known = (time.monotonic(), use)
            return self._known[1]

    def waiting(self) -> Waiting:
        """What is in the bin."""
        with self._library.database.reading() as rows:
            count = "SELECT (SELECT count(*) FROM bin), (SELECT count(*) FROM binned_tags)"
            images, tags = rows.execute(count).fetchone()
        return Waiting(images, tags, self._model_bin.content())

    def earlier_versions(self) -> tuple[int, int]:
        """How many versions are older than the one in use of their model, and their bytes."""
        earlier = [
            self._packages.root / model.id / version
            for model in self._library.models()
            for version in self._packages.earlier(model.id)
        ]
        return len(earlier), sum(map(size_of, earlier))

    def empty_bin(self) -> None:
        """Delete for good, now, every image, tag and model that was deleted and could still come back."""
        self._library.bin.empty(lasts_s=0)
        self._model_bin.empty(datetime.now(UTC), kept=timedelta(0))
        self.look_anew()

    def look_anew(self) -> None:
        """Something was deleted: what is known is not true any more."""
        with self._lock:
            self._known = None

    def _measure(self) -> DiskUse:
        pictures = self._pictures()
        named, deleted = self._of_models(pictures)
        sizes = {path.name: size_of(path) for path in _folders(self._packages.root)}
        models = tuple(
            ModelUse(
                model.id,
                model.name,
                *named.get(model.id, (0, 0)),
                len(self._packages.versions(model.id)),
                sizes.get(model.id, 0),
            )
            for model in self._library.models()
        )
        binned = {model.id for model in self._model_bin.content()}
        deleted_models = sum(named.get(model_id, (0, 0))[1] + sizes.get(model_id, 0) for model_id in binned)
        known = binned | {model.id for model in models}
        logs, videos = self._data / LOG_FOLDER, self._data / VIDEOS
        working = [self._data / name for name in _WORKING]
        disk = shutil.disk_usage(self._data)
        return DiskUse(
            models=models,
            ready_made=sum(size for name, size in sizes.items() if name not in known),
            deleted_images=deleted,
            deleted_models=deleted_models,
            logs=size_of(logs),
            zoo=size_of(self._zoo),
            working=sum(map(size_of, working)),
            videos=size_of(videos),
            lists=size_of(self._data, {self._packages.root, logs, videos, *working, *self._library.pictures.folders}),
            free=disk.free,
            total=disk.total,
        )

    def _pictures(self) -> dict[str, int]:
        """Bytes by digest, image and thumbnail together."""
        found: dict[str, int] = {}
        for folder in self._library.pictures.folders:
            for entry in _entries(folder):
                digest = entry.name.partition(".")[0]
                found[digest] = found.get(digest, 0) + _bytes_of(entry)
        return found

    def _of_models(self, pictures: dict[str, int]) -> tuple[dict[str, tuple[int, int]], int]:
        """Images and their bytes of each model, those in the bin too, and the bytes of deleted images."""
        left = dict(pictures)
        found: dict[str, tuple[int, int]] = {}
        with self._library.database.reading() as rows:
            # Models that are in use first: what they share with deleted ones does not go with those.
            images = rows.execute(
                "SELECT model_id, digest FROM images JOIN models ON models.id = model_id"
                " ORDER BY deleted IS NOT NULL, models.rowid"
            )
            for model_id, digest in images:
                count, size = found.get(model_id, (0, 0))
                found[model_id] = (count + 1, size + left.pop(digest, 0))
            deleted = sum(left.pop(digest, 0) for (digest,) in rows.execute("SELECT digest FROM bin"))
        return found, deleted


def size_of(folder: Path, without: Set[Path] = frozenset()) -> int:
    """The bytes of all files in a folder and those below; 0 when it is not there. Links are not followed."""
    total, waiting = 0, [folder]
    while waiting:
        for entry in _entries(waiting.pop()):
            path = Path(entry.path)
            if path in without:
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            else:
                total += _bytes_of(entry)
    return total


def _folders(folder: Path) -> list[Path]:
    return [Path(entry.path) for entry in _entries(folder) if entry.is_dir(follow_symlinks=False)]


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except (FileNotFoundError, NotADirectoryError):
        return


def _bytes_of(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        # Deleted since the folder was read.
        return 0
