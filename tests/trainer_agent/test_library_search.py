from datetime import date, datetime

import pytest

from modules.trainer_agent.library_search import NO_TAG, Wanted
from tests.trainer_agent.conftest import add_image, box_id, noise, tag_images


def days_noon_ns(day):
    return int(datetime(2026, 3, day, 12).timestamp()) * 1_000_000_000


@pytest.fixture
def shelf(library, model):
    """Five images: two tagged, one with nothing to tag, one untagged, one to check."""
    tag_images(library, model, 2)
    third = add_image(library, model, 2)
    library.set_nothing(third.id, True)
    add_image(library, model, 3)
    kept = library.add_image(model.id, noise(4), "kept", "camera", camera="aisle-4", taken_ns=days_noon_ns(5))
    library.checks.add(kept.id, "unsure", version="1", seen=[], kept_ns=1)
    return [image.id for image in library.images(model.id, tagged=None, limit=9)][::-1]


def found(library, model, wanted):
    assert library.search.counts(model.id, wanted)[wanted.show] == len(library.search.ids(model.id, wanted))
    return list(library.search.ids(model.id, wanted))


def test_each_image_is_in_one_state(library, model, shelf):
    assert found(library, model, Wanted("tagged")) == shelf[2::-1]
    assert found(library, model, Wanted("untagged")) == [shelf[3]]
    assert found(library, model, Wanted("check")) == [shelf[4]]
    assert library.search.counts(model.id, Wanted("tagged")) == {"tagged": 3, "untagged": 1, "check": 1}


def test_by_tag_and_by_nothing_to_tag(library, model, shelf):
    low, full = model.tags

    assert found(library, model, Wanted("tagged", tag=low.id)) == [shelf[0]]
    assert found(library, model, Wanted("tagged", tag=full.id)) == [shelf[1]]
    assert found(library, model, Wanted("tagged", tag=NO_TAG)) == [shelf[2]]


def test_by_the_tag_of_a_whole_picture(library):
    doors = library.create_model("Doors", "classification", ["open", "closed"], automatic=False)
    image = add_image(library, doors, 1)
    library.set_image_tags(image.id, [doors.tags[1].id])

    assert found(library, doors, Wanted("tagged", tag=doors.tags[1].id)) == [image.id]
    assert found(library, doors, Wanted("tagged", tag=doors.tags[0].id)) == []


def test_by_camera_source_and_digest(library, model, shelf):
    first = library.image(shelf[0])

    assert found(library, model, Wanted("check", camera="aisle-4")) == [shelf[4]]
    assert found(library, model, Wanted("check", camera="till-1")) == []
    assert found(library, model, Wanted("check", source="kept")) == [shelf[4]]
    assert found(library, model, Wanted("check", source="camera")) == []
    assert found(library, model, Wanted("untagged", source="upload")) == [shelf[3]]
    assert found(library, model, Wanted("tagged", digests=frozenset({first.digest, "0" * 64}))) == [shelf[0]]
    assert found(library, model, Wanted("tagged", digests=frozenset())) == []
    assert library.search.cameras(model.id) == ("aisle-4",)


@pytest.mark.parametrize(
    ("first", "last", "there"),
    [
        pytest.param(5, 5, True, id="that very day"),
        pytest.param(4, 6, True, id="around it"),
        pytest.param(6, None, False, id="later"),
        pytest.param(None, 4, False, id="earlier"),
    ],
)
def test_by_the_day_on_which_it_was_taken(library, model, shelf, first, last, there):
    day = {"first": first and date(2026, 3, first), "last": last and date(2026, 3, last)}

    assert found(library, model, Wanted("check", **day)) == ([shelf[4]] if there else [])


def test_pages_follow_one_another_without_a_gap(library, model):
    tag_images(library, model, 5)
    wanted = Wanted("tagged")
    first = library.search.page(model.id, wanted, limit=3)
    library.delete_image(first[1].id)
    second = library.search.page(model.id, wanted, limit=3, before=first[-1].id)

    assert [image.name for image in first + second] == [f"shelf-{seed}.jpg" for seed in (4, 3, 2, 1, 0)]


def test_an_image_that_is_tagged_waits_no_more(library, model, shelf):
    library.put_box(shelf[4], box_id(7), model.tags[0].id, library.boxes(shelf[0])[0].box)

    assert found(library, model, Wanted("check")) == []
    assert shelf[4] in found(library, model, Wanted("tagged", source="kept"))
