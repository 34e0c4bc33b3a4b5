"""Features on disk, by the recipe that they were made from, so that no view is computed twice."""

import contextlib
import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_DIGEST_BYTES = 32


class FeatureCache:
    """Arrays on disk by the recipe that they were made from; a damaged file is as good as none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def under(cls, data: Path) -> "FeatureCache":
        """The one in the program's data folder."""
        return cls(data / "cache" / "features")

    def has(self, recipe: str) -> bool:
        """Whether there is something by this recipe; whether it is whole only `load` can tell."""
        return self._path(recipe).exists()

    def load(self, recipe: str) -> dict[str, NDArray[np.generic]] | None:
        """The arrays that were saved by this recipe, None if the file is missing, unreadable or damaged."""
        path = self._path(recipe)
        try:
            data = path.read_bytes()
            path.touch()
        except OSError:
            return None
        # A damaged archive can also be read with other names or fewer arrays in it, so its digest decides.
        digest, archive = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
        if hashlib.sha256(archive).digest() != digest:
            return None
        with np.load(io.BytesIO(archive)) as stored:
            return dict(stored)

    def save(self, recipe: str, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Keep arrays by their names; raises OSError when the disk takes no more."""
        file = io.BytesIO()
        np.savez(file, allow_pickle=False, **arrays)
        path = self._path(recipe)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Renamed into place but not flushed to the disk: a cache may be lost, and its digest tells.
        temporary = path.with_suffix(f".{os.getpid()}.part")
        archive = file.getvalue()
        try:
            temporary.write_bytes(hashlib.sha256(archive).digest() + archive)
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def prune(self, most_bytes: int) -> None:
        """Delete the entries used longest ago until the rest fit, and what was left half-written."""
        self.sweep()
        kept_bytes = 0
        for path, found in sorted(self._entries(), key=lambda entry: entry[1].st_mtime, reverse=True):
            kept_bytes += found.st_size
            if kept_bytes > most_bytes:
                path.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Delete what processes that have ended left half-written."""
        for path in self.folder.glob("*/*.*.part"):
            if not _runs(int(path.suffixes[-2][1:])):
                path.unlink(missing_ok=True)

    def _entries(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in self.folder.glob("*/*"):
            with contextlib.suppress(FileNotFoundError):  # another training renamed or deleted it meanwhile
                yield path, path.stat()

    def _path(self, recipe: str) -> Path:
        key = hashlib.sha256(recipe.encode()).hexdigest()
        return self.folder / key[:2] / f"{key}.features"


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # of another user
    return True
