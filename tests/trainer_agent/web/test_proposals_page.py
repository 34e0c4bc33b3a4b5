"""Proposals on the tagging page in a real browser: shown, accepted, rejected, drawn over."""

import numpy as np
import pytest

from edge_common.geometry import Box
from tests.trainer_agent.conftest import box_id
from tests.trainer_agent.web.conftest import Site
from tests.trainer_agent.web.proposing import FOUND, add_shelf, put_live, shelves_of
from tests.trainer_agent.web.tagging_page import close_to, drag, open_image, place_of, saved
from tests.waiting import wait_for

BOTTOM_LEFT = (0.15, 0.65), (0.35, 0.85)


@pytest.fixture
def site(build_app):
    return Site(build_app())


@pytest.fixture
def shelves(library):
    return shelves_of(library)


@pytest.fixture
def image(library, shelves, workshop):
    """A picture in which the live version sees three things."""
    put_live(workshop.packages, shelves)
    return add_shelf(library, shelves)


def proposed(page):
    return page.locator("#layer .proposed").count()


def open_with_proposals(page, site, image, count=3):
    open_image(page, site, image)
    page.get_by_text(f"The model proposes {count}. Tap one to accept it.").wait_for()
    assert proposed(page) == count


def test_proposals_are_dashed_and_named_with_how_sure_and_nothing_is_saved(page, site, library, image):
    open_with_proposals(page, site, image)

    for line in page.locator("#layer .proposed .line").all():
        assert line.evaluate("line => getComputedStyle(line).strokeDasharray") != "none"
    assert sorted(page.locator("#labels span").all_text_contents()) == [
        "green shelf? 100 %",
        "red shelf? 100 %",
        "red shelf? 71 %",
    ]
    assert page.locator("#drawn li").count() == 0
    assert not library.image(image.id).tagged


@pytest.mark.parametrize("device", ["page", "phone"])
def test_one_is_accepted_by_a_click_or_a_tap_and_saved_with_its_tag_and_corners(
    device, request, site, library, shelves, image
):
    shown = request.getfixturevalue(device)
    open_with_proposals(shown, site, image)
    pointer = shown.touchscreen.tap if device == "phone" else shown.mouse.click

    pointer(*place_of(shown, 0.8, 0.7))

    (box,) = saved(library, image, 1)
    assert box.tag_id == shelves.tags[1].id
    assert close_to(box.box, FOUND["red"])
    shown.get_by_text("The model proposes 2.").wait_for()
    assert proposed(shown) == 2
    shown.get_by_text("Saved", exact=True).wait_for()
    line = shown.locator("#layer .line").last
    assert line.evaluate("line => getComputedStyle(line).strokeDasharray") == "none"


@pytest.mark.parametrize("by", ["key", "button"])
def test_all_are_accepted_at_once(page, site, library, shelves, image, by):
    open_with_proposals(page, site, image)

    if by == "key":
        page.keyboard.press("a")
    else:
        page.get_by_role("button", name="Accept all").click()

    boxes = saved(library, image, 3)
    green, red = (tag.id for tag in shelves.tags)
    found = sorted((box.tag_id, box.box.to_list()) for box in boxes)
    assert [tag for tag, _ in found] == [green, red, red]
    for (_, corners), wanted in zip(found, sorted(FOUND.values()), strict=True):
        assert corners == pytest.approx(wanted, abs=0.01)
    page.get_by_text("The model proposes nothing more here.").wait_for()
    assert not page.get_by_role("button", name="Accept all").is_visible()


def test_those_that_are_rejected_are_gone_and_nothing_is_saved(page, site, library, image):
    open_with_proposals(page, site, image)

    page.get_by_role("button", name="Reject all").click()

    page.get_by_text("The model proposes nothing more here.").wait_for()
    assert proposed(page) == 0
    page.keyboard.press("a")
    page.reload()
    page.get_by_text("The model proposes 3.").wait_for()
    assert library.boxes(image.id) == ()


def test_rejected_ones_come_again_when_asked_for(page, site, image):
    open_with_proposals(page, site, image)
    page.get_by_role("button", name="Reject all").click()

    page.get_by_role("button", name="Propose boxes").click()

    page.get_by_text("The model proposes 3.").wait_for()


def test_the_keyboard_goes_on_from_what_is_in_the_place_of_what_was_pressed(page, site, library, image):
    open_with_proposals(page, site, image)

    page.get_by_role("button", name="Reject all").press("Enter")
    page.keyboard.press("Enter")
    page.get_by_text("The model proposes 3.").wait_for()
    page.keyboard.press("Enter")

    saved(library, image, 3)


def test_a_long_name_leaves_in_sight_how_sure_the_model_is(phone, site, library, workshop):
    model = shelves_of(library, ["W" * 40, "M" * 40])
    put_live(workshop.packages, model)
    image = add_shelf(library, model)
    open_with_proposals(phone, site, image)
    picture = phone.locator("#picture").bounding_box()

    for label in phone.locator("#labels span").all():
        edge = label.bounding_box()
        assert label.evaluate("label => label.scrollWidth <= label.clientWidth")
        assert edge["width"] <= picture["width"] / 2 + 1
        assert label.locator("b").bounding_box()["width"] < edge["width"] - 30


def test_without_a_model_it_says_when_proposals_will_come(page, site, library, shelves):
    open_image(page, site, add_shelf(library, shelves))

    page.get_by_text("Proposals come once a few images are tagged.").wait_for()
    assert proposed(page) == 0
    assert not page.get_by_role("button", name="Accept all").is_visible()


def test_a_draft_is_named_as_one(page, build_app, library, shelves):
    app = build_app()
    put_live(app.extensions["services"].drafts.packages, shelves)

    open_image(page, Site(app), add_shelf(library, shelves))

    page.get_by_text("A first draft of the model proposes 3.").wait_for()


def test_a_model_that_sees_nothing_says_so(page, site, library, shelves, image):
    black = np.zeros((96, 96, 3), dtype=np.uint8)
    nothing = library.add_image(shelves.id, black, "black.jpg", "upload", camera=None, taken_ns=1)

    open_image(page, site, nothing)

    page.get_by_text("The model proposes nothing here.").wait_for()


def test_a_damaged_model_is_told_and_boxes_can_be_drawn(page, site, library, shelves, workshop, image):
    workshop.packages.model_file(shelves.id, "1").write_bytes(b"worn out")
    open_image(page, site, image)
    page.get_by_text("No proposals: package").wait_for()

    drag(page, *BOTTOM_LEFT)

    saved(library, image, 1)


def test_a_tagged_image_shows_them_only_when_asked_for(page, site, library, shelves, image):
    library.put_box(image.id, box_id(1), shelves.tags[0].id, Box(*FOUND["green"]))
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "proposals" in request.url else None)
    open_image(page, site, image)
    page.keyboard.press("a")
    assert (proposed(page), page.locator("[data-said]").inner_text()) == (0, "")
    assert [url for url in asked if "/api/" in url] == []

    page.get_by_role("button", name="Propose boxes").click()

    page.get_by_text("The model proposes 2.").wait_for()
    assert proposed(page) == 2


def test_over_a_proposal_a_box_can_be_drawn(page, site, library, shelves, image):
    open_with_proposals(page, site, image)

    drag(page, (0.55, 0.6), (0.7, 0.75))

    (box,) = saved(library, image, 1)
    assert box.tag_id == shelves.tags[0].id
    assert close_to(box.box, [0.55, 0.6, 0.7, 0.75])
    assert proposed(page) == 3


def test_a_box_drawn_in_place_of_a_proposal_answers_it(page, site, library, image):
    open_with_proposals(page, site, image)

    drag(page, (0.52, 0.52), (0.95, 0.98))
    page.get_by_text("The model proposes 2.").wait_for()
    page.get_by_role("button", name="Accept all").click()

    drawn, *accepted = saved(library, image, 3)
    assert close_to(drawn.box, [0.52, 0.52, 0.95, 0.98])
    assert sorted(box.box.to_list()[:2] for box in accepted) == [[0, 0], [0.5, 0]]


def test_a_box_drawn_before_the_answer_comes_is_not_proposed_again(page, site, library, image):
    asked = []
    page.route("**/proposals", lambda route: asked.append(route))
    open_image(page, site, image)
    drag(page, (0.5, 0.5), (0.98, 0.98))
    saved(library, image, 1)

    (route,) = asked
    route.fulfill(json={"source": "live", "proposals": [{"tag": 1, "box": FOUND["red"], "confidence": 1}]})

    page.get_by_text("The model proposes nothing more here.").wait_for()
    assert proposed(page) == 0


def test_an_accepted_one_can_be_changed_and_deleted_as_any_box(page, site, library, shelves, image):
    open_with_proposals(page, site, image)
    page.mouse.click(*place_of(page, 0.25, 0.25))
    saved(library, image, 1)

    page.get_by_role("button", name="1. green shelf").click()
    page.locator("#retag").select_option(label="red shelf")
    wait_for(lambda: library.boxes(image.id)[0].tag_id == shelves.tags[1].id)
    page.keyboard.press("Delete")

    saved(library, image, 0)
