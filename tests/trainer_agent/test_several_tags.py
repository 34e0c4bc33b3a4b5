"""Classification by several tags for a picture, from the library to what training is told."""

from dataclasses import replace

import pytest

from edge_common.detections import Detection
from edge_common.errors import InvalidInput
from modules.trainer_agent.library_search import Wanted
from modules.trainer_agent.model_edits import copy_images, delete_tag, merge_tag, restore_tag
from modules.trainer_agent.training_job import Request, dataset_of
from modules.trainer_agent.training_messages import encode_request
from tests.trainer_agent.conftest import add_image


@pytest.fixture
def floor(library):
    return library.create_model("Floor", "classification", ["wet", "dirty", "blocked"], automatic=False, several=True)


@pytest.fixture
def tags(floor):
    """The ids of wet, dirty and blocked."""
    return tuple(tag.id for tag in floor.tags)


def add(library, floor, seed, *tag_ids):
    image = add_image(library, floor, seed)
    return library.set_image_tags(image.id, tag_ids)


def test_a_picture_may_have_several_tags_each_of_which_counts(library, floor, tags):
    wet, dirty, blocked = tags
    both, one, none = add(library, floor, 1, dirty, wet), add(library, floor, 2, wet), add(library, floor, 3)

    assert (both.tag_ids, one.tag_ids, none.tag_ids) == ((wet, dirty), (wet,), ())
    assert library.counts(floor.id).per_tag == {wet: 2, dirty: 1, blocked: 0}
    assert [image.tags for image in library.training_set(floor.id).images] == [(0, 1), (0,)]
    assert library.search.ids(floor.id, Wanted("tagged", tag=dirty)) == (both.id,)
    assert library.set_image_tags(both.id, [blocked]).tag_ids == (blocked,)


def test_a_model_with_one_tag_for_a_picture_takes_no_second(library):
    doors = library.create_model("Doors", "classification", ["open", "closed"], automatic=False)
    image = add_image(library, doors, 1)

    with pytest.raises(InvalidInput, match="'Doors': one tag for a picture expected, got 2"):
        library.set_image_tags(image.id, [tag.id for tag in doors.tags])
    with pytest.raises(InvalidInput, match="only a classification model"):
        library.create_model("Gaps", "detection", ["gap"], automatic=False, several=True)


def test_the_training_is_told_that_a_picture_may_have_several_tags(library, floor, tags, tmp_path):
    add(library, floor, 1, *tags[:2])
    chosen = library.training_set(floor.id)

    line = encode_request(chosen, data=tmp_path, packages=tmp_path, zoo=tmp_path, threads=1, parent_version=None)
    dataset = dataset_of(Request.model_validate_json(line))

    assert dataset.several
    assert [image.tags for image in dataset.images] == [(0, 1)]
    assert dataset.digest() != replace(dataset, several=False).digest()


def test_a_deleted_picture_comes_back_with_all_its_tags(library, floor, tags):
    image = add(library, floor, 1, *tags[:2])

    library.bin.restore(library.delete_image(image.id))

    assert library.image(image.id) == image


def test_right_gives_a_picture_all_that_the_model_saw(library, floor, tags):
    image = add_image(library, floor, 1)
    seen = (Detection("dirty", 0.9, None), Detection("wet", 0.6, None))
    library.checks.add(image.id, "unsure", version="1", seen=seen, kept_ns=1)

    assert library.checks.confirm(image.id).tag_ids == tags[:2]
    assert library.checks.take_back(image.id).tag_ids == ()


def test_a_merged_tag_comes_back_to_the_pictures_that_had_it(library, floor, tags):
    wet, dirty, _ = tags
    images = [add(library, floor, 1, wet), add(library, floor, 2, wet, dirty), add(library, floor, 3, dirty)]

    kept = merge_tag(library.database, floor.id, wet, dirty)
    assert [library.image(image.id).tag_ids for image in images] == [(dirty,)] * 3

    restore_tag(library.database, floor.id, kept.id)
    assert [library.image(image.id) for image in images] == images


def test_a_deleted_tag_comes_back_beside_the_others(library, floor, tags):
    wet, dirty, _ = tags
    images = [add(library, floor, 1, wet, dirty), add(library, floor, 2, wet)]

    kept = delete_tag(library.database, floor.id, wet)
    assert [library.image(image.id).tag_ids for image in images] == [(dirty,), ()]

    restore_tag(library.database, floor.id, kept.id)
    assert [library.image(image.id) for image in images] == images


def test_pictures_are_copied_with_all_tags_but_not_to_a_model_with_one_for_each(library, floor, tags):
    add(library, floor, 1, *tags[:2])
    more = library.create_model("More", "classification", ["dirty", "wet"], automatic=False, several=True)
    fewer = library.create_model("Fewer", "classification", ["dirty", "wet"], automatic=False)

    assert copy_images(library.database, floor.id, more.id) == 1
    (copied,) = library.images(more.id, tagged=True, limit=9)
    assert copied.tag_ids == tuple(tag.id for tag in more.tags)
    with pytest.raises(InvalidInput, match="of another type"):
        copy_images(library.database, floor.id, fewer.id)
