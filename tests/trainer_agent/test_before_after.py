"""What two versions see in the same image, and which images tell most."""

import pytest

from edge_common.detections import Detection
from edge_common.errors import NotFound
from edge_common.geometry import Box
from modules.trainer_agent.before_after import BeforeAfter, judge
from modules.trainer_agent.learning.held_back import encode_held_back
from modules.trainer_agent.proposals import Proposer
from tests.inference.tiny_models import GREEN_SHELF, RED_SHELF, manifest, onnx_model
from tests.trainer_agent.conftest import box_id
from tests.trainer_agent.learning.coloured import GREEN, TOP_LEFT, shelf

NAMES = (GREEN_SHELF, RED_SHELF)
LEFT, RIGHT = Box(0.1, 0.1, 0.4, 0.9), Box(0.6, 0.1, 0.9, 0.9)


def saw(label, box=None, confidence=0.9):
    return Detection(label, confidence, box)


@pytest.mark.parametrize(
    ("seen", "tagged", "counts"),
    [
        pytest.param([saw(GREEN_SHELF, LEFT)], [(GREEN_SHELF, LEFT)], (1, 1, 0), id="found"),
        pytest.param([], [(GREEN_SHELF, LEFT), (RED_SHELF, RIGHT)], (2, 0, 0), id="missed"),
        pytest.param([saw(GREEN_SHELF, RIGHT)], [(GREEN_SHELF, LEFT)], (1, 0, 1), id="elsewhere"),
        pytest.param([saw(RED_SHELF, LEFT)], [(GREEN_SHELF, LEFT)], (1, 0, 1), id="another tag"),
        pytest.param([saw(GREEN_SHELF, LEFT)] * 2, [(GREEN_SHELF, LEFT)], (1, 1, 1), id="found twice"),
        pytest.param([saw(GREEN_SHELF, LEFT)], [], (0, 0, 1), id="where nothing is"),
        pytest.param([saw(GREEN_SHELF)], [(GREEN_SHELF, None)], (1, 1, 0), id="whole picture, right"),
        pytest.param([saw(RED_SHELF)], [(GREEN_SHELF, None)], (1, 0, 1), id="whole picture, wrong"),
        pytest.param([saw("none of these")], [(GREEN_SHELF, None)], (1, 0, 0), id="whole picture, none of its tags"),
    ],
)
def test_what_is_seen_is_held_against_what_is_tagged(seen, tagged, counts):
    judged = judge(seen, tagged, NAMES)

    assert (judged.tagged, judged.found, judged.false) == counts


@pytest.fixture
def shelves(library):
    return library.create_model("Shelves", "detection", list(NAMES), automatic=False)


@pytest.fixture
def add(library, shelves):
    """Add a picture with a green shelf at the top left, tagged as such; pictures differ by their ground."""

    def image(grey):
        picture = shelf(GREEN, TOP_LEFT, grey=grey)
        added = library.add_image(shelves.id, picture, f"{grey}.jpg", "upload", camera=None, taken_ns=grey)
        library.put_box(added.id, box_id(added.id), shelves.tags[0].id, TOP_LEFT)
        return library.image(added.id)

    return image


@pytest.fixture
def write(workshop, shelves):
    """Write a version that found these things in images held back; it sees green where it is asked."""

    def version(name, parent, held_back, **changes):
        described = manifest(name, model_id=shelves.id, parent_version=parent, **changes)
        encoded = None if held_back is None else encode_held_back(held_back)
        workshop.packages.write(described, onnx_model("detection"), encoded)
        return name

    return version


@pytest.fixture
def compared(library, workshop):
    proposer = Proposer(library, workshop.packages, workshop.packages, threads=1)
    return BeforeAfter(library, workshop.packages, proposer.look)


GREEN_SEEN = (saw(GREEN_SHELF, TOP_LEFT),)


def test_images_in_which_the_versions_differ_come_first_then_those_that_are_new(compared, shelves, add, write):
    same, new, better, unknown = (add(grey) for grey in range(4))
    write("v1", None, {same.digest: GREEN_SEEN, better.digest: (saw(GREEN_SHELF, TOP_LEFT, 0.4),)})
    write("v2", "v1", {same.digest: GREEN_SEEN, better.digest: GREEN_SEEN, new.digest: GREEN_SEEN})

    assert [image.id for image in compared.images(shelves.id, "v2")] == [better.id, new.id, same.id]
    assert unknown.id not in {image.id for image in compared.images(shelves.id, "v2")}


def test_what_each_found_while_the_image_was_held_back_is_what_counts(compared, add, write):
    image = add(0)
    write("v1", None, {image.digest: (saw(RED_SHELF, TOP_LEFT),)})
    write("v2", "v1", {image.digest: GREEN_SEEN})

    before, after = compared.of(image, "v2")

    assert [(one.found, one.false) for one in (before, after)] == [(0, 1), (1, 0)]


def test_a_version_that_does_not_know_an_image_is_asked_about_it(compared, add, write):
    image = add(0)
    write("v1", None, {})
    write("v2", "v1", {image.digest: ()})

    before, after = compared.of(image, "v2")

    assert [one.label for one in before.detections] == [GREEN_SHELF]
    assert (before.found, after.found) == (1, 0)


@pytest.mark.parametrize(
    "parent",
    [
        pytest.param(None, id="there was none"),
        pytest.param("gone", id="it is not kept any more"),
        pytest.param("bare", id="nobody knows what it found in images held back"),
        pytest.param("renamed", id="its tags have other names now"),
    ],
)
def test_without_a_version_before_it_there_is_nothing_to_compare(compared, shelves, write, parent):
    labels = ("stale", RED_SHELF)
    write("renamed", None, {}, labels=labels, thresholds=dict.fromkeys(labels, 0.5))
    write("bare", None, None)
    write("v2", parent, {})

    assert compared.before(shelves.id, "v2") is None
    with pytest.raises(NotFound, match="has none before it"):
        compared.images(shelves.id, "v2")
