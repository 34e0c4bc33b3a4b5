import pytest

from edge_common.detections import Detection
from edge_common.scores import Comparison
from modules.trainer_agent.learning.comparison import compare
from modules.trainer_agent.learning.dataset import Dataset
from modules.trainer_agent.learning.held_back import HeldBack
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


def gaps(count: int) -> Dataset:
    """So many images with one gap each, of a model that has no other tag."""
    return detection_of(*(tagged(f"image {index}", (GAP, LEFT)) for index in range(count)), tags=("gap",))


def found(dataset: Dataset, right: int) -> HeldBack:
    """The gap of the first images, and something else in the others."""
    return {
        image.digest: (saw("gap", 0.9, LEFT if index < right else RIGHT),) for index, image in enumerate(dataset.images)
    }


def compared(dataset: Dataset, new: HeldBack, live: HeldBack, seed: int = 0) -> Comparison:
    comparison = compare(dataset, new, live, "1", seed)
    assert comparison is not None
    return comparison


def test_versions_that_found_the_same_are_as_good() -> None:
    images = gaps(15)

    same = compared(images, found(images, 12), found(images, 12))

    assert (same.live_version, same.images, same.value) == ("1", 15, same.live_value)
    assert same.difference == (0, 0)
    assert not same.worse


def test_figures_are_those_of_all_images() -> None:
    images = gaps(4)

    half = compared(images, found(images, 4), found(images, 2))

    assert half.value == 1
    # Two of four found, both before the false ones, which come last as all are equally sure.
    assert half.live_value == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("new", "live", "count", "worse"),
    [
        pytest.param(5, 15, 15, True, id="most of what was found is missed"),
        pytest.param(15, 5, 15, False, id="most of what was missed is found"),
        pytest.param(14, 15, 15, False, id="one image less of a few"),
        pytest.param(2, 3, 4, False, id="one image less of very few"),
    ],
)
def test_a_version_is_worse_beyond_what_the_choice_of_images_explains(
    new: int, live: int, count: int, worse: bool
) -> None:
    images = gaps(count)

    assert compared(images, found(images, new), found(images, live)).worse is worse


def test_the_same_share_of_more_images_proves_more() -> None:
    few, many = (
        compared(images, found(images, 0), found(images, len(images.images) // 3)) for images in map(gaps, (6, 60))
    )

    assert few.difference[1] - few.difference[0] > 2 * (many.difference[1] - many.difference[0])
    assert (few.worse, many.worse) == (False, True)


def test_what_makes_an_image_hard_for_both_is_no_difference() -> None:
    images = gaps(15)

    apart = compared(images, found(images, 7), found(images, 8))

    # Each figure alone varies by some 0.4 when images are drawn again.
    assert apart.difference[1] - apart.difference[0] < 0.25


def test_images_that_one_was_not_asked_about_are_left_out() -> None:
    images = gaps(4)
    new, live = found(images, 4), found(images, 4)

    less = compared(images, {**new, "image 0": ()} | {"deleted": ()}, {name: live[name] for name in list(live)[1:]})

    assert (less.images, less.value, less.live_value) == (3, 1, 1)


def test_labels_are_matched_by_name_when_tags_were_added_before_them() -> None:
    images = detection_of(
        *(tagged(f"image {index}", (1, LEFT), (2, RIGHT)) for index in range(6)), tags=("new", "gap", "full")
    )
    seen = {image.digest: (saw("gap", 0.9, LEFT), saw("full", 0.8, RIGHT)) for image in images.images}

    same = compared(images, seen, {digest: tuple(reversed(both)) for digest, both in seen.items()})

    assert (same.value, same.live_value) == (1, 1)


def test_a_tag_that_the_live_version_does_not_know_counts_against_it() -> None:
    images = detection_of(*(tagged(f"image {index}", (GAP, LEFT), (FULL, RIGHT)) for index in range(6)))
    new = {image.digest: (saw("gap", 0.9, LEFT), saw("full", 0.8, RIGHT)) for image in images.images}
    live = {image.digest: (saw("gap", 0.9, LEFT), saw("removed", 0.8, RIGHT)) for image in images.images}

    more = compared(images, new, live)

    assert (more.value, more.live_value) == (1, 0.5)


def shops(count: int, right: int) -> tuple[Dataset, HeldBack]:
    """Images tagged as a whole in turns, the first ones of which are named rightly."""
    images = classification_of(*(named(f"image {index}", index % 2) for index in range(count)))
    return images, {
        image.digest: likeliest(images.tags[image.tags[0] if index < right else 1 - image.tags[0]])
        for index, image in enumerate(images.images)
    }


def likeliest(name: str) -> tuple[Detection, ...]:
    other = {"gap": "full", "full": "gap"}[name]
    return saw(name, 0.8, None), saw(other, 0.2, None)


def test_classifications_are_compared_by_the_share_named_rightly() -> None:
    images, new = shops(15, 3)
    _, live = shops(15, 15)

    comparison = compared(images, new, live)

    assert (comparison.value, comparison.live_value) == (pytest.approx(0.2), 1)
    assert comparison.worse


def test_a_picture_without_a_tag_has_no_right_name_and_one_named_nothing_is_not_right() -> None:
    images = classification_of(named("a", GAP), named("b", GAP, FULL), named("none"))
    new = {"a": likeliest("gap"), "b": likeliest("full"), "none": likeliest("gap")}

    comparison = compared(images, new, {**new, "a": ()})

    assert (comparison.images, comparison.value, comparison.live_value) == (2, 1, 0.5)


@pytest.mark.parametrize(
    ("dataset", "new", "live"),
    [
        pytest.param(gaps(2), {}, found(gaps(2), 2), id="new asked about none"),
        pytest.param(gaps(2), {"image 0": ()}, {"image 1": ()}, id="each about another"),
        pytest.param(detection_of(tagged("a")), {"a": ()}, {"a": ()}, id="an image without boxes"),
        pytest.param(classification_of(named("a")), {"a": ()}, {"a": ()}, id="an image without a tag"),
    ],
)
def test_without_a_tagged_image_in_common_there_is_nothing_to_compare(
    dataset: Dataset, new: HeldBack, live: HeldBack
) -> None:
    assert compare(dataset, new, live, "1", 0) is None


def test_a_comparison_of_the_same_is_the_same() -> None:
    images = gaps(15)

    first, again = (compared(images, found(images, 9), found(images, 12), seed=3) for _ in range(2))

    assert first == again
