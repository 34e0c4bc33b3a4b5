"""Undo and redo on the tagging page: every kind of change, on the page and on the device."""

import pytest

from edge_common.geometry import Box
from tests.trainer_agent.conftest import add_image, box_id, noise
from tests.trainer_agent.web.conftest import Site
from tests.trainer_agent.web.tagging_page import close_to, drag, open_image, place_of, saved
from tests.waiting import wait_for


@pytest.fixture
def site(build_app):
    return Site(build_app())


@pytest.fixture
def image(library, model):
    return library.add_image(model.id, noise(1, 640, 360), "shelf.jpg", "upload", camera=None, taken_ns=1)


@pytest.fixture
def boxed(library, model, image):
    """The image with one box, low stock, in the middle."""
    library.put_box(image.id, box_id(1), model.tags[0].id, Box(0.4, 0.4, 0.6, 0.6))
    return image


def changed_by(page, change, model):
    page.mouse.click(*place_of(page, 0.5, 0.5))
    match change:
        case "moved":
            drag(page, (0.5, 0.5), (0.6, 0.6))
        case "resized":
            drag(page, (0.6, 0.6), (0.9, 0.8))
        case "retagged":
            page.locator("#retag").select_option(label="full")
            page.locator("#stage").focus()
        case "deleted":
            page.keyboard.press("Delete")


@pytest.mark.parametrize("change", ["moved", "resized", "retagged", "deleted"])
def test_what_was_done_to_a_box_is_undone_and_done_again(change, page, site, library, model, boxed):
    before = library.boxes(boxed.id)
    open_image(page, site, boxed)
    changed_by(page, change, model)
    wait_for(lambda: library.boxes(boxed.id) != before)
    after = library.boxes(boxed.id)

    page.keyboard.press("Control+z")
    wait_for(lambda: library.boxes(boxed.id) == before)
    page.keyboard.press("Control+Shift+Z")
    wait_for(lambda: library.boxes(boxed.id) == after)
    page.keyboard.press("Control+z")
    wait_for(lambda: library.boxes(boxed.id) == before)
    page.keyboard.press("Control+y")
    wait_for(lambda: library.boxes(boxed.id) == after)


def test_forty_boxes_are_undone_to_the_first_and_come_back_in_their_order(page, site, library, image):
    open_image(page, site, image)
    undo, redo = page.get_by_role("button", name="Undo"), page.get_by_role("button", name="Redo")
    assert undo.is_disabled()
    assert redo.is_disabled()
    for number in range(40):
        left, top = 0.02 + 0.12 * (number % 8), 0.02 + 0.19 * (number // 8)
        drag(page, (left, top), (left + 0.08, top + 0.12))
    drawn = saved(library, image, 40)

    for _ in range(40):
        undo.click()
    saved(library, image, 0)
    assert undo.is_disabled()
    for _ in range(40):
        redo.click()

    again = saved(library, image, 40)
    assert again == drawn
    assert redo.is_disabled()


def test_a_new_box_after_an_undo_ends_what_could_be_done_again(page, site, library, image):
    open_image(page, site, image)
    drag(page, (0.1, 0.1), (0.3, 0.3))
    page.keyboard.press("Control+z")

    drag(page, (0.5, 0.5), (0.7, 0.7))

    (box,) = saved(library, image, 1)
    assert close_to(box.box, [0.5, 0.5, 0.7, 0.7])
    assert page.get_by_role("button", name="Redo").is_disabled()


def test_undo_by_touch(phone, site, library, image):
    open_image(phone, site, image)
    drag(phone, (0.2, 0.2), (0.5, 0.5))
    saved(library, image, 1)

    phone.get_by_role("button", name="Undo").tap()
    saved(library, image, 0)
    phone.get_by_role("button", name="Redo").tap()
    saved(library, image, 1)


def test_boxes_are_copied_from_the_image_before_without_those_that_are_there(page, site, library, model, boxed):
    second = add_image(library, model, 2)
    library.put_box(boxed.id, box_id(2), model.tags[1].id, Box(0.1, 0.1, 0.3, 0.3))
    library.put_box(second.id, box_id(3), model.tags[0].id, Box(0.41, 0.4, 0.61, 0.6))
    open_image(page, site, second)

    page.get_by_role("button", name="Copy from previous image").click()

    there, copied = saved(library, second, 2)
    assert there.id == box_id(3)
    assert (copied.tag_id, copied.box) == (model.tags[1].id, Box(0.1, 0.1, 0.3, 0.3))
    page.get_by_text("One box copied.").wait_for()
    page.keyboard.press("c")
    page.get_by_text("They are all here already.").wait_for()
    page.keyboard.press("Control+z")
    saved(library, second, 1)
    assert len(library.boxes(boxed.id)) == 2


def test_the_first_image_has_none_to_copy_from_and_an_empty_one_gives_nothing(page, site, library, model, image):
    second = add_image(library, model, 2)
    open_image(page, site, image)
    assert page.get_by_role("button", name="Copy from previous image").count() == 0
    open_image(page, site, second)

    page.get_by_role("button", name="Copy from previous image").click()

    page.get_by_text("The image before has no boxes.").wait_for()
    assert page.get_by_role("button", name="Undo").is_disabled()
