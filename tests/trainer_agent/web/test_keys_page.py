"""Tagging with the keyboard alone."""

import pytest

from edge_common.geometry import Box
from tests.trainer_agent.conftest import add_image, box_id, noise
from tests.trainer_agent.web.conftest import Site
from tests.trainer_agent.web.tagging_page import all_saved, close_to, open_image, saved
from tests.waiting import wait_for


@pytest.fixture
def site(build_app):
    return Site(build_app())


@pytest.fixture
def image(library, model):
    return library.add_image(model.id, noise(1, 640, 360), "shelf.jpg", "upload", camera=None, taken_ns=1)


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def test_a_box_is_made_moved_sized_and_kept(page, site, library, model, image):
    open_image(page, site, image)

    press(page, "2", "b", *["ArrowLeft"] * 5, *["ArrowUp"] * 10, *["Shift+ArrowRight"] * 5, "Shift+ArrowUp")
    assert library.boxes(image.id) == ()
    press(page, "Enter")

    (box,) = saved(library, image, 1)
    assert box.tag_id == model.tags[1].id
    assert close_to(box.box, [0.25, 0.15, 0.65, 0.43])


def test_control_moves_a_box_by_one_pixel_and_all_presses_are_one_step_back(page, site, library, model, image):
    library.put_box(image.id, box_id(1), model.tags[0].id, Box(0.25, 0.25, 0.5, 0.5))
    open_image(page, site, image)
    page.locator("#stage").focus()

    press(page, "Tab", "Control+ArrowRight", "Control+ArrowRight", "Control+Shift+ArrowDown")
    moved = [0.25 + 2 / 640, 0.25, 0.5 + 2 / 640, 0.5 + 1 / 360]
    wait_for(lambda: library.boxes(image.id)[0].box.to_list() == pytest.approx(moved))
    press(page, "Control+z")

    wait_for(lambda: library.boxes(image.id)[0].box == Box(0.25, 0.25, 0.5, 0.5))
    assert page.get_by_role("button", name="Undo").is_disabled()


def test_a_box_never_leaves_the_picture_and_never_turns_inside_out(page, site, library, model, image):
    library.put_box(image.id, box_id(1), model.tags[0].id, Box(0.9, 0.9, 0.95, 0.95))
    open_image(page, site, image)
    page.locator("#stage").focus()

    press(page, "Tab", *["ArrowRight"] * 6, *["Shift+ArrowLeft"] * 6)

    wait_for(lambda: library.boxes(image.id)[0].box.to_list() == pytest.approx([0.95, 0.9, 0.95 + 5 / 640, 0.95]))


def test_tab_walks_the_boxes_and_leaves_the_picture_after_the_last_or_after_escape(page, site, library, model, image):
    for number in range(3):
        left = 0.1 + 0.3 * number
        library.put_box(image.id, box_id(number), model.tags[0].id, Box(left, 0.4, left + 0.1, 0.6))
    open_image(page, site, image)
    page.locator("#stage").focus()

    def chosen():
        return page.locator("#drawn [aria-pressed=true]").all_inner_texts()

    press(page, "Tab")
    assert chosen() == ["1. low stock"]
    press(page, "Tab", "2")
    assert chosen() == ["2. full"]
    wait_for(lambda: library.boxes(image.id)[1].tag_id == model.tags[1].id)
    press(page, "Shift+Tab")
    assert chosen() == ["1. low stock"]
    press(page, "Delete", "Tab")
    assert chosen() == ["1. full"]
    saved(library, image, 2)
    press(page, "Tab", "Tab")
    assert page.evaluate("document.activeElement.id") != "stage"
    page.locator("#stage").focus()
    press(page, "Tab", "Escape", "Tab")
    assert chosen() == []
    assert page.evaluate("document.activeElement.id") != "stage"


def test_escape_drops_a_box_that_is_being_made_and_the_arrows_change_images_again(page, site, library, model, image):
    second = add_image(library, model, 2)
    open_image(page, site, image)

    press(page, "b", "ArrowRight", "Escape", "ArrowRight")

    page.wait_for_url(f"**/images/{second.id}")
    assert library.boxes(image.id) == ()


def test_enter_on_a_button_presses_the_button(page, site, library, image):
    open_image(page, site, image)

    page.get_by_role("button", name="full").focus()
    press(page, "Enter")

    assert page.get_by_role("button", name="full").get_attribute("aria-pressed") == "true"
    assert page.locator("#layer .draft").count() == 0


def test_a_question_mark_tells_all_keys(page, site, image):
    open_image(page, site, image)

    press(page, "?")

    keys = page.get_by_role("dialog", name="Keys")
    keys.get_by_text("New box in the middle").wait_for()
    press(page, "b")
    assert page.locator("#layer .draft").count() == 0
    press(page, "Escape")
    keys.wait_for(state="hidden")


def test_a_whole_image_is_tagged_without_a_pointer(page, site, library, model, image):
    open_image(page, site, image)

    for _ in range(60):
        press(page, "Tab")
        if page.evaluate("document.activeElement.id") == "stage":
            break
    press(page, "Enter", "ArrowLeft", "Enter", "2", "Enter", "ArrowRight", "Enter")
    all_saved(page)
    page.get_by_role("button", name="Done").focus()
    press(page, "Enter")

    page.wait_for_url("**/library")
    assert [box.tag_id for box in saved(library, image, 2)] == [tag.id for tag in model.tags]
