import math

import pytest

from edge_common.detections import Detection
from edge_common.geometry import Box
from edge_common.scores import Doubt
from modules.trainer_agent.learning.dataset import TaggedImage
from modules.trainer_agent.learning.doubts import MOST_DOUBTS, find_doubts
from tests.trainer_agent.learning.told import (
    FULL,
    GAP,
    LEFT,
    RIGHT,
    classification_of,
    detection_of,
    named,
    saw,
    tagged,
)

HALF_OF_LEFT = Box(0.1, 0.1, 0.4, 0.3)
QUARTER_OF_LEFT = Box(0.1, 0.1, 0.25, 0.3)


def doubts_about(image: TaggedImage, *seen: Detection) -> tuple[Doubt, ...]:
    return find_doubts(detection_of(image), {image.digest: seen})


def test_a_box_in_which_another_tag_is_seen_is_in_doubt() -> None:
    (doubt,) = doubts_about(tagged("a", (GAP, LEFT)), saw("full", 0.9), saw("gap", 0.2))

    assert (doubt.digest, doubt.kind, doubt.tag, doubt.seen) == ("a", "other tag", "gap", "full")
    assert doubt.box == tuple(LEFT.to_list())
    assert doubt.loss == pytest.approx(-math.log(0.2))


def test_a_box_in_which_hardly_anything_is_seen_is_in_doubt() -> None:
    (doubt,) = doubts_about(tagged("a", (GAP, LEFT)), saw("gap", 0.05), saw("full", 0.3))

    assert (doubt.kind, doubt.tag, doubt.seen, doubt.box) == ("not seen", "gap", None, tuple(LEFT.to_list()))
    assert doubt.loss == pytest.approx(-math.log(0.05))


def test_something_seen_surely_where_nothing_is_tagged_is_in_doubt() -> None:
    (doubt,) = doubts_about(tagged("a", (GAP, LEFT)), saw("full", 0.9, RIGHT), saw("gap", 0.8))

    assert (doubt.kind, doubt.tag, doubt.seen, doubt.box) == ("not tagged", None, "full", tuple(RIGHT.to_list()))
    assert doubt.loss == pytest.approx(-math.log(0.1))


def test_an_image_without_boxes_may_have_been_forgotten() -> None:
    assert [doubt.kind for doubt in doubts_about(tagged("a"), saw("gap", 0.95))] == ["not tagged"]


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param([saw("gap", 0.9)], id="seen as it is tagged"),
        pytest.param([saw("gap", 0.1)], id="seen weakly"),
        pytest.param([saw("full", 0.6), saw("gap", 0.7)], id="the right one is likelier"),
        pytest.param([saw("full", 0.49), saw("gap", 0.3)], id="another tag, but not likely"),
        pytest.param([saw("gap", 0.9, HALF_OF_LEFT)], id="half of the box"),
        pytest.param([saw("gap", 0.9), saw("gap", 0.79, RIGHT)], id="something else, but not sure"),
        pytest.param([saw("gap", 0.9), saw("full", 0.95, Box(0.1, 0.1, 0.4, 0.29))], id="within it"),
    ],
)
def test_what_is_seen_much_as_it_is_tagged_is_not_in_doubt(seen: list[Detection]) -> None:
    assert doubts_about(tagged("a", (GAP, LEFT)), *seen) == ()


def test_a_small_part_of_a_box_is_another_thing() -> None:
    kinds = {doubt.kind for doubt in doubts_about(tagged("a", (GAP, LEFT)), saw("gap", 0.9, QUARTER_OF_LEFT))}

    assert kinds == {"not seen", "not tagged"}


def test_images_that_no_model_was_asked_about_are_not_in_doubt() -> None:
    assert find_doubts(detection_of(tagged("a", (GAP, LEFT))), {}) == ()


def test_the_most_surprising_come_first() -> None:
    images = [tagged(name, (GAP, LEFT)) for name in "abc"]
    seen = {"a": (saw("gap", 0.05),), "b": (), "c": (saw("full", 0.9), saw("gap", 0.4))}

    doubts = find_doubts(detection_of(*images), seen)

    assert [(doubt.digest, doubt.kind) for doubt in doubts] == [
        ("b", "not seen"),
        ("a", "not seen"),
        ("c", "other tag"),
    ]
    assert doubts[0].loss < math.inf


def test_there_are_no_more_than_somebody_will_look_at() -> None:
    images = [tagged(f"{index:02}", (GAP, LEFT)) for index in range(MOST_DOUBTS + 5)]

    doubts = find_doubts(detection_of(*images), {image.digest: () for image in images})

    assert [doubt.digest for doubt in doubts] == [f"{index:02}" for index in range(MOST_DOUBTS)]


def test_a_picture_that_would_be_named_otherwise_is_in_doubt() -> None:
    image = named("a", GAP)

    (doubt,) = find_doubts(classification_of(image), {"a": (saw("full", 0.9, None), saw("gap", 0.2, None))})

    assert (doubt.kind, doubt.tag, doubt.seen, doubt.box) == ("other tag", "gap", "full", None)
    assert doubt.loss == pytest.approx(-math.log(0.2))


def test_of_several_tags_of_a_picture_the_likeliest_speaks_for_it() -> None:
    image = named("a", GAP, FULL)
    seen = (saw("damaged", 0.9, None), saw("full", 0.3, None), saw("gap", 0.2, None))

    (doubt,) = find_doubts(classification_of(image, tags=("gap", "full", "damaged")), {"a": seen})

    assert (doubt.tag, doubt.seen) == ("full", "damaged")


@pytest.mark.parametrize(
    ("tags", "seen"),
    [
        pytest.param([GAP], [saw("gap", 0.9, None), saw("full", 0.2, None)], id="named as it is tagged"),
        pytest.param([GAP, FULL], [saw("full", 0.9, None), saw("gap", 0.2, None)], id="named as one of its tags"),
        pytest.param([GAP], [saw("full", 0.49, None), saw("gap", 0.4, None)], id="named otherwise, but not surely"),
        pytest.param([], [saw("full", 0.9, None), saw("gap", 0.2, None)], id="without a tag"),
        pytest.param([GAP], [], id="nothing said"),
    ],
)
def test_a_picture_that_is_named_much_as_it_is_tagged_is_not_in_doubt(tags: list[int], seen: list[Detection]) -> None:
    assert find_doubts(classification_of(named("a", *tags)), {"a": tuple(seen)}) == ()
