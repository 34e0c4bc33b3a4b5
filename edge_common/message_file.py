"""Messages as lines of a file, where no hub takes them: numbered without end, in a file that does not grow for ever."""

import json
import os
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_BYTES = 1_000_000


class MessageFile:
    """`messages.jsonl` in a folder, and `messages.old.jsonl` before it. Used by one thread at a time."""

    def __init__(self, folder: Path) -> None:
        self._path, self._old = folder / "messages.jsonl", folder / "messages.old.jsonl"
        self._last: int | None = None
        """Number of the last message; read from the files when the first is added."""

    def add(self, output: str, sealed: Callable[[str, int], bytes]) -> int:
        """Add the JSON object that `sealed` makes of an id and the next number; gives its bytes. Raises OSError."""
        first = self._last is None
        last = self._newest() if self._last is None else self._last
        body = sealed(uuid.uuid4().hex, last + 1)
        # Found out anew after a write that failed.
        self._last = None
        if self._path.exists() and self._path.stat().st_size > _BYTES:
            self._path.replace(self._old)
        with self._path.open("ab") as file:
            # A line that a power cut has cut takes none that follows with it.
            start = b"\n" if first and _ends_within_a_line(self._path) else b""
            file.write(start + b'{"output": "%s", "body": %s}\n' % (output.encode(), body))
            file.flush()
            os.fsync(file.fileno())
        self._last = last + 1
        return len(body)

    def _newest(self) -> int:
        """Number of the newest message that can be read; 0 of none."""
        for path in (self._path, self._old):
            lines = path.read_bytes().splitlines() if path.exists() else []
            for line in reversed(lines):
                # Cut by a power cut, or written by hand.
                with suppress(ValueError, KeyError, TypeError):
                    return int(json.loads(line)["body"]["sequence"])
        return 0


def _ends_within_a_line(path: Path) -> bool:
    return path.read_bytes()[-1:] not in (b"", b"\n")
