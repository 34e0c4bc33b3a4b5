import shutil
from pathlib import Path

import numpy as np
import pytest

from edge_common.images import digest_of
from edge_common.zoo import LITE0, SSD_BACKBONE
from modules.trainer_agent.learning.dataset import Dataset, TaggedImage
from modules.trainer_agent.learning.detector import (
    DETAIL_BOX_PX,
    SIZES_PX,
    SMALL_BOX_PX,
    choose_size,
    read_all,
    size_of,
    train_detector,
)
from modules.trainer_agent.learning.feature_cache import FeatureCache
from modules.trainer_agent.learning.outcome import Progress, Trained
from modules.trainer_agent.learning.views import Tagged
from tests.trainer_agent.learning.made import detection_set, store_image
from tests.zoo_here import zoo_model


def tagged(side: float, boxes: int = 1) -> Tagged:
    """A square picture with boxes of that side."""
    corners = np.tile(np.array([0.1, 0.1, 0.1 + side, 0.1 + side], dtype=np.float32), (boxes, 1))
    return Tagged(TaggedImage(Path("a"), "0", "a"), 1000, 1000, corners, np.zeros(boxes, dtype=np.intp))


@pytest.mark.parametrize("size", SIZES_PX)
def test_the_square_is_the_smallest_in_which_small_boxes_are_large_enough(size: int) -> None:
    side = SMALL_BOX_PX / size + 1e-4

    assert choose_size([tagged(side), tagged(side)], several=False) == size


def test_for_tiny_boxes_the_square_is_the_largest() -> None:
    assert choose_size([tagged(0.01)], several=False) == SIZES_PX[-1]


def test_a_few_small_boxes_among_large_ones_do_not_decide() -> None:
    mixed = [tagged(0.5, boxes=9), tagged(0.01, boxes=1), tagged(0.5, boxes=0)]

    assert choose_size(mixed, several=False) == SIZES_PX[0]


def test_where_tags_are_told_apart_a_typical_box_shows_its_details() -> None:
    side = DETAIL_BOX_PX / 448 + 1e-4

    assert choose_size([tagged(side)], several=False) == SIZES_PX[0]
    assert choose_size([tagged(side)], several=True) == 448


def test_images_that_cannot_be_used_are_left_out_by_name(tmp_path: Path) -> None:
    good = detection_set(tmp_path, 1)
    bad = store_image(tmp_path, "bad.jpg", b"\xff\xd8\xff\xe0 cut short")

    both = (bad, *good.images)
    usable, left_out = read_all(type(good)("detection", good.tags, both), map(size_of, both))

    assert [one.image.name for one in usable] == ["shapes-0.jpg"]
    assert list(left_out) == ["bad.jpg"]
    assert "damaged" in left_out["bad.jpg"]


def train(dataset: Dataset, cache: FeatureCache, threads: int = 2, *, again: bool = False) -> Trained:
    """With the real backbones, and what is told of the progress held to be between 0 and 1."""

    def tell(stage: str, share: float) -> None:
        assert 0 <= share <= 1, stage

    return train_detector(
        dataset,
        zoo_model(SSD_BACKBONE),
        zoo_model(LITE0),
        cache,
        threads=threads,
        seed=0,
        progress=Progress(tell),
        model_id="shapes",
        again=again,
    )


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return detection_set(tmp_path_factory.mktemp("shapes"), 6)


def all_but_one(dataset: Dataset) -> Dataset:
    return Dataset(dataset.kind, dataset.tags, dataset.images[:5])


@pytest.fixture(scope="module")
def full(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Trained, Path]:
    """A full training of five images, and its cache, which tests copy before they use it."""
    folder = tmp_path_factory.mktemp("full") / "cache"
    return train(all_but_one(dataset), FeatureCache(folder)), folder


@pytest.fixture
def cache(full: tuple[Trained, Path], tmp_path: Path) -> FeatureCache:
    """As the full training left it."""
    return FeatureCache(Path(shutil.copytree(full[1], tmp_path / "cache")))


def test_the_same_images_and_seed_give_the_same_file(
    full: tuple[Trained, Path], dataset: Dataset, cache: FeatureCache
) -> None:
    from_the_cache_in_one_process = train(all_but_one(dataset), cache, threads=1)

    assert (full[0].images, full[0].boxes, full[0].left_out) == (5, 7, {})
    assert digest_of(full[0].model) == digest_of(from_the_cache_in_one_process.model)


def test_training_again_goes_on_from_the_last_full_training(
    full: tuple[Trained, Path], dataset: Dataset, cache: FeatureCache
) -> None:
    unchanged, one_more = train(all_but_one(dataset), cache, again=True), train(dataset, cache, again=True)
    in_full = train(dataset, cache)

    assert digest_of(unchanged.model) == digest_of(full[0].model)
    assert one_more.images == 6
    assert len({digest_of(one.model) for one in (full[0], one_more, in_full)}) == 3
    # The full training has taken the place of the first, so there is nothing left to learn.
    assert digest_of(train(dataset, cache, again=True).model) == digest_of(in_full.model)


def test_without_what_was_kept_training_again_is_a_full_training(
    full: tuple[Trained, Path], dataset: Dataset, tmp_path: Path
) -> None:
    elsewhere = train(all_but_one(dataset), FeatureCache(tmp_path / "elsewhere"), again=True)

    assert digest_of(elsewhere.model) == digest_of(full[0].model)
