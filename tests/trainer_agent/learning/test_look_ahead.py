"""What was looked at while staff tagged: a training finds it, and nothing that goes wrong stands in its way."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from edge_common.zoo import LITE0, SSD_BACKBONE
from modules.trainer_agent.learning.classifier import train_classifier
from modules.trainer_agent.learning.dataset import Dataset
from modules.trainer_agent.learning.detector import train_detector
from modules.trainer_agent.learning.feature_cache import FeatureCache
from modules.trainer_agent.learning.look_ahead import LookAhead
from modules.trainer_agent.learning.outcome import Progress
from tests.trainer_agent.learning.made import classification_set, detection_set, store_image
from tests.zoo_here import zoo_model


def look(dataset: Dataset, folder: Path, images: int | None = None) -> set[Path]:
    """What is in the cache once so many images were looked at, all of them without a number."""
    ahead = LookAhead(FeatureCache(folder), zoo_model(SSD_BACKBONE), zoo_model(LITE0), seed=0)
    asked = itertools.count()
    ahead.look(dataset, lambda: next(asked) == images)
    return kept(folder)


def kept(folder: Path) -> set[Path]:
    return set(folder.rglob("*.features"))


def train(dataset: Dataset, folder: Path) -> None:
    cache, progress = FeatureCache(folder), Progress(lambda stage, share: None)
    if dataset.kind == "classification":
        train_classifier(dataset, zoo_model(LITE0), cache, threads=1, seed=0, progress=progress)
    else:
        backbone, lite0 = zoo_model(SSD_BACKBONE), zoo_model(LITE0)
        train_detector(dataset, backbone, lite0, cache, threads=1, seed=0, progress=progress)


def one_tag(dataset: Dataset) -> Dataset:
    images = [replace(image, boxes=tuple(box for box in image.boxes if box.tag == 0)) for image in dataset.images]
    return Dataset(dataset.kind, dataset.tags[:1], tuple(images))


@pytest.mark.parametrize("kind", ["detection", "detection of one tag", "classification"])
def test_a_training_computes_no_features_of_images_that_were_looked_at(tmp_path: Path, kind: str) -> None:
    dataset = classification_set(tmp_path, 4) if kind == "classification" else detection_set(tmp_path, 4)
    if kind == "detection of one tag":
        dataset = one_tag(dataset)
    before = look(dataset, tmp_path / "cache")
    assert before

    train(dataset, tmp_path / "cache")

    # A detector's training leaves what it learned, too, to go on from.
    assert len(kept(tmp_path / "cache") - before) == (0 if kind == "classification" else 1)


@pytest.mark.parametrize("made", [detection_set, classification_set])
def test_looking_goes_on_until_it_is_enough_and_then_with_the_rest(tmp_path: Path, made) -> None:
    dataset, folder = made(tmp_path, 3), tmp_path / "cache"

    after = [len(look(dataset, folder, images)) for images in (0, 1, 2)]
    whole = len(look(dataset, folder))

    assert after[0] == 0 < after[1] < after[2] < whole


@pytest.mark.parametrize("made", [detection_set, classification_set])
def test_pictures_that_cannot_be_read_are_passed_over(tmp_path: Path, made) -> None:
    good, folder = made(tmp_path, 2), tmp_path / "cache"
    boxes, tags = good.images[0].boxes, good.images[0].tags
    bad = store_image(tmp_path, "bad.jpg", b"\xff\xd8\xff\xe0 cut short", boxes, tags)

    look(Dataset(good.kind, good.tags, (bad, *good.images)), folder)

    assert look(good, folder, images=0) == look(good, folder)


def test_where_nothing_is_tagged_nothing_is_looked_at(tmp_path: Path) -> None:
    picture = store_image(tmp_path, "empty.jpg", detection_set(tmp_path, 1).images[0].path.read_bytes() + b"\0")

    assert look(Dataset("detection", ("can",), (picture,)), tmp_path / "cache") == set()
