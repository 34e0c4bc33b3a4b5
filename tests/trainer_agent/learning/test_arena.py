import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from modules.trainer_agent.learning import arena as arenas
from modules.trainer_agent.learning.arena import Arena, ArenaWriter
from modules.trainer_agent.learning.examples import grid_of
from modules.trainer_agent.learning.kept_examples import keep, opened
from tests.trainer_agent.learning.made import random_example

ARRAYS = [
    np.arange(6, dtype=np.float16).reshape(2, 3),
    np.empty((0, 4), dtype=np.float32),
    np.arange(5, dtype=np.int64)[::2],
    np.float32(7).reshape(()),
]


def test_arrays_come_back_as_they_were_put(tmp_path: Path) -> None:
    with closing(ArenaWriter(tmp_path)) as writer:
        kept = [writer.put(array) for array in ARRAYS]
        writer.flush()
        arena = Arena(writer.descriptor)

        found = [arena.get(one) for one in kept]

    for array, again in zip(ARRAYS, found, strict=True):
        assert again.dtype == array.dtype
        np.testing.assert_array_equal(again, array)
    assert not found[0].flags.writeable


def test_what_was_let_go_of_can_be_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arenas, "HELD_BYTES", 0)
    with closing(ArenaWriter(tmp_path)) as writer:
        kept = writer.put(np.arange(100_000))
        writer.flush()
        arena = Arena(writer.descriptor)
        array = arena.get(kept)
        first = array.sum()

        arena.rest()

        assert array.sum() == first


def test_letting_go_bounds_what_a_process_holds(tmp_path: Path) -> None:
    code = """
import re, sys
from pathlib import Path
import numpy as np
from modules.trainer_agent.learning import arena as arenas

def held_mb():
    return int(re.search(r"RssFile:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1000

arenas.HELD_BYTES = 50_000_000
writer = arenas.ArenaWriter(Path(sys.argv[1]))
kept = [writer.put(np.ones(10_000_000, dtype=np.uint8)) for _ in range(20)]
writer.flush()
arena = arenas.Arena(writer.descriptor)
before, most = held_mb(), 0
for one in kept:
    arena.get(one).sum()
    most = max(most, held_mb())
    arena.rest()
print(most - before)
"""

    out = subprocess.run([sys.executable, "-c", code, tmp_path], check=True, capture_output=True, text=True)

    assert int(out.stdout) < 30


def test_an_arena_leaves_no_file_behind(tmp_path: Path) -> None:
    with closing(ArenaWriter(tmp_path / "new")) as writer:
        writer.put(ARRAYS[0])

        assert list((tmp_path / "new").iterdir()) == []


def test_a_disk_that_takes_no_more_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    code = """
import resource, sys
from pathlib import Path
import numpy as np
from modules.trainer_agent.learning.arena import ArenaWriter

resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
writer = ArenaWriter(Path(sys.argv[1]))
writer.put(np.ones(900_000, dtype=np.uint8))
try:
    writer.put(np.ones(200_000, dtype=np.uint8))
    writer.flush()
except OSError as error:
    print(error.strerror)
"""

    out = subprocess.run([sys.executable, "-c", code, tmp_path], check=True, capture_output=True, text=True)

    assert out.stdout == "File too large\n"
    assert list(tmp_path.iterdir()) == []


def test_an_example_is_the_same_after_it_was_kept(tmp_path: Path) -> None:
    example = random_example(np.random.default_rng(0), grid_of(128), tags=2)
    with closing(ArenaWriter(tmp_path)) as writer:
        kept = keep(example, writer)
        writer.flush()

        again = opened(kept, Arena(writer.descriptor))

    for name in ("old_logits", "frozen", "background", "targets", "tags", "pool"):
        np.testing.assert_array_equal(getattr(again, name), getattr(example, name))
    for one, other in zip(again.inputs, example.inputs, strict=True):
        np.testing.assert_array_equal(one, other)
