"""Features on disk, by the recipe that they were made from, so that no view is computed twice."""

import hashlib
import io
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


class FeatureCache:
    """Arrays on disk by the recipe that they were made from; a damaged file is as good as none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, recipe: str) -> dict[str, NDArray[np.generic]] | None:
        path = self._path(recipe)
        try:
            with np.load(io.BytesIO(path.read_bytes())) as stored:
                arrays = dict(stored)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile):
            path.unlink(missing_ok=True)
            return None
        path.touch()
        return arrays

    def save(self, recipe: str, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        file = io.BytesIO()
        np.savez(file, allow_pickle=False, **arrays)
        path = self._path(recipe)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Renamed into place but not flushed to the disk: a cache may be lost, and archives carry checksums.
        temporary = path.with_suffix(f".{os.getpid()}.part")
        temporary.write_bytes(file.getvalue())
        temporary.replace(path)

    def prune(self, most_bytes: int) -> None:
        """Delete the entries used longest ago until the rest fit."""
        newest_first = sorted(self._folder.glob("*/*"), key=lambda path: path.stat().st_mtime, reverse=True)
        kept_bytes = 0
        for path in newest_first:
            kept_bytes += path.stat().st_size
            if kept_bytes > most_bytes:
                path.unlink(missing_ok=True)

    def _path(self, recipe: str) -> Path:
        key = hashlib.sha256(recipe.encode()).hexdigest()
        return self._folder / key[:2] / f"{key}.npz"
