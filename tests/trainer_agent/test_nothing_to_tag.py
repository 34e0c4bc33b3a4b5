"""Images of which staff say that there is nothing to tag: they are tagged, and learned from as they are."""

import pytest

from edge_common.errors import Conflict, NotFound
from edge_common.geometry import Box
from tests.trainer_agent.conftest import add_image, box_id, tag_images

AREA = Box(0.1, 0.2, 0.5, 0.6)


@pytest.fixture
def doors(library):
    return library.create_model("Doors", "classification", ["open", "closed"], automatic=False)


def test_an_image_with_nothing_to_tag_is_tagged_and_learned_from(library, model):
    tag_images(library, model, 1)
    image = add_image(library, model, 9)

    assert library.set_nothing(image.id, True).tagged

    counts = library.counts(model.id)
    assert (counts.tagged, counts.untagged) == (2, 0)
    assert counts.per_tag == {model.tags[0].id: 1, model.tags[1].id: 0}
    assert [(one.name, len(one.boxes)) for one in library.training_set(model.id).images] == [
        ("shelf-0.jpg", 1),
        ("shelf-9.jpg", 0),
    ]
    assert library.search.next_untagged(model.id) is None


def test_it_can_be_said_twice_and_taken_back(library, model):
    image = add_image(library, model, 1)

    library.set_nothing(image.id, True)
    assert library.set_nothing(image.id, True).tagged

    assert not library.set_nothing(image.id, False).tagged
    assert not library.set_nothing(image.id, False).tagged


def test_it_cannot_be_said_of_an_image_with_a_box(library, model):
    image = add_image(library, model, 1)
    library.put_box(image.id, box_id(1), model.tags[0].id, AREA)

    with pytest.raises(Conflict, match=r"shelf-1\.jpg: something is tagged in it"):
        library.set_nothing(image.id, True)

    library.delete_box(image.id, box_id(1))
    assert not library.image(image.id).tagged
    assert library.set_nothing(image.id, True).tagged


def test_a_box_drawn_later_takes_it_back(library, model):
    image = add_image(library, model, 1)
    library.set_nothing(image.id, True)

    library.put_box(image.id, box_id(1), model.tags[0].id, AREA)
    assert library.image(image.id).tagged
    library.delete_box(image.id, box_id(1))

    assert not library.image(image.id).tagged


def test_a_picture_without_a_class_is_tagged_too_and_a_tag_takes_it_back(library, doors):
    image = add_image(library, doors, 1)
    assert library.set_nothing(image.id, True).tagged
    assert library.training_set(doors.id).images[0].tags == ()

    assert library.set_image_tags(image.id, [doors.tags[0].id]).tagged

    assert not library.set_image_tags(image.id, []).tagged


def test_it_cannot_be_said_of_a_picture_with_a_class(library, doors):
    image = add_image(library, doors, 1)
    library.set_image_tags(image.id, [doors.tags[0].id])

    with pytest.raises(Conflict, match="delete that first"):
        library.set_nothing(image.id, True)

    assert library.image(image.id).tag_ids == (doors.tags[0].id,)


def test_it_cannot_be_said_of_an_image_that_is_gone(library):
    with pytest.raises(NotFound, match="no image 9"):
        library.set_nothing(9, True)
