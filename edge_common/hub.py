"""What tells a module its settings and takes its reports and messages: the `Hub` protocol, and one made of files.

`LocalHub` serves a machine without Azure: `desired.json` may be edited by hand or written by another program, and
`reported.json` and `messages.jsonl` can be read. It is no cloud and keeps nothing else.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol

from edge_common.durable import write_file
from edge_common.errors import ConfigError
from edge_common.settings import Group, acknowledgements, merge_patch, parse_settings

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.5
_MESSAGES_BYTES = 1_000_000


@dataclass(frozen=True)
class Desired:
    """A whole desired section and its version."""

    version: int
    values: Mapping[str, Any]


class Hub(Protocol):
    """A module's line to whoever runs it. Every method may be called from any thread."""

    def next_desired(self, timeout_s: float) -> Desired | None:
        """The desired section when it is new since the last call (the first call: at once), None when time is up."""
        ...

    def report(self, patch: Mapping[str, Any]) -> None:
        """Lay a patch over the reported section; `None` deletes a key."""
        ...

    def send(self, output: str, body: Mapping[str, Any]) -> None:
        """Send a message to a named output."""
        ...


class LocalHub:
    """A twin in files of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._seen: bytes | None = None
        self._version = 0
        folder.mkdir(parents=True, exist_ok=True)

    def next_desired(self, timeout_s: float) -> Desired | None:
        deadline_s = time.monotonic() + timeout_s
        while True:
            data = self._read("desired.json")
            if data != self._seen:
                self._seen = data
                values = self._object("desired.json", data)
                if values is not None:
                    self._version += 1
                    return Desired(self._version, values)
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                return None
            time.sleep(min(_LOOK_EVERY_S, left_s))

    def desire(self, patch: Mapping[str, Any]) -> None:
        """Lay a patch over the desired section, as an operator would."""
        with self._lock:
            self._merge("desired.json", patch)

    def report(self, patch: Mapping[str, Any]) -> None:
        with self._lock, self._going_on("report"):
            self._merge("reported.json", patch)

    def send(self, output: str, body: Mapping[str, Any]) -> None:
        line = json.dumps({"output": output, "body": body}, ensure_ascii=False)
        path = self._folder / "messages.jsonl"
        with self._lock, self._going_on("message"):
            if path.exists() and path.stat().st_size > _MESSAGES_BYTES:
                path.replace(path.with_name("messages.old.jsonl"))
            with path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
                file.flush()
                os.fsync(file.fileno())

    @contextmanager
    def _going_on(self, what: str) -> Iterator[None]:
        # A module must go on looking while the disk is full; what it had to say is lost here, as no one could keep it.
        try:
            yield
        except OSError as error:
            log.error("a %s is lost, %s cannot be written: %s", what, self._folder, error)

    def _merge(self, name: str, patch: Mapping[str, Any]) -> None:
        merged = merge_patch(self._object(name, self._read(name)) or {}, patch)
        write_file(self._folder / name, json.dumps(merged, indent=2, ensure_ascii=False).encode())

    def _read(self, name: str) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return b"{}"

    def _object(self, name: str, data: bytes) -> dict[str, Any] | None:
        try:
            values = json.loads(data)
        except ValueError:
            values = None
        if isinstance(values, dict):
            return values
        log.error("%s: a JSON object expected; it is left aside", self._folder / name)
        return None


class SettingsKeeper(Generic[Group]):
    """The last good settings of a module, kept on disk; a bad desired section is refused whole and reported."""

    def __init__(self, hub: Hub, kind: type[Group], last_good: Path) -> None:
        self._hub = hub
        self._kind = kind
        self._last_good = last_good
        self.settings = self._load()

    def wait(self, timeout_s: float) -> bool:
        """Take a new desired section if one comes in time; True when the settings changed."""
        desired = self._hub.next_desired(timeout_s)
        if desired is None:
            return False
        try:
            settings = parse_settings(self._kind, desired.values)
        except ConfigError as error:
            log.error("settings refused, the last good ones stay: %s", error)
            self._hub.report({"settings": acknowledgements(self.settings, desired.version, 400, str(error))})
            return False
        try:
            write_file(self._last_good, settings.model_dump_json(indent=2).encode())
        except OSError as error:
            log.error("%s cannot be written, a restart will not know these settings: %s", self._last_good, error)
        self._hub.report({"settings": acknowledgements(settings, desired.version)})
        changed = settings != self.settings
        self.settings = settings
        return changed

    def _load(self) -> Group:
        try:
            return parse_settings(self._kind, json.loads(self._last_good.read_bytes()))
        except FileNotFoundError:
            return self._kind()
        except (ConfigError, ValueError) as error:
            log.error("%s cannot be used, defaults serve until settings come: %s", self._last_good, error)
            return self._kind()
