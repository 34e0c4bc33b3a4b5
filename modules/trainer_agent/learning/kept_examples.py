"""Examples with their large arrays in an arena, so that several processes learn from the same."""

from dataclasses import dataclass

from modules.trainer_agent.learning.arena import Arena, ArenaWriter, Kept
from modules.trainer_agent.learning.assign import Indices
from modules.trainer_agent.learning.examples import Array, Example


@dataclass(frozen=True)
class KeptExample:
    """As Example."""

    inputs: tuple[Kept, ...]
    old_logits: Kept
    frozen: Kept
    background: Kept
    targets: Array
    tags: Indices
    pool: Indices


def keep(example: Example, arena: ArenaWriter) -> KeptExample:
    """Put the example's large arrays into the arena; raises OSError when the disk takes no more."""
    return KeptExample(
        inputs=tuple(arena.put(level) for level in example.inputs),
        old_logits=arena.put(example.old_logits),
        frozen=arena.put(example.frozen),
        background=arena.put(example.background),
        targets=example.targets,
        tags=example.tags,
        pool=example.pool,
    )


def opened(kept: KeptExample, arena: Arena) -> Example:
    """The example as it was, its large arrays read when they are looked at."""
    return Example(
        inputs=tuple(arena.get(level) for level in kept.inputs),
        old_logits=arena.get(kept.old_logits),
        frozen=arena.get(kept.frozen),
        background=arena.get(kept.background),
        targets=kept.targets,
        tags=kept.tags,
        pool=kept.pool,
    )
