"""A file that comes in pieces and is then imported, on a thread of its own: one at a time, followed by its number."""

import logging
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from edge_common.errors import Conflict, EdgeError, NotFound
from edge_common.packages import PackageStore
from edge_common.sentences import marked
from modules.trainer_agent.exchange.importing import import_model
from modules.trainer_agent.library import Library
from modules.trainer_agent.pieces import Pieces

log = logging.getLogger(__name__)

LARGEST_FILE_BYTES = 4_000_000_000

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
        self._pieces = Pieces(folder, LARGEST_FILE_BYTES, room=2)
        self._changed = threading.Condition()
        self._state: ImportState | None = None

    def begin(self, name: str, size: int) -> ImportState:
        """A place for a file of so many bytes; one that was coming is given up. Raises InvalidInput, Conflict."""
        with self._changed:
            if self._state is not None and self._state.phase == "reading":
                raise Conflict(f"'{self._state.name}' is being imported just now. Wait until that has ended.")
            coming = self._pieces.begin(name, size)
            self._state = ImportState(coming.id, name, size)
            return self._state

    def put(self, import_id: str, start: int, data: bytes) -> ImportState:
        """Add a piece; one that is there already may come again. Raises NotFound, Conflict saying where to go on."""
        with self._changed:
            state = self._coming(import_id)
            return self._set(replace(state, received=self._pieces.put(import_id, start, data).received))

    def finish(self, import_id: str) -> ImportState:
        """Start reading a file that is whole; raises NotFound, Conflict."""
        with self._changed:
            state = self._coming(import_id)
            path = self._pieces.whole(import_id)
            started = self._set(replace(state, phase="reading", stage=marked("Looking at the file")))
        threading.Thread(target=self._read, args=(started, path), name="import", daemon=True).start()
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

    def _read(self, state: ImportState, path: Path) -> None:
        def told(fraction: float, stage: str) -> None:
            with self._changed:
                self._set(replace(self.state(state.id), fraction=fraction, stage=stage))

        try:
            made = import_model(path, state.name, self._library, self._packages, told)
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
        self._pieces.forget()
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
