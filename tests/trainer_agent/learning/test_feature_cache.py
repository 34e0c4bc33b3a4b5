import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from modules.trainer_agent.learning.feature_cache import FeatureCache
from modules.trainer_agent.learning.features import pack, unpack
from tests.trainer_agent.learning.made import random_features

ARRAYS = {"a": np.arange(6, dtype=np.uint8).reshape(2, 3), "b": np.ones(3, dtype=np.float16)}


@pytest.fixture
def cache(tmp_path: Path) -> FeatureCache:
    return FeatureCache(tmp_path / "features")


def only_file(tmp_path: Path) -> Path:
    (path,) = (path for path in tmp_path.rglob("*") if path.is_file())
    return path


def same(stored: dict[str, np.ndarray] | None) -> bool:
    return stored is not None and stored.keys() == ARRAYS.keys() and all((stored[k] == ARRAYS[k]).all() for k in stored)


def test_arrays_survive_the_cache(cache: FeatureCache) -> None:
    cache.save("recipe", ARRAYS)

    stored = cache.load("recipe")

    assert same(stored)
    assert {name: array.dtype for name, array in stored.items()} == {"a": np.uint8, "b": np.float16}


def test_a_view_survives_packing_and_the_cache(cache: FeatureCache) -> None:
    view = random_features(np.random.default_rng(0))
    cache.save("view", pack(view))

    again = unpack(cache.load("view"))

    assert all((view.maps[name] == again.maps[name]).all() for name in view.maps)
    np.testing.assert_array_equal(view.encodings, again.encodings)
    np.testing.assert_array_equal(view.logits, again.logits)


def test_another_recipe_has_nothing(cache: FeatureCache) -> None:
    cache.save("recipe", ARRAYS)

    assert cache.load("another recipe") is None


def test_a_file_with_any_byte_damaged_is_as_good_as_none(cache: FeatureCache, tmp_path: Path) -> None:
    cache.save("recipe", ARRAYS)
    path = only_file(tmp_path)
    data = path.read_bytes()

    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x11]) + data[place + 1 :])
        assert cache.load("recipe") is None, place


@pytest.mark.parametrize("length", [0, 10, 32, 200])
def test_a_file_cut_short_is_as_good_as_none_and_is_made_again(
    cache: FeatureCache, tmp_path: Path, length: int
) -> None:
    cache.save("recipe", ARRAYS)
    path = only_file(tmp_path)
    path.write_bytes(path.read_bytes()[:length])

    assert cache.load("recipe") is None
    cache.save("recipe", ARRAYS)

    assert same(cache.load("recipe"))


def test_pruning_deletes_what_was_used_longest_ago(cache: FeatureCache, tmp_path: Path) -> None:
    for age, recipe in enumerate(("newest", "middle", "oldest")):
        before = set(tmp_path.rglob("*.features"))
        cache.save(recipe, ARRAYS)
        (path,) = set(tmp_path.rglob("*.features")) - before
        os.utime(path, (1000 - age, 1000 - age))
    each_bytes = path.stat().st_size

    assert cache.load("oldest") is not None  # used again, so it is the newest now
    cache.prune(2 * each_bytes)

    assert [cache.load(recipe) is not None for recipe in ("newest", "middle", "oldest")] == [True, False, True]


def test_pruning_what_is_not_there_does_nothing(cache: FeatureCache) -> None:
    cache.prune(0)


def test_a_disk_that_takes_no_more_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    code = """
import resource, sys
from pathlib import Path
import numpy as np
from modules.trainer_agent.learning.feature_cache import FeatureCache

resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    FeatureCache(Path(sys.argv[1])).save("recipe", {"a": np.ones(2_000_000, dtype=np.uint8)})
except OSError as error:
    print(error.strerror)
"""

    out = subprocess.run([sys.executable, "-c", code, tmp_path], check=True, capture_output=True, text=True)

    assert out.stdout == "File too large\n"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_pruning_passes_over_what_another_training_took_away_meanwhile(cache: FeatureCache, tmp_path: Path) -> None:
    cache.save("recipe", ARRAYS)
    # Listed, but not there when it is looked at: as a file that is renamed in between.
    only_file(tmp_path).with_name("half.part").symlink_to("whole")

    cache.prune(0)

    assert cache.load("recipe") is None


def test_pruning_takes_what_an_ended_process_left_half_written(cache: FeatureCache, tmp_path: Path) -> None:
    cache.save("recipe", ARRAYS)
    ended = subprocess.Popen(["true"])
    ended.wait()
    folder = only_file(tmp_path).parent
    left, being_written = (folder / f"half.{pid}.part" for pid in (ended.pid, os.getppid()))
    left.write_bytes(b"half")
    being_written.write_bytes(b"half")

    cache.prune(1_000_000)

    assert not left.exists()
    assert being_written.exists()
