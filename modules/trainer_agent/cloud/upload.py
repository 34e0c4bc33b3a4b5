"""Brings a file that is made piece by piece to a block blob, and goes on where it stopped, whoever stopped it.

A block is called by its number and the checksum of its content. So what the storage has already is told by its own list
of blocks, and there is no other record that could be wrong: a file made anew after a restart needs only those blocks
brought that differ. One block at a time is in memory.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from edge_common.errors import StorageRefused
from modules.trainer_agent.cloud.patience import Persistence

BLOCK_BYTES = 2_000_000
"""Of 50,000 blocks at most, which makes 100 GB; a line of 100 kB/s brings one in twenty seconds."""
MOST_BLOCKS = 50_000


class Blocks(Protocol):
    """A blob that is written in blocks; each method raises StorageRefused, LineLost."""

    def blocks(self) -> frozenset[str]: ...
    def stage(self, block_id: str, data: bytes) -> None: ...
    def commit(self, block_ids: list[str], content_type: str, md5: bytes) -> None: ...


@dataclass(frozen=True)
class Uploaded:
    """What lies there now."""

    size: int
    sha256: str
    brought: int
    """Bytes that had to be sent this time."""


def upload(
    pieces: Iterable[bytes],
    blob: Blocks,
    content_type: str,
    persistence: Persistence,
    told: Callable[[int, int], None],
    *,
    block_bytes: int = BLOCK_BYTES,
) -> Uploaded:
    """Bring the pieces; `told` gets the bytes that are there and the pieces that were taken, after each block.

    Raises StorageRefused, LineLost when that lasts too long, Stopped.
    """
    there = persistence.until_done(blob.blocks)
    whole, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    ids: list[str] = []
    size = brought = 0
    for block, taken in in_blocks(pieces, block_bytes):
        if len(ids) == MOST_BLOCKS:
            raise StorageRefused(f"at most {MOST_BLOCKS * block_bytes / 1e9:g} GB in one blob expected, there is more")
        whole.update(block)
        md5.update(block)
        block_id = f"{len(ids):05d}-{hashlib.sha256(block).hexdigest()[:40]}"
        if block_id not in there:
            persistence.until_done(partial(blob.stage, block_id, block))
            brought += len(block)
        ids.append(block_id)
        size += len(block)
        told(size, taken)
    persistence.until_done(lambda: blob.commit(ids, content_type, md5.digest()))
    return Uploaded(size, whole.hexdigest(), brought)


def in_blocks(pieces: Iterable[bytes], block_bytes: int) -> Iterator[tuple[bytes, int]]:
    """The same bytes in blocks of one size, the last one shorter, each with how many pieces were taken for it."""
    held = bytearray()
    taken = 0
    for taken, piece in enumerate(pieces, 1):
        held += piece
        while len(held) >= block_bytes:
            yield bytes(held[:block_bytes]), taken
            del held[:block_bytes]
    if held:
        yield bytes(held), taken
