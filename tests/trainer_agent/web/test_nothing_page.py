"""The button "Nothing to tag here" in a real browser, and what becomes of it when the line is cut."""

import pytest

from edge_common.geometry import Box
from tests.trainer_agent.conftest import add_image, box_id
from tests.trainer_agent.web.conftest import Site
from tests.trainer_agent.web.tagging_page import drag, open_image, saved
from tests.waiting import wait_for

MARKED = "Marked: nothing to tag here."


@pytest.fixture
def site(build_app):
    return Site(build_app())


@pytest.fixture
def image(library, model):
    return add_image(library, model, 1)


def button(page):
    return page.get_by_role("button", name="Nothing to tag here")


@pytest.mark.parametrize("device", ["page", "phone"])
def test_it_leads_on_to_the_next_untagged_image(device, request, site, library, model, image):
    shown = request.getfixturevalue(device)
    second, third = add_image(library, model, 2), add_image(library, model, 3)
    library.put_box(second.id, box_id(1), model.tags[0].id, Box(0, 0, 1, 1))
    open_image(shown, site, image)

    button(shown).click()

    shown.wait_for_url(f"**/images/{third.id}")
    wait_for(lambda: library.image(image.id).tagged)
    assert library.boxes(image.id) == ()
    assert button(shown).is_visible()


def test_after_the_last_untagged_image_it_leads_to_the_library(page, site, library, image):
    open_image(page, site, image)

    button(page).click()

    page.wait_for_url("**/library")
    assert page.locator(".thumbs .mark.tagged").count() == 1


def test_an_image_that_is_marked_says_so_until_a_box_is_drawn(page, site, library, model, image):
    library.set_nothing(image.id, True)
    open_image(page, site, image)
    page.get_by_text(MARKED).wait_for()
    assert not button(page).is_visible()

    drag(page, (0.2, 0.2), (0.5, 0.5))

    saved(library, image, 1)
    assert not page.get_by_text(MARKED).is_visible()
    page.keyboard.press("Escape")
    page.locator("#drawn button").click()
    page.keyboard.press("Delete")
    saved(library, image, 0)
    assert button(page).is_visible()
    assert not library.image(image.id).tagged


def test_where_a_box_is_drawn_it_cannot_be_said(page, site, library, model, image):
    library.put_box(image.id, box_id(1), model.tags[0].id, Box(0.1, 0.1, 0.4, 0.4))

    open_image(page, site, image)

    assert not button(page).is_visible()
    assert not page.get_by_text(MARKED).is_visible()


def test_it_outlives_a_line_that_is_cut(page, site, library, model, image):
    second = add_image(library, model, 2)
    open_image(page, site, image)
    page.route("**/nothing", lambda route: route.abort())

    button(page).click()
    page.wait_for_url(f"**/images/{second.id}")
    page.get_by_text("Not saved yet").wait_for()
    assert not library.image(image.id).tagged
    page.unroute("**/nothing")

    wait_for(lambda: page.evaluate("1") and library.image(image.id).tagged)
    page.get_by_text("Saved", exact=True).wait_for()


def test_what_is_not_on_the_device_yet_is_shown_after_coming_back(page, site, library, model, image):
    second = add_image(library, model, 2)
    open_image(page, site, image)
    page.route("**/nothing", lambda route: route.abort())
    button(page).click()
    page.wait_for_url(f"**/images/{second.id}")

    page.get_by_role("link", name="Previous image").click()

    page.get_by_text(MARKED).wait_for()
    assert not button(page).is_visible()


def test_a_refusal_is_told_and_the_button_is_there_again(page, site, library, model, image):
    open_image(page, site, image)
    library.put_box(image.id, box_id(1), model.tags[0].id, Box(0.1, 0.1, 0.4, 0.4))
    page.route("**/done", lambda route: route.abort())

    button(page).click()

    page.get_by_text("Not taken: shelf-1.jpg: something is tagged in it").wait_for()
    assert button(page).is_visible()


@pytest.fixture
def doors(library):
    return library.create_model("Doors", "classification", ["open", "closed"], automatic=False)


def test_a_picture_that_shows_none_of_the_classes_is_marked(page, site, library, doors):
    image = add_image(library, doors, 1)
    open_image(page, site, image)

    button(page).click()

    page.wait_for_url("**/library")
    assert library.image(image.id).tagged
    assert library.image(image.id).tag_ids == ()


def test_a_class_pressed_later_takes_it_back(page, site, library, doors):
    image = add_image(library, doors, 1)
    library.set_nothing(image.id, True)
    open_image(page, site, image)
    page.get_by_text(MARKED).wait_for()

    page.get_by_role("button", name="closed").click()

    wait_for(lambda: library.image(image.id).tag_ids == (doors.tags[1].id,))
    assert not page.get_by_text(MARKED).is_visible()


def test_what_waits_is_sent_in_the_order_in_which_it_was_said(page, site, library, doors):
    image = add_image(library, doors, 1)
    second = add_image(library, doors, 2)
    library.set_image_tags(image.id, [doors.tags[0].id])
    open_image(page, site, image)
    page.route("**/api/images/*/*", lambda route: route.abort() if route.request.method == "PUT" else route.continue_())

    page.get_by_role("button", name="open").click()
    page.get_by_text("Not saved yet").wait_for()
    button(page).click()
    page.wait_for_url(f"**/images/{second.id}")
    page.unroute("**/api/images/*/*")

    wait_for(lambda: page.evaluate("1") and library.image(image.id).tag_ids == ())
    wait_for(lambda: page.evaluate("1") and library.image(image.id).tagged)
