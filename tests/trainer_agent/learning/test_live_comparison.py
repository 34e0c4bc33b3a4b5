from pathlib import Path

import pytest

from edge_common.detections import Detection
from edge_common.geometry import Box
from edge_common.images import encode_jpeg
from edge_common.packages import PackageStore
from edge_common.scores import Comparison
from modules.trainer_agent.learning.dataset import Dataset, TaggedBox
from modules.trainer_agent.learning.held_back import HeldBack, encode_held_back
from modules.trainer_agent.learning.live_comparison import compare_with_live
from tests.inference.tiny_models import GREEN_SHELF, RED_SHELF, manifest, onnx_model
from tests.trainer_agent.learning.coloured import BOTTOM_RIGHT, GREEN, RED, TOP_LEFT, shelf
from tests.trainer_agent.learning.made import store_image

TAGS = (GREEN_SHELF, RED_SHELF)


@pytest.fixture
def shelves(tmp_path: Path) -> Dataset:
    """Six pictures that differ a little, each with a green quarter, tagged."""
    images = []
    for index in range(6):
        box = (TOP_LEFT, BOTTOM_RIGHT)[index % 2]
        data = encode_jpeg(shelf(GREEN, box, grey=index), 95)
        images.append(store_image(tmp_path, f"shelf-{index}.jpg", data, (TaggedBox(0, box),)))
    return Dataset("detection", TAGS, tuple(images))


@pytest.fixture
def store(tmp_path: Path) -> PackageStore:
    return PackageStore(tmp_path / "models")


def nothing_in(dataset: Dataset) -> HeldBack:
    return {image.digest: () for image in dataset.images}


def as_tagged(dataset: Dataset) -> HeldBack:
    """What a version found that was right in every image."""
    return {
        image.digest: tuple(Detection(dataset.tags[one.tag], 0.9, one.box) for one in image.boxes)
        for image in dataset.images
    }


def compared(store: PackageStore, dataset: Dataset, new: HeldBack) -> Comparison | None:
    return compare_with_live(store, "shelf", "1", dataset, new, threads=2, seed=0)


def test_the_live_version_is_run_on_images_that_it_does_not_know(store: PackageStore, shelves: Dataset) -> None:
    store.write(manifest(), onnx_model("detection"), encode_held_back({}))

    worse = compared(store, shelves, nothing_in(shelves))

    assert worse is not None
    assert (worse.live_version, worse.images, worse.value, worse.live_value) == ("1", 6, 0, 1)
    assert worse.worse


def test_what_the_live_version_learned_from_is_not_run_again(store: PackageStore, shelves: Dataset) -> None:
    # Without its model's file it could not be run at all.
    store.write(manifest(), onnx_model("detection"), encode_held_back(nothing_in(shelves)))
    store.model_file("shelf", "1").unlink()

    better = compared(store, shelves, as_tagged(shelves))

    assert better is not None
    assert (better.images, better.value, better.live_value) == (6, 1, 0)


def test_what_was_known_and_what_is_asked_now_count_together(store: PackageStore, shelves: Dataset) -> None:
    known = {image.digest: () for image in shelves.images[:3]}
    store.write(manifest(), onnx_model("detection"), encode_held_back(known))

    half = compared(store, shelves, as_tagged(shelves))

    assert half is not None
    assert (half.images, half.live_value) == (6, 0.5)


def test_only_the_images_that_the_new_version_was_checked_on_count(store: PackageStore, shelves: Dataset) -> None:
    store.write(manifest(), onnx_model("detection"), encode_held_back({}))
    new = {image.digest: () for image in shelves.images[:2]}
    for image in shelves.images[2:]:
        image.path.write_bytes(b"left out by the training as well")

    few = compared(store, shelves, new)

    assert few is not None
    assert few.images == 2


def test_an_image_that_was_deleted_during_the_training_does_not_count(store: PackageStore, shelves: Dataset) -> None:
    store.write(manifest(), onnx_model("detection"), encode_held_back({}))
    shelves.images[0].path.unlink()

    less = compared(store, shelves, as_tagged(shelves))

    assert less is not None
    assert (less.images, less.value, less.live_value) == (5, 1, 1)


def test_pictures_tagged_as_a_whole_are_compared_too(store: PackageStore, tmp_path: Path) -> None:
    images = tuple(
        store_image(tmp_path, f"{name}.jpg", encode_jpeg(shelf(colour, Box(0, 0, 1, 1)), 95), tags=(tag,))
        for tag, (name, colour) in enumerate([("blue", (255, 0, 0)), ("green", GREEN), ("red", RED)])
    )
    dataset = Dataset("classification", ("blue", "green", "red"), images)
    described = manifest(kind="classification", labels=dataset.tags)
    store.write(described, onnx_model("classification"), encode_held_back({}))
    new = {image.digest: (Detection("red", 0.9, None),) for image in images}

    comparison = compared(store, dataset, new)

    assert comparison is not None
    assert (comparison.value, comparison.live_value) == (pytest.approx(1 / 3), 1)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("held_back.json", None, id="what it found is lost"),
        pytest.param("held_back.json", b"{", id="what it found is damaged"),
        pytest.param("model.onnx", None, id="its model is lost"),
        pytest.param("model.onnx", b"no model", id="its model is damaged"),
        pytest.param("labels.txt", b"red shelf\ngreen shelf\n", id="its labels are altered"),
        pytest.param("manifest.json", None, id="its manifest is lost"),
        pytest.param("manifest.json", b"{", id="its manifest is damaged"),
    ],
)
def test_a_live_version_that_is_damaged_is_no_bar(
    store: PackageStore, shelves: Dataset, name: str, content: bytes | None
) -> None:
    file = store.write(manifest(), onnx_model("detection"), encode_held_back({})) / name
    file.unlink()
    if content is not None:
        file.write_bytes(content)

    assert compared(store, shelves, as_tagged(shelves)) is None


@pytest.mark.parametrize(
    ("model", "held_back"),
    [
        pytest.param(onnx_model("detection"), None, id="does not know what it found"),
        pytest.param(onnx_model("detection"), b"[]", id="wrote what it found in another form"),
        pytest.param(b"no model", encode_held_back({}), id="cannot be loaded"),
        pytest.param(onnx_model("detection", scale=1.0), encode_held_back({}), id="gives what no model may give"),
    ],
)
def test_a_live_version_that_cannot_be_asked_is_no_bar(
    store: PackageStore, shelves: Dataset, model: bytes, held_back: bytes | None
) -> None:
    store.write(manifest(), model, held_back)

    assert compared(store, shelves, as_tagged(shelves)) is None


def test_a_live_version_that_is_gone_is_no_bar(store: PackageStore, shelves: Dataset) -> None:
    assert compared(store, shelves, as_tagged(shelves)) is None
