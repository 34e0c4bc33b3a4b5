"""What staff do on the tagging page, and what is on the device then."""

import time

import pytest


def open_image(page, site, image):
    page.goto(f"{site.address}/models/{image.model_id}/images/{image.id}")
    page.locator("#picture").evaluate("picture => picture.decode()")


def point(page, x, y):
    """A point of the picture (0 to 1) as one of the window."""
    edge = page.locator("#picture").bounding_box()
    return edge["x"] + x * edge["width"], edge["y"] + y * edge["height"]


def drag(page, start, end):
    """Press at a point of the picture (0 to 1), move, let go."""
    points = [point(page, *start), point(page, *end)]
    page.mouse.move(*points[0])
    page.mouse.down()
    page.mouse.move(*points[1], steps=3)
    page.mouse.up()


def saved(library, image, count):
    """The boxes, once there are so many."""
    deadline_s = time.monotonic() + 10
    while len(library.boxes(image.id)) != count:
        assert time.monotonic() < deadline_s, library.boxes(image.id)
        time.sleep(0.02)
    return library.boxes(image.id)


def eventually(look):
    deadline_s = time.monotonic() + 10
    while not look():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def close_to(box, corners):
    return box.to_list() == pytest.approx(corners, abs=0.01)


def all_saved(page):
    """Wait until the page says that nothing is on its way any more."""
    page.get_by_text("Saved", exact=True).wait_for()
