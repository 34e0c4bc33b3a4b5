"""Models as an SDK has compiled them, kept on disk: the next load takes a third of the time.

The SDK reads back what it once wrote without looking whether it is still the same, so a checksum of ours does.
"""

import hashlib
import shutil
from pathlib import Path

from edge_common.durable import write_file
from edge_common.images import digest_of

MOST_MODELS = 8
"""Of those used longest ago more are deleted; one has 20 MB."""
_CHECKSUM = "sha256"


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
        """What the SDK has just written there is right. Raises OSError."""
        if not _whole(folder):
            write_file(folder / _CHECKSUM, _checksum(folder).encode())
        folder.touch()
        for old in sorted(self._root.iterdir(), key=lambda one: one.stat().st_mtime, reverse=True)[MOST_MODELS:]:
            shutil.rmtree(old)


def _whole(folder: Path) -> bool:
    try:
        return (folder / _CHECKSUM).read_text() == _checksum(folder)
    except (OSError, UnicodeDecodeError):
        return False


def _checksum(folder: Path) -> str:
    """Over names and contents of all files but the checksum's own."""
    found = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.name != _CHECKSUM:
            found.update(f"{path.name} {digest_of(path.read_bytes())}\n".encode())
    return found.hexdigest()
