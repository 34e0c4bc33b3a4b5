import json

import pytest

from edge_common.detections import Detection
from edge_common.errors import NotFound
from edge_common.geometry import Box
from modules.trainer_agent.bin import Restored
from modules.trainer_agent.library import Library
from tests.trainer_agent.conftest import add_image, box_id, tag_images

AREA = Box(0.1, 0.2, 0.5, 0.6)


def ids(library, model):
    return [image.id for image in library.images(model.id, tagged=None, limit=100)]


def test_deleted_images_come_back_with_their_boxes_in_order(library, model):
    tag_images(library, model, 3)
    first, second = ids(library, model)[:2]
    library.put_box(first, box_id(90), model.tags[1].id, AREA)
    before = (library.images(model.id, tagged=None, limit=9), library.boxes(first), library.boxes(second))

    batch, count = library.bin.put(model.id, [first, second, second, 999])
    gone = ids(library, model)
    restored = library.bin.restore(batch)

    assert (count, len(gone), restored) == (2, 1, Restored(2, 0))
    assert (library.images(model.id, tagged=None, limit=9), library.boxes(first), library.boxes(second)) == before


def test_what_was_to_check_comes_back_to_check(library, model):
    image = add_image(library, model, 1)
    library.checks.add(image.id, "unsure", version="1", seen=[Detection("full", 0.5, AREA)], kept_ns=5)
    (check,) = library.checks.of([image])

    library.bin.restore(library.delete_image(image.id))

    assert library.checks.of([image]) == (check,)
    assert library.checks.waiting(model.id) == 1


def test_images_of_another_model_are_not_deleted(library, model):
    other = library.create_model("Other", "detection", ["gap"], automatic=False)
    image = add_image(library, other, 1)

    assert library.bin.put(model.id, [image.id])[1] == 0
    assert ids(library, other) == [image.id]


def test_a_picture_that_came_in_again_since_is_left_out(library, model):
    image = add_image(library, model, 1)
    batch = library.delete_image(image.id)
    again = add_image(library, model, 1)

    assert library.bin.restore(batch) == Restored(0, 1)
    assert ids(library, model) == [again.id]


def test_boxes_of_a_tag_that_was_removed_since_stay_away(library, model):
    image = add_image(library, model, 1)
    low, full = model.tags
    library.put_box(image.id, box_id(1), low.id, AREA)
    library.put_box(image.id, box_id(2), full.id, AREA)
    batch = library.delete_image(image.id)
    library.remove_tag(model.id, low.id)

    library.bin.restore(batch)

    assert [box.tag_id for box in library.boxes(image.id)] == [full.id]


def test_undo_twice_says_that_it_is_done(library, model):
    batch = library.delete_image(add_image(library, model, 1).id)
    library.bin.restore(batch)

    with pytest.raises(NotFound, match="came back already"):
        library.bin.restore(batch)


def test_files_stay_while_undo_is_offered_also_over_a_restart_and_go_afterwards(library, model, database, tmp_path):
    image = add_image(library, model, 1)
    batch = library.delete_image(image.id)

    again = Library(database, tmp_path / "library")

    assert again.pictures.image_file(image.digest).is_file()
    again.bin.empty(lasts_s=0)
    with pytest.raises(NotFound, match="gone for good"):
        again.bin.restore(batch)
    with pytest.raises(NotFound):
        again.pictures.image_file(image.digest)


def test_a_file_that_another_model_names_outlives_the_bin(library, model):
    other = library.create_model("Other", "detection", ["gap"], automatic=False)
    image, twin = add_image(library, model, 1), add_image(library, other, 1)
    library.delete_image(image.id)

    library.bin.empty(lasts_s=0)

    assert library.pictures.image_file(twin.digest).is_file()


def test_a_column_added_later_does_not_hinder_an_undo(library, model, database):
    image = add_image(library, model, 1)
    batch = library.delete_image(image.id)
    with database.writing() as rows:
        rows.execute("ALTER TABLE images ADD COLUMN later TEXT")
        kept = json.loads(rows.execute("SELECT rows FROM bin").fetchone()[0])

    library.bin.restore(batch)

    assert "later" not in kept["images"][0]
    assert ids(library, model) == [image.id]
