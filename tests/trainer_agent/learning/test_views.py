from pathlib import Path

import numpy as np
import pytest

from edge_common.errors import ImageError
from modules.trainer_agent.learning.augment import plain_view
from modules.trainer_agent.learning.backbone import DetectionBackbone
from modules.trainer_agent.learning.dataset import Dataset
from modules.trainer_agent.learning.detector import read_all, size_of
from modules.trainer_agent.learning.feature_cache import FeatureCache
from modules.trainer_agent.learning.views import (
    FEWEST_COPIES,
    MOST_COPIES,
    CachedViews,
    Tagged,
    choose_views,
    copies_for,
)
from tests.trainer_agent.learning.made import detection_set


def usable(dataset: Dataset) -> list[Tagged]:
    return read_all(dataset, map(size_of, dataset.images))[0]


def test_few_small_images_are_seen_often_and_many_large_ones_seldom() -> None:
    assert copies_for(15, 320) == MOST_COPIES
    assert copies_for(30, 384) == 7
    assert copies_for(500, 640) == FEWEST_COPIES


def test_the_views_of_an_image_depend_on_its_content_and_the_seed_alone(tmp_path: Path) -> None:
    first, second = usable(detection_set(tmp_path, 2))

    views = choose_views(first, 320, 6, seed=0)

    assert views[0] == plain_view(first.width, first.height, 320)
    assert views == choose_views(first, 320, 6, seed=0)
    assert views[:3] == choose_views(first, 320, 3, seed=0)
    assert views[1:] != choose_views(first, 320, 6, seed=1)[1:]
    assert views[1:] != choose_views(second, 320, 6, seed=0)[1:]


def cached(backbone: DetectionBackbone, folder: Path, digest: str = "digest", size_px: int = 128) -> CachedViews:
    return CachedViews(lambda: backbone, digest, FeatureCache(folder / "cache"), size_px)


def test_features_come_from_the_cache_when_they_were_computed_before(
    tmp_path: Path, backbone: DetectionBackbone
) -> None:
    (one,) = usable(detection_set(tmp_path, 1))
    views = choose_views(one, 128, 2, seed=0)
    made = cached(backbone, tmp_path).arrays(one, views)
    one.image.path.unlink()  # whoever would compute them again would miss it

    again = cached(backbone, tmp_path).arrays(one, views)

    assert len(made) == len(again) == 2
    for first, second in zip(made, again, strict=True):
        np.testing.assert_array_equal(first["map16"], second["map16"])


def test_fewer_views_than_before_are_all_in_the_cache_and_of_more_only_the_new_ones_are_computed(
    tmp_path: Path, backbone: DetectionBackbone
) -> None:
    (one,) = usable(detection_set(tmp_path, 1))
    views = choose_views(one, 128, 3, seed=0)
    cached(backbone, tmp_path).arrays(one, views[:2])
    source = cached(backbone, tmp_path)
    there = {path: path.read_bytes() for path in (tmp_path / "cache").rglob("*.features")}

    assert source.missing([(one, views[:1]), (one, views[:2]), (one, views)]) == [(one, views)]
    source.arrays(one, views)

    now = {path: path.read_bytes() for path in (tmp_path / "cache").rglob("*.features")}
    assert len(now) == 3
    assert there.items() < now.items()


def test_features_are_held_in_memory_as_long_as_there_is_room(tmp_path: Path, backbone: DetectionBackbone) -> None:
    first, second = usable(detection_set(tmp_path, 2))
    views = choose_views(first, 128, 2, seed=0)
    source = cached(backbone, tmp_path)
    made = source.arrays(first, views)
    source._room_bytes = 0
    source.arrays(second, views)

    for file in (tmp_path / "cache").rglob("*.features"):
        file.unlink()
    for one in (first, second):
        one.image.path.unlink()

    assert all(again is before for again, before in zip(source.arrays(first, views), made, strict=True))
    with pytest.raises(ImageError, match=r"shapes-1\.jpg"):
        source.arrays(second, views)


def test_a_backbone_is_loaded_when_it_is_needed_and_again_after_a_rest(
    tmp_path: Path, backbone: DetectionBackbone
) -> None:
    loaded: list[int] = []
    source = CachedViews(lambda: loaded.append(1) or backbone, "digest", FeatureCache(tmp_path / "cache"), 128)
    first, second = usable(detection_set(tmp_path, 2))
    views = choose_views(first, 128, 2, seed=0)

    counts = []
    for one in (first, first, second):
        source.arrays(one, views)
        counts.append(len(loaded))
        source.rest()

    assert counts == [1, 1, 2]


@pytest.mark.parametrize("change", ["another backbone", "another size", "other views"])
def test_features_made_otherwise_are_computed_anew(tmp_path: Path, backbone: DetectionBackbone, change: str) -> None:
    (one,) = usable(detection_set(tmp_path, 1))
    cached(backbone, tmp_path).arrays(one, choose_views(one, 128, 2, seed=0))
    one.image.path.unlink()

    source = cached(
        backbone,
        tmp_path,
        "other" if change == "another backbone" else "digest",
        192 if change == "another size" else 128,
    )

    with pytest.raises(ImageError, match=r"shapes-0\.jpg"):
        source.arrays(one, choose_views(one, 128, 2, seed=1 if change == "other views" else 0))
