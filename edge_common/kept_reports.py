"""A module's reported properties as it wants them, on disk, and the way from what the hub has to that."""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edge_common.durable import write_file
from edge_common.reported_section import fitted, patches
from edge_common.setting_groups import merge_patch

log = logging.getLogger(__name__)


class KeptReports:
    """`lay` from any thread; the rest from the thread of the line only.

    What goes out is the difference of two sections, so many changes in a short time are one patch, none is sent twice,
    and after days without a hub, or with another one, its section is made to be what the module wants.
    """

    def __init__(self, file: Path, *, gap_s: float) -> None:
        """`gap_s`: between two patches, at least."""
        self._file, self._gap_s = file, gap_s
        self._lock = threading.Lock()
        self._known = file.exists()
        self._wanted = _read(file)
        self._hub_has: dict[str, Any] = {}
        self._due_s = 0.0

    def lay(self, patch: Mapping[str, Any]) -> None:
        """Lay a patch over what is wanted."""
        with self._lock:
            self._wanted = merge_patch(self._wanted, patch)
            self._save()

    def found(self, reported: Mapping[str, Any]) -> None:
        """What the hub has, by a full twin. Of a module whose disk is new, that is what it wanted before."""
        self._hub_has = {name: value for name, value in reported.items() if not name.startswith("$")}
        with self._lock:
            if not self._known:
                self._wanted = merge_patch(self._hub_has, self._wanted)
                self._save()

    def send(self, report: Callable[[dict[str, Any]], None]) -> None:
        """Hand `report` what the hub lacks, if it is time; what it raises goes through, and the rest stays due."""
        if self.due_in_s() > 0:
            return
        with self._lock:
            wanted = self._wanted
        for patch in patches(self._hub_has, fitted(wanted)):
            self.pause(self._gap_s)
            report(patch)
            self._hub_has = merge_patch(self._hub_has, patch)

    def pause(self, pause_s: float) -> None:
        self._due_s = time.monotonic() + pause_s

    def due_in_s(self) -> float:
        return max(0.0, self._due_s - time.monotonic())

    def _save(self) -> None:
        self._known = True
        try:
            write_file(self._file, json.dumps(self._wanted, ensure_ascii=False).encode())
        except OSError as error:
            log.error("%s cannot be written: %s", self._file, error)


def _read(file: Path) -> dict[str, Any]:
    try:
        values = json.loads(file.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError:
        values = None
    if not isinstance(values, dict):
        log.error("%s: a JSON object expected; it is left aside", file)
        return {}
    return values
