"""A large file that comes in pieces, over lines that break: one at a time, on the disk, known by its number."""

import secrets
import shutil
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from edge_common.errors import Conflict, InvalidInput, NotFound
from edge_common.sentences import marked

PIECE_BYTES = 4_000_000
_LEFT_FREE_BYTES = 500_000_000
"""A file may not fill the disk that the library needs for the next image."""


@dataclass(frozen=True)
class Coming:
    """How far a file is."""

    id: str
    name: str
    size: int
    """In bytes, as it was told."""
    received: int = 0


class Pieces:
    """Takes a file in. Every method may be called from any thread."""

    def __init__(self, folder: Path, largest_bytes: int, room: int = 1) -> None:
        """room: how many times its size must be free, with what is made of it."""
        self._folder, self._largest_bytes, self._room = folder, largest_bytes, room
        self._lock = threading.Lock()
        self._coming: Coming | None = None
        shutil.rmtree(folder, ignore_errors=True)  # what a stop cut short has to be sent again

    def begin(self, name: str, size: int) -> Coming:
        """A place for a file of so many bytes; one that was here before is gone. Raises InvalidInput."""
        if not 0 < size <= self._largest_bytes:
            raise InvalidInput(f"{name}: 1 byte to {self._largest_bytes / 1e9:g} GB expected, got {size} bytes.")
        with self._lock:
            self._forget()
            self._folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self._folder).free
            if self._room * size + _LEFT_FREE_BYTES > free:
                raise InvalidInput(f"{name}: there is no room for {size / 1e6:.0f} MB; {free / 1e6:.0f} MB are free.")
            self._coming = Coming(secrets.token_hex(8), name, size)
            self._path(self._coming).write_bytes(b"")
            return self._coming

    def put(self, file_id: str, start: int, data: bytes) -> Coming:
        """Add a piece; one that is there already may come again. Raises NotFound, Conflict saying where to go on."""
        with self._lock:
            coming = self._known(file_id)
            if start + len(data) > coming.size:
                raise InvalidInput(f"{coming.name}: {coming.size} bytes were told, {start + len(data)} came.")
            if start > coming.received:
                raise Conflict(f"{coming.name}: the piece from byte {coming.received} on is expected, got {start}.")
            with self._path(coming).open("r+b") as file:
                file.seek(start)
                file.write(data)
            self._coming = replace(coming, received=max(coming.received, start + len(data)))
            return self._coming

    def whole(self, file_id: str) -> Path:
        """Where the file is, once all of it is here; raises NotFound, Conflict."""
        with self._lock:
            coming = self._known(file_id)
            if coming.received != coming.size:
                raise Conflict(
                    f"{coming.name}: {coming.received} of {coming.size} bytes are here; send the rest first."
                )
            return self._path(coming)

    def forget(self) -> None:
        """Delete what is here."""
        with self._lock:
            self._forget()

    def _known(self, file_id: str) -> Coming:
        if self._coming is None or self._coming.id != file_id:
            raise NotFound(marked("There is no such file on its way (any more)."))
        return self._coming

    def _forget(self) -> None:
        if self._coming is not None:
            self._path(self._coming).unlink(missing_ok=True)
            self._coming = None

    def _path(self, coming: Coming) -> Path:
        return self._folder / f"{coming.id}.part"
