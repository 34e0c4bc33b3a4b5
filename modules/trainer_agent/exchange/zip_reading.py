"""Reads zip files that come from outside: bombs, links, locked files and paths that leave the folder are refused.

Nothing is ever unpacked to a path that the file names; each member is read whole, up to a limit.
"""

import posixpath
import re
import stat
import zipfile
import zlib
from pathlib import Path
from typing import Self

from edge_common.errors import InvalidInput

MOST_MEMBERS = 50_000
MOST_BYTES = 8_000_000_000
"""Of all members unpacked."""
LARGEST_IMAGE_BYTES = 25_000_000
LARGEST_DOCUMENT_BYTES = 100_000_000
MOST_GROWTH = 100
"""A member larger than a megabyte may be so many times what it takes in the file; text is up to 20 times."""
_GROWTH_COUNTS_FROM_BYTES = 1_000_000
_BAD_PATH = re.compile(r"^/|^[A-Za-z]:|\\|\x00|(^|/)\.\.(/|$)")
_FAULTS = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)


class ZipReader:
    """A zip file whose table of contents has been checked. Used by one thread at a time; close it."""

    def __init__(self, path: Path) -> None:
        """Raises InvalidInput that names the member that cannot be taken."""
        try:
            self._zip = zipfile.ZipFile(path)
        except _FAULTS as error:
            raise InvalidInput(
                f"A zip file is expected; this one is damaged, cut short or something else ({error})."
            ) from error
        try:
            self._members = _checked(self._zip.infolist())
        except InvalidInput:
            self._zip.close()
            raise
        self.names = frozenset(self._members)

    def read(self, name: str, most_bytes: int = LARGEST_DOCUMENT_BYTES) -> bytes:
        """A member's bytes, its checksum compared; raises InvalidInput that names it."""
        info = self._members[name]
        if info.file_size > most_bytes:
            raise InvalidInput(f"{name}: at most {most_bytes / 1e6:g} MB expected, got {info.file_size / 1e6:.1f} MB.")
        try:
            with self._zip.open(info) as member:
                data = member.read(info.file_size + 1)
        except _FAULTS as error:
            raise InvalidInput(f"{name}: cannot be read from the file ({error}).") from error
        if len(data) != info.file_size:
            raise InvalidInput(f"{name}: {info.file_size} bytes expected, got {len(data)}.")
        return data

    def close(self) -> None:
        self._zip.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()


def _checked(infos: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    if len(infos) > MOST_MEMBERS:
        raise InvalidInput(f"At most {MOST_MEMBERS} files in the file expected, got {len(infos)}.")
    total = sum(info.file_size for info in infos)
    if total > MOST_BYTES:
        raise InvalidInput(f"At most {MOST_BYTES / 1e9:g} GB of content expected, got {total / 1e9:.1f} GB.")
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        # As it stands in the file: the library cuts names at a zero.
        name = info.orig_filename
        if _BAD_PATH.search(name):
            raise InvalidInput(f"{name[:120]!r}: a path inside the file expected.")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise InvalidInput(f"{name[:120]!r}: a file expected, got a link to another.")
        if info.flag_bits & 1:
            raise InvalidInput(f"{name[:120]!r}: a file without a password expected.")
        if info.file_size > max(_GROWTH_COUNTS_FROM_BYTES, MOST_GROWTH * info.compress_size):
            raise InvalidInput(f"{name[:120]!r}: grows more than {MOST_GROWTH} times when unpacked; that is no image.")
        hidden = any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))
        if info.is_dir() or hidden:
            continue
        plain = posixpath.normpath(name)
        if plain in members:
            raise InvalidInput(f"{name[:120]!r}: is in the file twice.")
        members[plain] = info
    return members
