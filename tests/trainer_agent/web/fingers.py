"""Fingers on a picture that can be looked at nearer, for tests."""


def stage(page):
    return page.locator("#stage").bounding_box()


def touches(page):
    """Send touches at points of the stage (0 to 1)."""
    edge, line = stage(page), page.context.new_cdp_session(page)

    def send(kind, *points):
        placed = [
            {"x": edge["x"] + x * edge["width"], "y": edge["y"] + y * edge["height"], "id": number}
            for number, (x, y) in enumerate(points)
        ]
        line.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": placed})

    return send
