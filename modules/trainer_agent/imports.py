"""A file that comes in pieces and is then imported, on a thread of its own: one at a time, followed by its number."""

import logging
import secrets
import shutil
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from edge_common.errors import Conflict, EdgeError, InvalidInput, NotFound
from edge_common.packages import PackageStore
from edge_common.sentences import marked
from modules.trainer_agent.exchange.importing import import_model
from modules.trainer_agent.library import Library

log = logging.getLogger(__name__)

LARGEST_FILE_BYTES = 4_000_000_000
PIECE_BYTES = 4_000_000
_LEFT_FREE_BYTES = 500_000_000
"""An import may not fill the disk that the library needs for the next image."""

Phase = Literal["coming", "reading", "done", "refused"]


@dataclass(frozen=True)
class ImportState:
    """How an import stands; every change is a new value with a higher number."""

    id: str
    name: str
    size: int
    number: int = 0
    phase: Phase = "coming"
    received: int = 0
    fraction: float = 0.0
    """0 to 1, of the reading."""
    stage: str = ""
    message: str = ""
    """Why it was refused, or what was left out."""
    model_id: str | None = None
    images: int = 0


class Imports:
    """Takes files in. Every method may be called from any thread."""

    def __init__(self, library: Library, packages: PackageStore, folder: Path) -> None:
        self._library = library
        self._packages = packages
        self._folder = folder
        self._changed = threading.Condition()
        self._state: ImportState | None = None
        shutil.rmtree(folder, ignore_errors=True)  # what a stop cut short has to be sent again

    def begin(self, name: str, size: int) -> ImportState:
        """A place for a file of so many bytes; one that was coming is given up. Raises InvalidInput, Conflict."""
        if not 0 < size <= LARGEST_FILE_BYTES:
            raise InvalidInput(f"{name}: 1 byte to {LARGEST_FILE_BYTES / 1e9:g} GB expected, got {size} bytes.")
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._changed:
            if self._state is not None and self._state.phase == "reading":
                raise Conflict(f"'{self._state.name}' is being imported just now. Wait until that has ended.")
            self._forget()
            free = shutil.disk_usage(self._folder).free
            if 2 * size + _LEFT_FREE_BYTES > free:  # the file, and what is in it
                raise InvalidInput(f"{name}: there is no room for {size / 1e6:.0f} MB; {free / 1e6:.0f} MB are free.")
            self._state = ImportState(secrets.token_hex(8), name, size)
            self._path(self._state).write_bytes(b"")
            return self._state

    def put(self, import_id: str, start: int, data: bytes) -> ImportState:
        """Add a piece; one that is there already may come again. Raises NotFound, Conflict saying where to go on."""
        with self._changed:
            state = self._coming(import_id)
            if start + len(data) > state.size:
                raise InvalidInput(f"{state.name}: {state.size} bytes were told, {start + len(data)} came.")
            if start > state.received:
                raise Conflict(f"{state.name}: the piece from byte {state.received} on is expected, got {start}.")
            with self._path(state).open("r+b") as file:
                file.seek(start)
                file.write(data)
            return self._set(replace(state, received=max(state.received, start + len(data))))

    def finish(self, import_id: str) -> ImportState:
        """Start reading a file that is whole; raises NotFound, Conflict."""
        with self._changed:
            state = self._coming(import_id)
            if state.received != state.size:
                raise Conflict(f"{state.name}: {state.received} of {state.size} bytes are here; send the rest first.")
            started = self._set(replace(state, phase="reading", stage=marked("Looking at the file")))
        threading.Thread(target=self._read, args=(started,), name="import", daemon=True).start()
        return started

    def state(self, import_id: str) -> ImportState:
        """Raises NotFound."""
        with self._changed:
            if self._state is None or self._state.id != import_id:
                raise NotFound(marked("There is no such import (any more)."))
            return self._state

    def wait_for_change(self, import_id: str, seen: int, timeout_s: float) -> ImportState | None:
        """The state once its number is another than `seen`; None when time is up. Raises NotFound."""
        with self._changed:
            self._changed.wait_for(lambda: self.state(import_id).number != seen, timeout_s)
            state = self.state(import_id)
            return None if state.number == seen else state

    def _read(self, state: ImportState) -> None:
        def told(fraction: float, stage: str) -> None:
            with self._changed:
                self._set(replace(self.state(state.id), fraction=fraction, stage=stage))

        try:
            made = import_model(self._path(state), state.name, self._library, self._packages, told)
        except (EdgeError, OSError, MemoryError) as error:
            log.info("import of %s refused: %s", state.name, error)
            ended = replace(self.state(state.id), phase="refused", stage="", message=str(error))
        else:
            log.info("import of %s: model %s with %d images", state.name, made.model.id, made.images)
            ended = replace(
                self.state(state.id),
                phase="done",
                stage="",
                fraction=1.0,
                message=" ".join(made.left_out),
                model_id=made.model.id,
                images=made.images,
            )
        self._path(state).unlink(missing_ok=True)
        with self._changed:
            self._set(ended)

    def _coming(self, import_id: str) -> ImportState:
        state = self.state(import_id)
        if state.phase != "coming":
            raise Conflict(f"{state.name}: it is whole already.")
        return state

    def _set(self, state: ImportState) -> ImportState:
        self._state = replace(state, number=state.number + 1)
        self._changed.notify_all()
        return self._state

    def _forget(self) -> None:
        if self._state is not None:
            self._path(self._state).unlink(missing_ok=True)
            self._state = None

    def _path(self, state: ImportState) -> Path:
        return self._folder / f"{state.id}.part"
