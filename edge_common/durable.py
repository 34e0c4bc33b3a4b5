"""Files that survive a power cut: written beside the target, flushed to the disk, then put in place at once."""

import os
import uuid
from pathlib import Path


def write_file(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Replace `path` by `data` so that a reader, or the next start, sees the old content or the new, never a part.

    `mode`: who may read and write it, before the process's own mask.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, data, mode=mode)


def replace_file(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """As `write_file`, in a folder that must be there; raises FileNotFoundError when it is not."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with open(temporary, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make names that were created, replaced or deleted in `folder` last."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
