"""The tagging page as a hand uses it, and what has been saved of that, for tests."""

import pytest

from tests.waiting import wait_for


def open_image(page, site, image):
    page.goto(f"{site.address}/models/{image.model_id}/images/{image.id}")
    page.locator("#picture").evaluate("picture => picture.decode()")


def place_of(page, x, y):
    """Where a point of the picture (0 to 1) is in the window."""
    edge = page.locator("#picture").bounding_box()
    return edge["x"] + x * edge["width"], edge["y"] + y * edge["height"]


def drag(page, start, end):
    """Press at a point of the picture (0 to 1), move, let go."""
    page.mouse.move(*place_of(page, *start))
    page.mouse.down()
    page.mouse.move(*place_of(page, *end), steps=3)
    page.mouse.up()


def drag_finger(page, start, end):
    """The same by touch; the finger rests before it lifts, as a browser takes a tap after a flick for a halt."""
    (x, y), (to_x, to_y) = place_of(page, *start), place_of(page, *end)
    touch = page.context.new_cdp_session(page)

    def send(kind, *points):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})

    send("touchStart", (x, y))
    for step in range(1, 6):
        send("touchMove", (x + (to_x - x) * step / 5, y + (to_y - y) * step / 5))
    page.wait_for_timeout(150)
    send("touchEnd")
    touch.detach()


def saved(library, image, count):
    """The boxes, once there are so many."""
    wait_for(lambda: len(library.boxes(image.id)) == count, says=lambda: library.boxes(image.id))
    return library.boxes(image.id)


def close_to(box, corners):
    return box.to_list() == pytest.approx(corners, abs=0.01)


def all_saved(page):
    """Wait until the page says that nothing is on its way any more."""
    page.get_by_text("Saved", exact=True).wait_for()
