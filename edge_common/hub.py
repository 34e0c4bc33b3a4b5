"""What tells a module its settings and takes its reports and messages: the `Hub` protocol, and one made of files.

`LocalHub` serves a machine without Azure: `desired.json` may be edited by hand or written by another program,
`incoming.jsonl` is written by whoever feeds the module, and `reported.json` and `messages.jsonl` can be read. It is no
cloud and keeps nothing else but what the messages would have cost.
"""

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol

from edge_common.durable import write_file
from edge_common.errors import CodecError, ConfigError
from edge_common.lines import NewLines
from edge_common.message_file import MessageFile
from edge_common.metering import Meter
from edge_common.methods import Method
from edge_common.setting_groups import Group, acknowledgements, merge_patch, parse_settings
from edge_common.telemetry import Body, Source

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.5
_MESSAGE_EVERY_S = 0.05


@dataclass(frozen=True)
class Desired:
    """A whole desired section and its version."""

    version: int
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Incoming:
    """A message that came in, as it was sent: whoever takes it reads the body."""

    input: str
    """At which of the module's inputs."""
    body: bytes
    properties: Mapping[str, str]


class Hub(Protocol):
    """A module's line to whoever runs it. Every method may be called from any thread."""

    def next_desired(self, timeout_s: float) -> Desired | None:
        """The desired section when it is new since the last call (the first call: at once), None when time is up."""
        ...

    def report(self, patch: Mapping[str, Any]) -> None:
        """Lay a patch over the reported section; `None` deletes a key."""
        ...

    def send(self, body: Body) -> None:
        """Send a message to the output that its body is for; the line adds its stamp."""
        ...

    def next_message(self, timeout_s: float) -> Incoming | None:
        """The next message that came in, each once and in their order; None when time is up."""
        ...

    def serve(self, methods: Mapping[str, Method[Any]]) -> None:
        """Answer direct methods by these from now on."""
        ...

    def close(self) -> None:
        """The last call; what has not gone out by then does so after the next start."""
        ...


class LocalHub:
    """A twin in files of one folder, which is named for its module."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._source = Source(socket.gethostname(), folder.name)
        self._meter = Meter(folder / "metered.json")
        self._messages = MessageFile(folder)
        self._lock = threading.Lock()
        self._seen: bytes | None = None
        self._version = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._incoming = NewLines(folder / "incoming.jsonl")

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

    def serve(self, methods: Mapping[str, Method[Any]]) -> None:
        """Nobody can call them without Azure; the page does all that they do."""

    def close(self) -> None:
        self._meter.close()

    def desire(self, patch: Mapping[str, Any]) -> None:
        """Lay a patch over the desired section, as an operator would."""
        with self._lock:
            self._merge("desired.json", patch)

    def report(self, patch: Mapping[str, Any]) -> None:
        with self._lock, self._going_on("report"):
            self._merge("reported.json", patch)

    def send(self, body: Body) -> None:
        with self._lock, self._going_on("message"):
            size = self._messages.add(body.output, lambda *stamp: self._source.sealed(body, *stamp))
            self._meter.count(body.output, size)
        if (told := self._meter.news()) is not None:
            self.report({"telemetry": told})

    def next_message(self, timeout_s: float) -> Incoming | None:
        deadline_s = time.monotonic() + timeout_s
        while True:
            while (line := self._incoming.next()) is not None:
                try:
                    return parse_incoming(line)
                except CodecError as error:
                    log.error("a line of incoming.jsonl is left aside: %s", error)
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                return None
            time.sleep(min(_MESSAGE_EVERY_S, left_s))

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


def parse_incoming(line: bytes) -> Incoming:
    """`{"input", "body", "properties"}`: the body's text, or JSON that stands for its own text; raises CodecError."""
    try:
        values = json.loads(line)
    except ValueError as error:
        raise CodecError(f"a JSON object expected, got {line[:80]!r}") from error
    if not isinstance(values, dict) or "body" not in values:
        raise CodecError(f"an object with a body expected, got {line[:80]!r}")
    name, body, properties = values.get("input"), values["body"], values.get("properties", {})
    if not isinstance(name, str) or not name:
        raise CodecError(f"input: the name of an input expected, got {name!r}")
    if not isinstance(properties, dict) or not all(isinstance(value, str) for value in properties.values()):
        raise CodecError(f"properties: an object of texts expected, got {properties!r}")
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return Incoming(name, text.encode(), properties)


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
            # It may hold passwords: nobody else on the device reads them.
            write_file(self._last_good, settings.model_dump_json(indent=2).encode(), mode=0o600)
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
