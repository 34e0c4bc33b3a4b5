import numpy as np
import pytest

from edge_common.geometry import Box
from edge_common.images import encode_jpeg, small_grey
from modules.trainer_agent.learning.alike import LOOK_PX, alike, same_tags
from modules.trainer_agent.learning.dataset import TaggedImage
from tests.trainer_agent.learning.made import draw_shapes
from tests.trainer_agent.learning.told import FULL, GAP, LEFT, RIGHT, named, tagged

NEAR_LEFT = Box(0.11, 0.1, 0.41, 0.5)
BESIDE_LEFT = Box(0.2, 0.1, 0.5, 0.5)


def look(seed: int, *, quality: int = 95, brighter: int = 0) -> np.ndarray:
    picture = draw_shapes(seed)[0].astype(int) + brighter
    return small_grey(encode_jpeg(np.clip(picture, 0, 255).astype(np.uint8), quality), LOOK_PX)


def test_a_picture_taken_again_is_like_the_first_one() -> None:
    images = [tagged("first", (GAP, LEFT)), tagged("again", (GAP, NEAR_LEFT)), tagged("brighter", (GAP, LEFT))]

    pairs = alike(images, [look(1), look(1, quality=40), look(1, brighter=20)])

    assert pairs == (("again", "first"), ("brighter", "first"))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(tagged("b", (FULL, LEFT)), id="another tag"),
        pytest.param(tagged("b", (GAP, RIGHT)), id="another place"),
        pytest.param(tagged("b", (GAP, BESIDE_LEFT)), id="half in the same place"),
        pytest.param(tagged("b", (GAP, LEFT), (GAP, RIGHT)), id="a box more"),
        pytest.param(tagged("b"), id="no box"),
    ],
)
def test_the_same_picture_tagged_otherwise_teaches_something(other: TaggedImage) -> None:
    assert alike([tagged("a", (GAP, LEFT)), other], [look(1), look(1)]) == ()


def test_different_pictures_are_not_alike_though_tagged_in_the_same_places() -> None:
    images = [tagged(f"{seed}", (GAP, LEFT)) for seed in range(4)]

    assert alike(images, [look(seed) for seed in range(4)]) == ()


def test_of_two_alike_the_one_that_is_tagged_the_same_is_the_twin() -> None:
    images = [tagged("a", (FULL, LEFT)), tagged("b", (GAP, LEFT)), tagged("c", (GAP, LEFT))]

    assert alike(images, [look(1)] * 3) == (("c", "b"),)


def test_pictures_of_nothing_but_one_shade_are_not_called_alike() -> None:
    dark = np.full((LOOK_PX, LOOK_PX), 3, dtype=np.uint8)

    assert alike([tagged("a"), tagged("b")], [dark, dark]) == ()


@pytest.mark.parametrize("images", [0, 1])
def test_without_another_image_nothing_is_alike(images: int) -> None:
    assert alike([tagged("a", (GAP, LEFT))][:images], [look(1)][:images]) == ()


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        pytest.param(
            tagged("a", (GAP, LEFT), (FULL, RIGHT)), tagged("b", (FULL, RIGHT), (GAP, LEFT)), True, id="order"
        ),
        pytest.param(tagged("a", (GAP, LEFT), (GAP, LEFT)), tagged("b", (GAP, LEFT), (GAP, RIGHT)), False, id="twice"),
        pytest.param(tagged("a"), tagged("b"), True, id="nothing tagged in both"),
        pytest.param(named("a", GAP, FULL), named("b", FULL, GAP), True, id="the same tags of a picture"),
        pytest.param(named("a", GAP), named("b", FULL), False, id="another tag of a picture"),
        pytest.param(named("a", GAP), named("b"), False, id="no tag of a picture"),
    ],
)
def test_tags_are_the_same_in_the_same_places(first: TaggedImage, second: TaggedImage, same: bool) -> None:
    assert same_tags(first, second) is same
    assert same_tags(second, first) is same
