"""Proposals one by one: rejected by their cross, walked by Tab, and all of it undone."""

import pytest

from tests.trainer_agent.web.conftest import Site
from tests.trainer_agent.web.proposing import add_shelf, put_live, shelves_of
from tests.trainer_agent.web.tagging_page import open_image, place_of, saved


@pytest.fixture
def image(library, workshop):
    """A picture in which the live version sees three things."""
    shelves = shelves_of(library)
    put_live(workshop.packages, shelves)
    return add_shelf(library, shelves)


@pytest.fixture
def open_page(build_app, image):
    """Open the image in a window with its three proposals."""
    site = Site(build_app())

    def opened(window):
        open_image(window, site, image)
        window.get_by_text("The model proposes 3.").wait_for()
        return window

    return opened


def proposed(page):
    return page.locator("#layer .proposed").count()


@pytest.mark.parametrize("device", ["page", "phone"])
def test_the_cross_rejects_one_and_an_undo_brings_it_back(device, request, open_page, library, image):
    shown = open_page(request.getfixturevalue(device))
    cross = shown.locator("#layer .cross .reach").last.bounding_box()
    middle = (cross["x"] + cross["width"] / 2, cross["y"] + cross["height"] / 2)

    (shown.touchscreen.tap if device == "phone" else shown.mouse.click)(*middle)

    shown.get_by_text("The model proposes 2.").wait_for()
    assert proposed(shown) == 2
    shown.get_by_role("button", name="Undo").click()
    shown.get_by_text("The model proposes 3.").wait_for()
    assert library.boxes(image.id) == ()


def test_tab_walks_the_proposals_delete_rejects_and_enter_accepts(page, open_page, library, image):
    open_page(page)
    page.locator("#stage").focus()

    page.keyboard.press("Tab")
    page.get_by_text("Proposal: Enter accepts it, Delete rejects it.").wait_for()
    assert page.get_by_role("button", name="Reject this one").is_visible()
    page.keyboard.press("Delete")
    page.get_by_text("The model proposes 2.").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    saved(library, image, 1)
    page.get_by_text("The model proposes one.").wait_for()


def test_accepting_all_is_one_step_back_and_one_forth(page, open_page, library, image):
    open_page(page)
    page.keyboard.press("a")
    accepted = saved(library, image, 3)

    page.keyboard.press("Control+z")
    saved(library, image, 0)
    page.get_by_text("The model proposes 3.").wait_for()
    assert page.get_by_role("button", name="Undo").is_disabled()
    page.keyboard.press("Control+y")

    assert saved(library, image, 3) == accepted


def test_a_proposal_that_a_box_answered_is_back_when_the_box_is_undone(page, open_page, library, image):
    open_page(page)
    page.mouse.move(*place_of(page, 0.02, 0.02))
    page.mouse.down()
    page.mouse.move(*place_of(page, 0.48, 0.48), steps=3)
    page.mouse.up()
    page.get_by_text("The model proposes 2.").wait_for()

    page.keyboard.press("Control+z")

    page.get_by_text("The model proposes 3.").wait_for()
    saved(library, image, 0)
