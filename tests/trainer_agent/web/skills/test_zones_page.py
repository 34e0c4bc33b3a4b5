"""Zones of a skill, moved and looked at nearer: by fingers, by the wheel and by keys."""

import pytest
from playwright.sync_api import expect

from tests.trainer_agent.web.fingers import stage, touches
from tests.waiting import wait_for

EDITOR = "/skills/new/low-stock?camera=aisle-4&model=goods&tag=carton&number=3&seconds=1"
BEGUN = [(0.15, 0.15), (0.85, 0.15), (0.85, 0.85), (0.15, 0.85)]


def opened(page, site):
    page.goto(site + EDITOR)
    page.locator("#screen.shown").wait_for()
    wait_for(lambda: stage(page)["height"] > 50)
    return page


def drawn(shop, name="shelf"):
    *_, skill = shop.own.read().drafts.values()
    return skill.zones[name]["aisle-4"]


def is_near(shop, points):
    wait_for(lambda: [one for point in drawn(shop) for one in point] == pytest.approx(sum(points, ()), abs=0.02))


def scale(page):
    return page.locator("#overlay").bounding_box()["width"] / stage(page)["width"]


def drag(touch, start, end):
    touch("touchStart", start)
    for step in range(1, 6):
        touch("touchMove", tuple(a + (b - a) * step / 5 for a, b in zip(start, end, strict=True)))
    touch("touchEnd")


def test_one_finger_moves_a_whole_zone_as_far_as_the_picture_goes_and_undo_brings_it_back(phone, site, shop):
    touch = touches(opened(phone, site))
    before = phone.evaluate("scrollY")

    drag(touch, (0.5, 0.4), (0.4, 0.3))
    is_near(shop, [(x - 0.1, y - 0.1) for x, y in BEGUN])
    drag(touch, (0.5, 0.4), (0.2, 0.5))
    is_near(shop, [(x - 0.15, y) for x, y in BEGUN])
    # A tap within a tenth of a second of a quick drag is taken for part of it, by Chromium; nobody is as quick.
    phone.wait_for_timeout(400)
    phone.get_by_role("button", name="Undo").first.tap()
    is_near(shop, [(x - 0.1, y - 0.1) for x, y in BEGUN])
    phone.get_by_role("button", name="Undo").first.tap()

    is_near(shop, BEGUN)
    assert phone.evaluate("scrollY") == before


def test_two_fingers_look_nearer_and_leave_a_zone_that_one_began_to_move_where_it_was(phone, site, shop):
    touch = touches(opened(phone, site))
    outline = phone.locator(".zone.chosen")
    points = outline.get_attribute("points")

    touch("touchStart", (0.4, 0.5))
    touch("touchMove", (0.45, 0.6))
    touch("touchMove", (0.5, 0.7))
    assert outline.get_attribute("points") != points
    touch("touchStart", (0.5, 0.7), (0.7, 0.7))
    assert outline.get_attribute("points") == points
    touch("touchMove", (0.4, 0.7), (0.8, 0.7))
    wait_for(lambda: scale(phone) == pytest.approx(2, abs=0.05))
    sheet = phone.locator("#overlay").bounding_box()
    touch("touchMove", (0.5, 0.8), (0.9, 0.8))
    wait_for(
        lambda: (
            phone.locator("#overlay").bounding_box()["x"] - sheet["x"]
            == pytest.approx(0.1 * stage(phone)["width"], abs=2)
        )
    )
    touch("touchEnd")

    assert outline.get_attribute("points") == points
    # As far on the glass is half as far on the picture.
    drag(touch, (0.5, 0.5), (0.6, 0.5))
    is_near(shop, [(x + 0.05, y) for x, y in BEGUN])
    assert phone.evaluate("visualViewport.scale") == 1


def test_a_finger_beside_the_zone_moves_the_picture_that_is_near_and_no_zone(phone, site, shop):
    opened(phone, site)
    for _time in range(3):
        phone.get_by_role("button", name="Zoom in").tap()
    phone.locator("#stage").scroll_into_view_if_needed()
    touch = touches(phone)
    for _time in range(2):
        touch("touchStart", (0.3, 0.9), (0.7, 0.9))
        touch("touchMove", (0.3, 0.5), (0.7, 0.5))
        touch("touchMove", (0.3, 0.1), (0.7, 0.1))
        touch("touchEnd")
    points = phone.locator(".zone.chosen").get_attribute("points")
    sheet = phone.locator("#overlay").bounding_box()

    drag(touch, (0.6, 0.9), (0.6, 0.95))

    wait_for(lambda: phone.locator("#overlay").bounding_box()["y"] > sheet["y"] + 2)
    assert phone.locator(".zone.chosen").get_attribute("points") == points
    assert scale(phone) == pytest.approx(1.5**3, abs=0.02)


def test_a_line_is_moved_by_a_finger_beside_it(phone, site, shop):
    opened(phone, site)
    phone.get_by_role("button", name="Add a step here (3)").tap()
    phone.get_by_role("dialog").get_by_role("button", name="Count who crosses a line").tap()
    line = phone.locator("polyline.zone.chosen")
    # It is level, so it has no height by which it would count as visible.
    line.wait_for(state="attached")
    phone.locator("#stage").scroll_into_view_if_needed()
    before = [float(one) for one in line.get_attribute("points").replace(",", " ").split()]

    drag(touches(phone), (0.5, 0.58), (0.5, 0.68))

    after = [float(one) for one in line.get_attribute("points").replace(",", " ").split()]
    assert after == pytest.approx([before[0], before[1] + 0.1, before[2], before[3] + 0.1], abs=0.02)


def test_wheel_keys_and_buttons_look_nearer_as_on_the_tagging_page(page, site, shop):
    edge = stage(opened(page, site))
    at = (round(edge["x"] + 0.3 * edge["width"]), round(edge["y"] + 0.3 * edge["height"]))
    page.mouse.move(*at)

    page.mouse.wheel(0, -240)
    wait_for(lambda: scale(page) == pytest.approx(2, abs=0.01))
    page.keyboard.press("0")
    assert scale(page) == pytest.approx(2, abs=0.01)
    page.locator("#stage").focus()
    page.keyboard.press("0")
    wait_for(lambda: scale(page) == pytest.approx(1))
    expect(page.get_by_role("button", name="Whole picture")).to_be_disabled()
    page.get_by_role("button", name="Point 4 of 4").focus()
    for _time in range(4):
        page.keyboard.press("+")

    # The point that is moved by keys stays in sight, and so does the one that Tab leads to.
    page.keyboard.press("ArrowLeft")
    box, edge = page.get_by_role("button", name="Point 4 of 4").bounding_box(), stage(page)
    assert edge["x"] - 23 <= box["x"] <= edge["x"] + edge["width"] - 21
    assert edge["y"] - 23 <= box["y"] <= edge["y"] + edge["height"] - 21
    page.get_by_role("button", name="Point 2 of 4").focus()
    box = page.get_by_role("button", name="Point 2 of 4").bounding_box()
    assert edge["x"] - 23 <= box["x"] <= edge["x"] + edge["width"] - 21
    assert page.locator("#stage").evaluate("stage => [stage.scrollLeft, stage.scrollTop]") == [0, 0]
