"""What is proposed in an image: by which model, and what of it is still open."""

import pytest

from edge_common.detections import Detection
from edge_common.errors import NotFound, PackageError
from edge_common.geometry import Box
from edge_common.packages import PackageStore
from modules.trainer_agent.annotations import Tag, TaggedBox
from modules.trainer_agent.proposals import Proposer, open_proposals, tag_named
from tests.inference.tiny_models import GREEN_SHELF, RED_SHELF, publish_model
from tests.trainer_agent.conftest import box_id
from tests.trainer_agent.learning.coloured import BOTTOM_RIGHT, GREEN, RED, TOP_LEFT, shelf

TAGS = (Tag(1, GREEN_SHELF), Tag(2, RED_SHELF))
LEFT, RIGHT = Box(0.1, 0.1, 0.4, 0.9), Box(0.6, 0.1, 0.9, 0.9)


def seen(box, label=GREEN_SHELF):
    return Detection(label, 0.9, box)


def drawn(*boxes, tag=1):
    return tuple(TaggedBox(box_id(number), tag, box) for number, box in enumerate(boxes))


@pytest.mark.parametrize(
    ("boxes", "still_open"),
    [
        pytest.param((), (LEFT, RIGHT), id="nothing is drawn"),
        pytest.param((LEFT,), (RIGHT,), id="drawn exactly so"),
        pytest.param((Box(0.1, 0.1, 0.4, 0.45),), (RIGHT,), id="drawn half as high"),
        pytest.param((Box(0.1, 0.1, 0.4, 0.4),), (LEFT, RIGHT), id="drawn much smaller"),
        pytest.param((Box(0.4, 0.1, 0.6, 0.9),), (LEFT, RIGHT), id="drawn between them"),
        pytest.param((LEFT, RIGHT), (), id="all are drawn"),
    ],
)
def test_a_drawn_box_answers_the_proposals_that_it_overlaps(boxes, still_open):
    found = open_proposals((seen(LEFT), seen(RIGHT)), drawn(*boxes))

    assert [one.box for one in found] == list(still_open)


def test_a_drawn_box_of_another_tag_is_an_answer_too():
    assert open_proposals((seen(LEFT, RED_SHELF),), drawn(LEFT, tag=1)) == ()


def test_what_is_said_of_the_whole_picture_no_box_answers():
    whole = seen(None)

    assert open_proposals((whole,), drawn(LEFT)) == (whole,)


def test_a_label_is_the_tag_of_its_name_as_long_as_there_is_one():
    assert tag_named(TAGS, RED_SHELF) == TAGS[1]
    assert tag_named(TAGS, "blue shelf") is None


@pytest.fixture
def shelves(library):
    return library.create_model("Shelves", "detection", [GREEN_SHELF, RED_SHELF], automatic=False)


@pytest.fixture
def image(library, shelves):
    """A green shelf at the top left."""
    return add_shelf(library, shelves, GREEN)


def add_shelf(library, model, colour, box=TOP_LEFT):
    return library.add_image(model.id, shelf(colour, box), "shelf.jpg", "upload", camera=None, taken_ns=1)


@pytest.fixture
def drafts(tmp_path):
    return PackageStore(tmp_path / "drafts")


@pytest.fixture
def proposer(library, workshop, drafts):
    return Proposer(library, workshop.packages, drafts, threads=1)


def labels(proposals):
    return [one.label for one in proposals.detections]


def test_without_any_model_nothing_is_proposed(proposer, image):
    found = proposer.propose(image)

    assert (found.source, found.detections) == ("none", ())


def test_a_draft_proposes_until_there_is_a_live_version(proposer, image, shelves, workshop, drafts):
    publish_model(drafts, "1", model_id=shelves.id)
    by_draft = proposer.propose(image)
    # It names them the other way round, so that one can tell who was asked.
    publish_model(workshop.packages, "1", model_id=shelves.id, labels=(RED_SHELF, GREEN_SHELF))

    by_live = proposer.propose(image)

    assert (by_draft.source, labels(by_draft)) == ("draft", [GREEN_SHELF])
    assert (by_live.source, labels(by_live)) == ("live", [RED_SHELF])
    assert by_draft.detections[0].box.to_list() == pytest.approx(TOP_LEFT.to_list(), abs=0.01)


def test_a_new_version_is_asked_as_soon_as_it_is_live(proposer, image, shelves, workshop):
    publish_model(workshop.packages, "1", model_id=shelves.id)
    before = proposer.propose(image)

    publish_model(workshop.packages, "2", model_id=shelves.id, labels=(RED_SHELF, GREEN_SHELF))

    assert [labels(before), labels(proposer.propose(image))] == [[GREEN_SHELF], [RED_SHELF]]


def test_each_model_is_asked_about_its_own_images(library, proposer, image, shelves, workshop):
    other = library.create_model("Other", "detection", [GREEN_SHELF, RED_SHELF], automatic=False)
    elsewhere = add_shelf(library, other, GREEN)
    publish_model(workshop.packages, "1", model_id=shelves.id)
    publish_model(workshop.packages, "1", model_id=other.id, labels=(RED_SHELF, GREEN_SHELF))

    found = [labels(proposer.propose(one)) for one in (image, elsewhere, image)]

    assert found == [[GREEN_SHELF], [RED_SHELF], [GREEN_SHELF]]


def test_what_it_is_not_sure_of_is_not_proposed(library, proposer, shelves, workshop):
    publish_model(workshop.packages, "1", model_id=shelves.id)

    found = [proposer.propose(add_shelf(library, shelves, (0, green, 0))) for green in (110, 150)]

    assert [labels(one) for one in found] == [[], [GREEN_SHELF]]


def test_what_is_drawn_already_is_not_proposed_again(library, proposer, image, shelves, workshop):
    publish_model(workshop.packages, "1", model_id=shelves.id)
    library.put_box(image.id, box_id(1), shelves.tags[0].id, Box(0.02, 0, 0.5, 0.48))

    found = proposer.propose(image)

    assert (found.source, found.detections) == ("live", ())


def test_a_classifier_proposes_what_the_whole_picture_shows(library, proposer, workshop):
    colours = library.create_model("Colours", "classification", ["blue", "green", "red"], automatic=False)
    publish_model(
        workshop.packages, "1", model_id=colours.id, kind="classification", labels=("blue", "green", "red"), boxes=0
    )
    image = add_shelf(library, colours, RED, Box(0, 0, 1, 1))

    (found,) = proposer.propose(image).detections

    assert (found.label, found.box) == ("red", None)


def test_a_damaged_version_is_told_and_nobody_else_is_asked(proposer, image, shelves, workshop, drafts):
    publish_model(drafts, "1", model_id=shelves.id)
    publish_model(workshop.packages, "2", model_id=shelves.id)
    workshop.packages.model_file(shelves.id, "2").write_bytes(b"worn out")

    with pytest.raises(PackageError, match=r"model\.onnx has sha256"):
        proposer.propose(image)


def test_a_damaged_version_that_is_replaced_proposes_again(proposer, image, shelves, workshop):
    publish_model(workshop.packages, "1", model_id=shelves.id)
    workshop.packages.model_file(shelves.id, "1").write_bytes(b"worn out")
    with pytest.raises(PackageError):
        proposer.propose(image)

    publish_model(workshop.packages, "2", model_id=shelves.id)

    assert labels(proposer.propose(image)) == [GREEN_SHELF]


def test_an_image_that_is_deleted_meanwhile_is_not_found(library, proposer, image, shelves, workshop):
    publish_model(workshop.packages, "1", model_id=shelves.id)
    library.delete_image(image.id)
    library.bin.empty(lasts_s=0)

    with pytest.raises(NotFound, match="no picture"):
        proposer.propose(image)


def test_the_surest_comes_first(library, proposer, shelves, workshop):
    publish_model(workshop.packages, "1", model_id=shelves.id)
    picture = shelf(RED, BOTTOM_RIGHT)
    picture[:48, :48] = (0, 180, 0)
    image = library.add_image(shelves.id, picture, "two.jpg", "upload", camera=None, taken_ns=1)

    assert labels(proposer.propose(image)) == [RED_SHELF, GREEN_SHELF]
