import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from edge_common.errors import ImageError, LearningError
from edge_common.geometry import Box
from modules.trainer_agent.learning.dataset import Dataset, TaggedBox, TaggedImage, check_dataset, read_pixels
from tests.trainer_agent.learning.made import SHAPES, classification_set, detection_set, store_image


@pytest.fixture
def shapes(tmp_path: Path) -> Dataset:
    return detection_set(tmp_path, 3)


def test_a_set_has_the_same_digest_in_any_order_and_place(shapes: Dataset, tmp_path: Path) -> None:
    moved = tuple(replace(image, path=tmp_path / "elsewhere", name="other") for image in shapes.images[::-1])

    assert replace(shapes, images=moved).digest() == shapes.digest()


def test_the_digest_is_that_of_the_content_as_json(shapes: Dataset) -> None:
    content = [
        [image.digest, [[box.tag, *box.box.to_list()] for box in image.boxes], list(image.tags)]
        for image in sorted(shapes.images, key=lambda image: image.digest)
    ]

    written = json.dumps([shapes.kind, shapes.tags, content])

    assert shapes.digest() == hashlib.sha256(written.encode()).hexdigest()


def test_a_set_has_another_digest_when_there_is_something_else_to_learn_from(shapes: Dataset) -> None:
    first = shapes.images[0]
    moved = replace(first, boxes=(TaggedBox(0, Box(0, 0, 0.5, 0.5)),))
    others = [
        replace(shapes, images=shapes.images[1:]),
        replace(shapes, images=(moved, *shapes.images[1:])),
        replace(shapes, tags=("disc", "block")),
        replace(shapes, kind="classification"),
    ]

    assert len({shapes.digest(), *(other.digest() for other in others)}) == 5


def test_pixels_are_read_when_the_file_is_what_was_tagged(shapes: Dataset) -> None:
    assert read_pixels(shapes.images[0]).shape == (240, 320, 3)


def test_a_missing_file_is_named(shapes: Dataset) -> None:
    shapes.images[0].path.unlink()

    with pytest.raises(ImageError, match=r"shapes-0\.jpg: the file cannot be read \(No such file"):
        read_pixels(shapes.images[0])


def test_a_file_that_has_changed_is_named(shapes: Dataset) -> None:
    shapes.images[0].path.write_bytes(shapes.images[1].path.read_bytes())

    with pytest.raises(ImageError, match=r"shapes-0\.jpg: the file has changed"):
        read_pixels(shapes.images[0])


def test_a_file_that_is_no_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"notes\.jpg: a JPEG or PNG image expected"):
        read_pixels(store_image(tmp_path, "notes.jpg", b"milk, bread"))


def test_a_whole_set_passes(tmp_path: Path, shapes: Dataset) -> None:
    check_dataset(shapes)
    check_dataset(classification_set(tmp_path, 2))


def image(boxes: tuple[int, ...] = (), tags: tuple[int, ...] = ()) -> TaggedImage:
    tagged = tuple(TaggedBox(tag, Box(0.1, 0.1, 0.5, 0.5)) for tag in boxes)
    return TaggedImage(Path("a.jpg"), "0" * 64, "a.jpg", tagged, tags)


@pytest.mark.parametrize(
    ("dataset", "reason"),
    [
        pytest.param(Dataset("detection", (), (image((0,)),) * 2), "no tag", id="no tags"),
        pytest.param(Dataset("detection", SHAPES, (image((0,)),)), "1 usable images", id="one image"),
        pytest.param(Dataset("detection", SHAPES, (image(),) * 2), "nothing is tagged", id="no boxes"),
        pytest.param(
            Dataset("detection", SHAPES, (image(tags=(0,)),) * 2), "nothing is tagged", id="tags but no boxes"
        ),
        pytest.param(Dataset("detection", SHAPES, (image((0, 2)),) * 2), r"\[0, 2\] do not fit 2", id="a tag too many"),
        pytest.param(Dataset("detection", SHAPES, (image((-1,)),) * 2), r"\[-1\] do not fit 2", id="a tag below zero"),
        pytest.param(Dataset("classification", SHAPES, (image(tags=(1,)),) * 2), "two tags", id="one class"),
        pytest.param(
            Dataset("classification", SHAPES, (image((0, 1)),) * 2), "nothing is tagged", id="boxes but no classes"
        ),
    ],
)
def test_what_nothing_can_be_learned_from_is_refused(dataset: Dataset, reason: str) -> None:
    with pytest.raises(LearningError, match=reason):
        check_dataset(dataset)
