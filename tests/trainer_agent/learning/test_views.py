from pathlib import Path

import numpy as np
import pytest

from edge_common.errors import ImageError
from modules.trainer_agent.learning.augment import plain_view
from modules.trainer_agent.learning.backbone import DetectionBackbone
from modules.trainer_agent.learning.detector import read_all
from modules.trainer_agent.learning.feature_cache import FeatureCache
from modules.trainer_agent.learning.views import FEWEST_COPIES, MOST_COPIES, FeatureSource, choose_views, copies_for
from tests.trainer_agent.learning.made import detection_set


def test_few_small_images_are_seen_often_and_many_large_ones_seldom() -> None:
    assert copies_for(15, 320) == MOST_COPIES
    assert copies_for(30, 384) == 7
    assert copies_for(500, 640) == FEWEST_COPIES


def test_the_views_of_an_image_depend_on_its_content_and_the_seed_alone(tmp_path: Path) -> None:
    first, second = read_all(detection_set(tmp_path, 2))[0]

    views = choose_views(first, 320, 6, seed=0)

    assert views[0] == plain_view(first.width, first.height, 320)
    assert views == choose_views(first, 320, 6, seed=0)
    assert views[:3] == choose_views(first, 320, 3, seed=0)
    assert views[1:] != choose_views(first, 320, 6, seed=1)[1:]
    assert views[1:] != choose_views(second, 320, 6, seed=0)[1:]


def test_features_come_from_the_cache_when_they_were_computed_before(
    tmp_path: Path, backbone: DetectionBackbone
) -> None:
    (one,) = read_all(detection_set(tmp_path, 1))[0]
    source = FeatureSource(backbone, "digest", FeatureCache(tmp_path / "cache"), 128)
    views = choose_views(one, 128, 2, seed=0)
    made = source.features(one, views)
    one.image.path.unlink()  # whoever would compute them again would miss it

    again = source.features(one, views)

    np.testing.assert_array_equal(made[1].maps["map16"], again[1].maps["map16"])


@pytest.mark.parametrize("change", ["another backbone", "another size", "other views"])
def test_features_made_otherwise_are_computed_anew(tmp_path: Path, backbone: DetectionBackbone, change: str) -> None:
    (one,) = read_all(detection_set(tmp_path, 1))[0]
    cache = FeatureCache(tmp_path / "cache")
    FeatureSource(backbone, "digest", cache, 128).features(one, choose_views(one, 128, 2, seed=0))
    one.image.path.unlink()

    source = FeatureSource(
        backbone, "other" if change == "another backbone" else "digest", cache, 192 if change == "another size" else 128
    )

    with pytest.raises(ImageError, match=r"shapes-0\.jpg"):
        source.features(one, choose_views(one, 128, 2, seed=1 if change == "other views" else 0))
