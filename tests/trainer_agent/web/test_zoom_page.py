"""Zoom and pan on the tagging page, and boxes that are drawn near."""

import pytest

from edge_common.geometry import Box
from tests.trainer_agent.conftest import box_id, noise
from tests.trainer_agent.web.conftest import Site
from tests.trainer_agent.web.fingers import stage, touches
from tests.trainer_agent.web.tagging_page import drag, open_image, place_of, saved
from tests.waiting import wait_for


@pytest.fixture
def site(build_app):
    return Site(build_app())


@pytest.fixture
def image(library, model):
    return library.add_image(model.id, noise(1, 640, 360), "shelf.jpg", "upload", camera=None, taken_ns=1)


def scale(page):
    return page.locator("#picture").bounding_box()["width"] / stage(page)["width"]


def test_the_wheel_zooms_at_the_pointer(page, site, image):
    open_image(page, site, image)
    edge = stage(page)
    # A pointer stands on whole pixels.
    at = (round(edge["x"] + 0.7 * edge["width"]), round(edge["y"] + 0.2 * edge["height"]))
    part = ((at[0] - edge["x"]) / edge["width"], (at[1] - edge["y"]) / edge["height"])
    page.mouse.move(*at)

    page.mouse.wheel(0, -240)
    page.mouse.wheel(0, -240)

    wait_for(lambda: scale(page) == pytest.approx(4, abs=0.01))
    assert place_of(page, *part) == pytest.approx(at, abs=0.5)
    for _ in range(3):
        page.mouse.wheel(0, 240)
    wait_for(lambda: scale(page) == pytest.approx(1))
    assert page.locator("#picture").bounding_box() == pytest.approx(edge, abs=0.5)


@pytest.mark.parametrize("steps", [1, 3, 6], ids=["near", "nearer", "nearest"])
def test_a_box_drawn_near_is_exact_and_its_line_is_as_wide_as_ever(steps, page, site, library, image):
    open_image(page, site, image)
    page.locator("#stage").focus()
    for _ in range(steps):
        page.keyboard.press("+")
    edge = stage(page)
    picture = page.locator("#picture").bounding_box()
    corners = [(edge["x"] + part * edge["width"], edge["y"] + part * edge["height"]) for part in (0.25, 0.75)]

    page.mouse.move(*corners[0])
    page.mouse.down()
    page.mouse.move(*corners[1], steps=4)
    page.mouse.up()

    (box,) = saved(library, image, 1)
    wanted = [
        (corner[axis] - picture["xy"[axis]]) / picture[("width", "height")[axis]]
        for corner in corners
        for axis in (0, 1)
    ]
    assert box.box.to_list() == pytest.approx(wanted, abs=1e-5)
    line = page.locator("#layer .line").bounding_box()
    # Half of a line of 3 px stands out on each side.
    assert line["width"] == pytest.approx(corners[1][0] - corners[0][0], abs=4)
    label = page.locator("#labels span").bounding_box()
    assert 14 <= label["height"] <= 20
    page.mouse.click(edge["x"] + edge["width"] / 2, edge["y"] + edge["height"] / 2)
    assert page.locator("#layer .grip").first.bounding_box()["width"] == pytest.approx(14 + 3, abs=4)


def test_buttons_and_keys_zoom_and_show_the_whole_picture_again(phone, site, image):
    open_image(phone, site, image)
    assert phone.get_by_role("button", name="Zoom out").is_disabled()

    phone.get_by_role("button", name="Zoom in").tap()
    wait_for(lambda: scale(phone) == pytest.approx(1.5, abs=0.01))
    phone.get_by_role("button", name="Zoom out").tap()
    wait_for(lambda: scale(phone) == pytest.approx(1))
    phone.get_by_role("button", name="Zoom in").tap()
    phone.get_by_role("button", name="Zoom in").tap()
    phone.get_by_role("button", name="Whole picture").tap()
    wait_for(lambda: scale(phone) == pytest.approx(1))
    phone.keyboard.press("+")
    wait_for(lambda: scale(phone) == pytest.approx(1.5, abs=0.01))
    phone.keyboard.press("0")
    wait_for(lambda: scale(phone) == pytest.approx(1))


@pytest.mark.parametrize("way", ["space", "middle"])
def test_space_and_the_middle_button_move_the_picture_and_draw_nothing(way, page, site, library, image):
    open_image(page, site, image)
    page.get_by_role("button", name="Zoom in").click()
    before = page.locator("#picture").bounding_box()
    edge = stage(page)
    page.mouse.move(edge["x"] + 300, edge["y"] + 200)

    if way == "space":
        page.keyboard.down(" ")
    page.mouse.down(button="left" if way == "space" else "middle")
    page.mouse.move(edge["x"] + 240, edge["y"] + 150, steps=5)
    page.mouse.up(button="left" if way == "space" else "middle")
    if way == "space":
        page.keyboard.up(" ")

    after = page.locator("#picture").bounding_box()
    assert (after["x"] - before["x"], after["y"] - before["y"]) == pytest.approx((-60, -50), abs=0.5)
    assert scale(page) == pytest.approx(1.5, abs=0.01)
    assert page.locator("#drawn li").count() == 0
    drag(page, (0.4, 0.4), (0.6, 0.6))
    assert len(saved(library, image, 1)) == 1


def test_two_fingers_pinch_and_pan_and_drop_what_the_first_began_to_draw(phone, site, library, image):
    open_image(phone, site, image)
    touch = touches(phone)

    touch("touchStart", (0.4, 0.5))
    touch("touchMove", (0.3, 0.4))
    touch("touchStart", (0.3, 0.4), (0.6, 0.4))
    assert phone.locator("#layer .line").count() == 0
    touch("touchMove", (0.2, 0.4), (0.8, 0.4))
    wait_for(lambda: scale(phone) == pytest.approx(2, abs=0.02))
    before = phone.locator("#picture").bounding_box()
    touch("touchMove", (0.1, 0.6), (0.7, 0.6))
    edge = stage(phone)
    wanted = (before["x"] - 0.1 * edge["width"], before["y"] + 0.2 * edge["height"])
    wait_for(
        lambda: (
            (now := phone.locator("#picture").bounding_box()) and (now["x"], now["y"]) == pytest.approx(wanted, abs=2)
        )
    )
    touch("touchEnd", (0.1, 0.6))
    touch("touchMove", (0.5, 0.9))
    touch("touchEnd")

    assert phone.locator("#drawn li").count() == 0
    assert library.boxes(image.id) == ()
    touch("touchStart", (0.2, 0.2))
    touch("touchMove", (0.4, 0.4))
    touch("touchMove", (0.7, 0.7))
    touch("touchEnd")
    saved(library, image, 1)


def test_a_second_finger_leaves_a_box_that_was_being_moved_where_it_was(phone, site, library, model, image):
    library.put_box(image.id, box_id(1), model.tags[0].id, Box(0.4, 0.4, 0.6, 0.6))
    open_image(phone, site, image)
    phone.touchscreen.tap(*place_of(phone, 0.5, 0.5))
    line = phone.locator("#layer .line").bounding_box()
    touch = touches(phone)

    touch("touchStart", (0.5, 0.5))
    touch("touchMove", (0.7, 0.7))
    assert phone.locator("#layer .line").bounding_box()["x"] > line["x"] + 20
    touch("touchStart", (0.7, 0.7), (0.2, 0.2))
    touch("touchEnd")

    assert phone.locator("#layer .line").bounding_box() == pytest.approx(line, abs=1)
    assert library.boxes(image.id)[0].box == Box(0.4, 0.4, 0.6, 0.6)


def test_a_corner_taken_beside_its_middle_does_not_jump(page, site, library, model, image):
    library.put_box(image.id, box_id(1), model.tags[0].id, Box(0.4, 0.4, 0.6, 0.6))
    open_image(page, site, image)
    page.mouse.click(*place_of(page, 0.5, 0.5))
    x, y = place_of(page, 0.6, 0.6)

    page.mouse.move(x + 12, y + 12)
    page.mouse.down()
    page.mouse.move(x + 52, y + 42, steps=4)
    page.mouse.up()

    wait_for(lambda: library.boxes(image.id)[0].box.x1 > 0.6)
    edge = page.locator("#picture").bounding_box()
    wanted = [0.4, 0.4, 0.6 + 40 / edge["width"], 0.6 + 30 / edge["height"]]
    assert library.boxes(image.id)[0].box.to_list() == pytest.approx(wanted, abs=1e-5)
