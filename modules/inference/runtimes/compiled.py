"""Models as an SDK has compiled them, kept on disk: the next load takes a third of the time.

The SDK reads back what it once wrote without looking whether it is still the same, so a checksum of ours does.
"""

import json
import shutil
from pathlib import Path

from edge_common.durable import write_file
from edge_common.images import digest_of

MOST_MODELS = 8
"""Of those used longest ago more are deleted; one has 20 MB."""
_CHECKSUMS = "sha256.json"


class CompiledModels:
    """One folder for each model file, given to the SDK to write into. Used by one thread at a time."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def folder(self, model: Path) -> Path:
        """Where the SDK keeps this model; empty when nothing was kept, or not what is there now. Raises OSError."""
        folder = self._root / digest_of(model.read_bytes())
        if folder.exists() and not _whole(folder):
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def keep(self, folder: Path) -> None:
        """What the SDK has just written there, if anything, is right. Raises OSError."""
        # Of the files that were there before `folder` has looked at every byte.
        if sorted(_names(folder)) != sorted(_kept(folder)):
            digests = {name: digest_of((folder / name).read_bytes()) for name in _names(folder)}
            write_file(folder / _CHECKSUMS, json.dumps(digests).encode())
        folder.touch()
        for old in sorted(self._root.iterdir(), key=lambda one: one.stat().st_mtime, reverse=True)[MOST_MODELS:]:
            shutil.rmtree(old)


def _whole(folder: Path) -> bool:
    try:
        return {name: digest_of((folder / name).read_bytes()) for name in _names(folder)} == _kept(folder)
    except OSError:
        return False


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name != _CHECKSUMS]


def _kept(folder: Path) -> dict[str, str]:
    """Checksums by file name; none that can be read is none."""
    try:
        found: dict[str, str] = json.loads((folder / _CHECKSUMS).read_bytes())
    except (OSError, ValueError):
        return {}
    return found
