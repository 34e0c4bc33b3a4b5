"""The tagging page in a real browser: mouse, touch, keyboard, and a line that is cut."""

import pytest
from playwright.sync_api import expect

from edge_common.geometry import Box
from tests.trainer_agent.conftest import add_image, box_id, noise
from tests.trainer_agent.web.conftest import Site
from tests.trainer_agent.web.tagging_page import close_to, drag, drag_finger, open_image, saved
from tests.waiting import wait_for


@pytest.fixture
def site(build_app):
    return Site(build_app())


@pytest.fixture
def image(library, model):
    return library.add_image(model.id, noise(1, 640, 360), "shelf.jpg", "upload", camera=None, taken_ns=1)


def test_a_box_drawn_with_the_mouse_is_saved_at_once_with_the_chosen_tag(page, site, library, model, image):
    open_image(page, site, image)
    page.get_by_role("button", name="full").click()

    drag(page, (0.6, 0.7), (0.2, 0.3))

    (box,) = saved(library, image, 1)
    assert box.tag_id == model.tags[1].id
    assert close_to(box.box, [0.2, 0.3, 0.6, 0.7])


@pytest.mark.parametrize(("width", "height"), [(640, 360), (360, 640), (1920, 1080)], ids=["wide", "tall", "large"])
@pytest.mark.parametrize("device", ["page", "phone"])
def test_a_box_is_shown_exactly_where_it_was_drawn(device, width, height, request, site, library, model):
    shown = request.getfixturevalue(device)
    image = library.add_image(model.id, noise(1, width, height), "shelf.jpg", "upload", camera=None, taken_ns=1)
    for index in range(3):
        library.put_box(image.id, box_id(index), model.tags[0].id, Box(0.1, 0.1, 0.15, 0.15))
    open_image(shown, site, image)
    picture = shown.locator("#picture").bounding_box()

    drag(shown, (0.3, 0.4), (0.7, 0.8))

    saved(library, image, 4)
    shown.get_by_text("Saved", exact=True).wait_for()
    line = shown.locator("#layer .line").last.bounding_box()
    wanted = (0.3 * picture["width"], 0.4 * picture["height"], 0.4 * picture["width"], 0.4 * picture["height"])
    found = (line["x"] - picture["x"], line["y"] - picture["y"], line["width"], line["height"])
    assert found == pytest.approx(wanted, abs=4)
    assert shown.locator("#picture").bounding_box() == pytest.approx(picture, abs=1)


def test_boxes_side_by_side_are_drawn_one_after_the_other(page, site, library, image):
    open_image(page, site, image)

    drag(page, (0.2, 0.2), (0.4, 0.6))
    drag(page, (0.4, 0.2), (0.6, 0.6))

    first, second = saved(library, image, 2)
    assert close_to(first.box, [0.2, 0.2, 0.4, 0.6])
    assert close_to(second.box, [0.4, 0.2, 0.6, 0.6])


def test_a_box_is_moved_resized_retagged_and_deleted(page, site, library, model, image):
    library.put_box(image.id, box_id(1), model.tags[0].id, Box(0.2, 0.2, 0.5, 0.5))
    open_image(page, site, image)
    edge = page.locator("#picture").bounding_box()
    page.mouse.click(edge["x"] + 0.35 * edge["width"], edge["y"] + 0.35 * edge["height"])

    drag(page, (0.35, 0.35), (0.45, 0.45))
    wait_for(lambda: close_to(library.boxes(image.id)[0].box, [0.3, 0.3, 0.6, 0.6]))
    drag(page, (0.6, 0.6), (0.9, 0.8))
    wait_for(lambda: close_to(library.boxes(image.id)[0].box, [0.3, 0.3, 0.9, 0.8]))
    page.locator("#retag").select_option(label="full")
    wait_for(lambda: library.boxes(image.id)[0].tag_id == model.tags[1].id)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="1. full").click()
    page.keyboard.press("Delete")

    saved(library, image, 0)


def test_a_box_drawn_by_touch_is_saved_and_the_page_does_not_scroll(phone, site, library, image):
    open_image(phone, site, image)

    drag_finger(phone, (0.3, 0.9), (0.8, 0.4))

    (box,) = saved(library, image, 1)
    assert close_to(box.box, [0.3, 0.4, 0.8, 0.9])
    assert phone.evaluate("scrollY") == 0


def test_what_is_touched_is_large_enough_for_a_finger(phone, site, image):
    open_image(phone, site, image)

    for target in phone.locator("main button:visible, main .button:visible, .bar nav a, .steps a").all():
        edge = target.bounding_box()
        assert min(edge["width"], edge["height"]) >= 44, target.inner_text()
    assert phone.evaluate("document.documentElement.scrollWidth") == 360


def test_digits_choose_tags_and_arrows_change_images(page, site, library, model, image):
    second = add_image(library, model, 2)
    open_image(page, site, image)

    page.keyboard.press("2")
    assert page.get_by_role("button", name="full").get_attribute("aria-pressed") == "true"
    page.keyboard.press("ArrowRight")
    page.wait_for_url(f"**/images/{second.id}")
    assert page.get_by_role("button", name="full").get_attribute("aria-pressed") == "true"
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(f"**/images/{image.id}")


def test_next_untagged_goes_through_what_is_left_and_saves_on_the_way(phone, site, library, image):
    model = library.model(image.model_id)
    second, third = add_image(library, model, 2), add_image(library, model, 3)
    library.put_box(second.id, box_id(1), model.tags[0].id, Box(0, 0, 1, 1))
    open_image(phone, site, image)
    drag(phone, (0.2, 0.2), (0.5, 0.5))

    phone.get_by_role("link", name="Next untagged").click()

    phone.wait_for_url(f"**/images/{third.id}")
    saved(library, image, 1)
    assert phone.get_by_role("link", name="Next untagged").count() == 0


def test_after_the_last_image_another_is_captured(phone, site, library, model):
    first, last = add_image(library, model, 1), add_image(library, model, 2)
    open_image(phone, site, first)
    assert phone.get_by_role("link", name="Capture another").count() == 0
    library.set_nothing(first.id, True)
    open_image(phone, site, last)
    phone.get_by_role("button", name="low stock").tap()
    drag_finger(phone, (0.2, 0.2), (0.7, 0.7))

    done, another = (phone.locator(place).bounding_box() for place in ("#done", "#capture-another"))
    assert done["y"] == another["y"]
    phone.get_by_role("link", name="Capture another").tap()

    phone.wait_for_url("**/capture")
    assert len(library.boxes(last.id)) == 1


def test_a_phone_shows_tags_picture_and_done_together(phone, site, library, image):
    for number in range(8):
        library.put_box(image.id, box_id(number), library.model(image.model_id).tags[0].id, Box(0.1, 0.1, 0.2, 0.2))

    open_image(phone, site, image)

    places = [phone.locator(name).bounding_box() for name in ("#chips", "#picture", "#done")]
    assert [place["y"] for place in places] == sorted(place["y"] for place in places)
    assert places[1]["y"] + places[1]["height"] <= places[2]["y"]
    assert places[2]["y"] + places[2]["height"] <= 740
    assert phone.evaluate("scrollY") == 0


def test_a_box_drawn_while_the_line_is_cut_is_shown_as_unsaved_and_sent_later(page, site, library, image):
    open_image(page, site, image)
    page.context.set_offline(True)

    drag(page, (0.2, 0.2), (0.5, 0.5))
    page.get_by_text("Not saved yet").wait_for()
    assert library.boxes(image.id) == ()
    page.context.set_offline(False)

    saved(library, image, 1)
    page.get_by_text("Saved", exact=True).wait_for()


def test_an_unsaved_box_outlives_a_reload(page, site, library, image):
    open_image(page, site, image)
    page.route("**/boxes/*", lambda route: route.abort())
    drag(page, (0.2, 0.2), (0.5, 0.5))
    page.get_by_text("Not saved yet").wait_for()

    page.unroute("**/boxes/*")
    page.reload()

    saved(library, image, 1)
    page.get_by_role("button", name="1. low stock").wait_for()


def test_a_tap_draws_nothing(page, site, library, image):
    open_image(page, site, image)
    edge = page.locator("#picture").bounding_box()

    page.mouse.click(edge["x"] + 50, edge["y"] + 50)
    drag(page, (0.2, 0.2), (0.5, 0.5))

    assert len(saved(library, image, 1)) == 1


def test_done_leads_to_the_library_where_the_image_is_tagged(page, site, image):
    open_image(page, site, image)
    drag(page, (0.2, 0.2), (0.5, 0.5))

    page.get_by_role("button", name="Done").click()

    page.wait_for_url("**/library")
    assert page.locator(".thumbs .mark.tagged").count() == 1


def test_a_picture_is_classified_by_pressing_its_tag(page, site, library):
    doors = library.create_model("Doors", "classification", ["open", "closed"], automatic=False)
    image = add_image(library, doors, 1)
    page.goto(f"{site.address}/models/{doors.id}/images/{image.id}")

    page.get_by_role("button", name="closed").click()

    wait_for(lambda: library.image(image.id).tag_ids == (doors.tags[1].id,))


def test_the_tags_of_a_picture_are_undone_and_redone(page, site, library):
    doors = library.create_model("Doors", "classification", ["open", "closed"], automatic=False)
    opened, closed = (tag.id for tag in doors.tags)
    image = add_image(library, doors, 1)
    page.goto(f"{site.address}/models/{doors.id}/images/{image.id}")
    undo, redo = (page.get_by_role("button", name=name, exact=True) for name in ("Undo", "Redo"))
    expect(undo).to_be_disabled()

    page.keyboard.press("1")
    page.keyboard.press("2")
    page.keyboard.press("Control+z")
    wait_for(lambda: library.image(image.id).tag_ids == (opened,))
    undo.click()
    wait_for(lambda: library.image(image.id).tag_ids == ())
    expect(page.get_by_role("button", name="Nothing to tag here")).to_be_visible()

    redo.click()
    page.keyboard.press("Control+Shift+z")

    wait_for(lambda: library.image(image.id).tag_ids == (closed,))
    expect(page.get_by_role("button", name="closed")).to_have_attribute("aria-pressed", "true")
    expect(redo).to_be_disabled()
