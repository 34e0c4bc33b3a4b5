"""Arrays of one training in a file that all its processes map: no copy for each, in memory what is looked at."""

import mmap
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HELD_BYTES = 200_000_000
"""As much may stay mapped; of a larger arena, what was looked at is let go of."""
_ALIGNED = 64


@dataclass(frozen=True)
class Kept:
    """Where an array lies."""

    offset: int
    shape: tuple[int, ...]
    dtype: str


class ArenaWriter:
    """Puts arrays into a file without a name, which is gone when the last process that has it open ends."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed by close)
        self._size = 0

    @property
    def descriptor(self) -> int:
        return self._file.fileno()

    def put(self, array: NDArray[Any]) -> Kept:
        """Raises OSError when the disk takes no more."""
        kept = Kept(self._size, array.shape, array.dtype.str)
        self._file.write(np.ascontiguousarray(array).data)
        self._file.write(bytes(-array.nbytes % _ALIGNED))
        self._size += array.nbytes + -array.nbytes % _ALIGNED
        return kept

    def flush(self) -> None:
        """After this, what was put can be read."""
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class Arena:
    """What was put, for reading; in any process that has the descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._size = os.fstat(descriptor).st_size
        self._map = mmap.mmap(descriptor, self._size, access=mmap.ACCESS_READ)

    def get(self, kept: Kept) -> NDArray[Any]:
        """The array, read-only; its bytes are read when they are looked at."""
        count = int(np.prod(kept.shape))
        return np.frombuffer(self._map, np.dtype(kept.dtype), count, kept.offset).reshape(kept.shape)

    def rest(self) -> None:
        """Let go of what was looked at, if all of it would not fit; it can be looked at again."""
        if self._size > HELD_BYTES:
            self._map.madvise(mmap.MADV_DONTNEED)
