import pytest

from edge_common.detections import Detection
from edge_common.errors import Conflict, NotFound
from edge_common.geometry import Box
from modules.trainer_agent.checks import Check
from modules.trainer_agent.training_log import TrainingLog
from tests.trainer_agent.conftest import add_image, box_id

LEFT, RIGHT = Box(0.1, 0.2, 0.4, 0.6), Box(0.5, 0.2, 0.9, 0.6)
BEFORE, AFTER = "2020-01-01T00:00:00+00:00", "2100-01-01T00:00:00+00:00"


def kept(library, model, seed, seen=(), reason="unsure", kept_ns=1):
    image = add_image(library, model, seed)
    library.checks.add(image.id, reason, version="7", seen=seen, kept_ns=kept_ns)
    return image


def test_what_the_model_saw_is_kept_with_the_reason(library, model):
    seen = (Detection("full", 0.55, LEFT), Detection("low stock", 0.5, RIGHT))
    image = kept(library, model, 1, seen)
    plain = add_image(library, model, 2)

    assert library.checks.of([plain, image]) == (Check(image, "unsure", "7", seen),)
    assert library.checks.newest(model.id, 5) == (Check(image, "unsure", "7", seen),)


def test_right_makes_tags_of_what_the_model_saw(library, model):
    image = kept(library, model, 1, (Detection("full", 0.55, LEFT), Detection("low stock", 0.5, RIGHT)))

    confirmed = library.checks.confirm(image.id)

    low, full = model.tags
    assert confirmed.tagged
    assert [(box.tag_id, box.box) for box in library.boxes(image.id)] == [(full.id, LEFT), (low.id, RIGHT)]
    assert library.checks.waiting(model.id) == 0
    with pytest.raises(Conflict, match="tagged already"):
        library.checks.confirm(image.id)


@pytest.mark.parametrize("seen", [(), (Detection("full", 0.55, LEFT), Detection("low stock", 0.5, RIGHT))])
def test_right_can_be_taken_back_and_the_image_waits_again(library, model, seen):
    image = kept(library, model, 1, seen)
    library.checks.confirm(image.id)

    back = library.checks.take_back(image.id)

    assert not back.tagged
    assert library.boxes(image.id) == ()
    assert library.checks.waiting(model.id) == 1
    assert library.checks.checked_since_training(model.id) == 0
    with pytest.raises(Conflict, match="tagged otherwise"):
        library.checks.take_back(image.id)
    assert library.checks.confirm(image.id).tagged


def test_right_of_an_image_that_was_tagged_otherwise_since_is_not_taken_back(library, model):
    image = kept(library, model, 1, (Detection("full", 0.55, LEFT),))
    library.checks.confirm(image.id)
    library.put_box(image.id, box_id(1), model.tags[0].id, RIGHT)

    with pytest.raises(Conflict, match="tagged otherwise since"):
        library.checks.take_back(image.id)
    assert len(library.boxes(image.id)) == 2


def test_right_of_a_whole_picture_is_taken_back(library):
    doors = library.create_model("Doors", "classification", ["open", "closed"], automatic=False)
    image = kept(library, doors, 1, (Detection("closed", 0.6, None),))
    library.checks.confirm(image.id)

    assert library.checks.take_back(image.id).tag_ids == ()
    assert library.checks.waiting(doors.id) == 1


def test_right_where_nothing_was_seen_says_that_nothing_is_there(library, model):
    image = kept(library, model, 1)

    assert library.checks.confirm(image.id).tagged
    assert library.boxes(image.id) == ()


@pytest.mark.parametrize(("label", "tag"), [("closed", 1), ("none", None)])
def test_right_of_a_whole_picture_names_its_tag_or_none(library, label, tag):
    doors = library.create_model("Doors", "classification", ["open", "closed"], automatic=False)
    image = kept(library, doors, 1, (Detection(label, 0.6, None),))

    confirmed = library.checks.confirm(image.id)

    assert confirmed.tagged
    assert confirmed.tag_ids == (() if tag is None else (doors.tags[tag].id,))


def test_a_label_whose_tag_was_removed_cannot_be_confirmed_and_nothing_changes(library, model):
    image = kept(library, model, 1, (Detection("full", 0.7, LEFT), Detection("gap", 0.55, RIGHT)))

    with pytest.raises(Conflict, match="'gap' is not a tag"):
        library.checks.confirm(image.id)
    assert library.boxes(image.id) == ()
    assert library.checks.waiting(model.id) == 1


def test_an_image_that_was_not_kept_cannot_be_confirmed(library, model):
    with pytest.raises(NotFound, match="not kept to be checked"):
        library.checks.confirm(add_image(library, model, 1).id)


def test_what_was_checked_since_the_last_training_counts(library, model, database):
    first, second, _ = (kept(library, model, seed) for seed in (1, 2, 3))
    library.checks.confirm(first.id)
    library.put_box(second.id, box_id(2), model.tags[0].id, LEFT)
    log = TrainingLog(database)

    assert library.checks.checked_since_training(model.id) == 2
    log.begin(model.id, BEFORE)
    assert library.checks.checked_since_training(model.id) == 2
    log.begin(model.id, AFTER)
    assert library.checks.checked_since_training(model.id) == 0


def test_frames_kept_by_themselves_are_told_from_those_that_staff_sent(library, model):
    kept(library, model, 1, kept_ns=10)
    kept(library, model, 2, kept_ns=20)
    kept(library, model, 3, reason="staff", kept_ns=30)

    assert library.checks.kept_since(model.id, 10) == (20,)
    assert (library.checks.waiting(model.id), library.checks.waiting(model.id, by_itself=True)) == (3, 2)


def test_what_waits_to_be_checked_does_not_wait_to_be_tagged(library, model):
    image = kept(library, model, 1)

    before = (library.counts(model.id).untagged, library.search.next_untagged(model.id))
    library.checks.confirm(image.id)

    assert before == (0, None)
    assert (library.counts(model.id).tagged, library.counts(model.id).untagged) == (1, 0)
