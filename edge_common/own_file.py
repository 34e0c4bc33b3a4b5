"""What is made on the device's own page, as one file that the page writes and another module reads."""

import json
import threading
from pathlib import Path
from typing import Generic

from edge_common.durable import write_file
from edge_common.errors import ConfigError, EdgeError
from edge_common.setting_groups import Group, parse_settings


class OwnFile(Generic[Group]):
    """The file. One program writes it, any may read; every method may be called from any thread."""

    def __init__(self, path: Path, kind: type[Group], called: str, *, secret: bool = False) -> None:
        """called: what is in it, in words, such as "cameras"; of what is secret no error repeats anything."""
        # Nobody else on the device reads it.
        path.parent.parent.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        self._path, self._kind, self._called, self._secret = path, kind, called, secret
        self._seen: bytes | None = None
        self.lock = threading.Lock()
        """Held from a reading to the writing that goes on from it."""

    def read(self) -> Group:
        """What it holds; raises ConfigError when that is something else, which is then left alone."""
        return self._parsed(self._bytes())

    def news(self) -> Group | None:
        """The same if the file is another than at the last call; raises ConfigError, once for each bad file."""
        data = self._bytes()
        if data == self._seen:
            return None
        self._seen = data
        return self._parsed(data)

    def exists(self) -> bool:
        """Whether it was ever written, be it with nothing in it."""
        return self._path.exists()

    def write(self, whole: Group) -> None:
        """Raises EdgeError when the disk does not take it; what was there stays then."""
        try:
            write_file(self._path, whole.model_dump_json(indent=1).encode())
        except OSError as error:
            raise EdgeError(f"The {self._called} cannot be stored: {error.strerror or error}.") from error

    def _bytes(self) -> bytes:
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return b"{}"

    def _parsed(self, data: bytes) -> Group:
        try:
            return parse_settings(self._kind, json.loads(data))
        except ValueError as error:
            problem = "it is no JSON"
            if isinstance(error, ConfigError):
                problem = f"not a list of {self._called}" + ("" if self._secret else f" ({error})")
            raise ConfigError([f"{self._path}: {problem}; mend the file or delete it"]) from error
