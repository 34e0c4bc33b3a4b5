"""Lines that other programs add to a file, one after the other, from the time of opening on."""

from pathlib import Path

MOST_LINE_BYTES = 300_000
"""Longer ones are left out; a message of IoT Hub has at most 256 kB."""
_PIECE = 65_536


class NewLines:
    """Used by one thread. A file that is not there yet, or starts over, is read from its beginning."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file, self._place = self._seen()
        self._rest = b""

    def next(self) -> bytes | None:
        """The next whole line without its end, empty ones left out; None when there is none yet."""
        while True:
            line, end, rest = self._rest.partition(b"\n")
            if end:
                self._rest = rest
                if line.strip() and len(line) <= MOST_LINE_BYTES:
                    return line
            elif not self._read():
                return None

    def _read(self) -> bool:
        """Whether there was more."""
        file, size = self._seen()
        if file != self._file or size < self._place:
            self._file, self._place, self._rest = file, 0, b""
        if size == self._place:
            return False
        try:
            with self._path.open("rb") as opened:
                opened.seek(self._place)
                piece = opened.read(_PIECE)
        except FileNotFoundError:
            return False
        self._place += len(piece)
        # Of a line that is too long, no more is kept than shows that it is.
        self._rest = (self._rest if len(self._rest) <= MOST_LINE_BYTES else self._rest[: MOST_LINE_BYTES + 1]) + piece
        return bool(piece)

    def _seen(self) -> tuple[int, int]:
        """Which file it is and how long; (0, 0) for none."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return 0, 0
        return found.st_ino, found.st_size
