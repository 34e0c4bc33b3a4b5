"""From a template in the editor, by touch and by mouse, to live alerts at the hub: the whole product in a browser."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from edge_common.packages import PackageStore
from tests.e2e.conftest import window
from tests.edge.edge_hub import EdgeHub
from tests.inference.tiny_models import publish_model
from tests.program import Program
from tests.trainer_agent.rehearsal.test_rehearsals import BLACK, GREEN, video_of
from tests.waiting import wait_for

FULL_S, EMPTY_S = 4, 4
"""The shelf of the camera is full and empty in turn."""


@pytest.fixture
def program(hub: EdgeHub, tmp_path: Path) -> Iterator[Program]:
    environment = {name: value for name, value in hub.environment("").items() if name != "IOTEDGE_MODULEID"}
    publish_model(PackageStore(tmp_path / "data" / "models"), "1")
    video = video_of(tmp_path / "shelf.avi", [GREEN] * FULL_S + [BLACK] * EMPTY_S)
    hub.desire("capture", {"cameras": {"camera-1": {"url": f"file:{video}"}}})
    started = Program(tmp_path / "data", **environment).ready()
    wait_for(lambda: "camera camera-1 is live" in started.log())
    yield started
    started.process.kill()
    started.process.wait()


def alerts(hub: EdgeHub, skill: str) -> list[dict[str, Any]]:
    bodies = [json.loads(one.body) for one in hub.messages if one.output == "alerts"]
    return [body for body in bodies if body["skill_id"] == skill]


def begin(page: Page, name: str) -> None:
    """A low-stock skill, as far as the editor with the camera's picture."""
    page.goto("/skills")
    page.get_by_role("link", name="New skill").first.click()
    page.get_by_text("Low stock", exact=True).click()
    page.locator("#tags label", has_text="green shelf").click()
    page.get_by_label("Low is fewer than").fill("1")
    page.get_by_label("For at least, in seconds").fill("1")
    page.get_by_role("button", name="Go on").click()
    page.locator("#screen.shown").wait_for()
    page.get_by_label("Name", exact=True).fill(name)


def save(page: Page, name: str) -> None:
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/skills")
    page.locator("[data-skill]", has_text=name).get_by_text("watching", exact=True).wait_for()


def corner(page: Page) -> tuple[float, float, float, float]:
    """Of the zone, where it is on the page, and where it is to go: a quarter of the picture's width to the right."""
    edge = page.locator("#picture").bounding_box()
    assert edge is not None
    x, y = edge["x"] + 0.15 * edge["width"], edge["y"] + 0.15 * edge["height"]
    return x, y, edge["x"] + 0.4 * edge["width"], y


def test_skills_made_by_touch_and_by_mouse_raise_and_clear_at_the_hub(
    browser: Browser, program: Program, hub: EdgeHub
) -> None:
    with window(browser, program, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True) as phone:
        begin(phone, "By touch")
        x, y, to_x, to_y = corner(phone)
        touch = phone.context.new_cdp_session(phone)
        for kind, points in [
            ("touchStart", [(x, y)]),
            *(("touchMove", [(x + part * (to_x - x) / 5, to_y)]) for part in range(1, 6)),
            ("touchEnd", []),
        ]:
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": a, "y": b} for a, b in points]})
        save(phone, "By touch")
    with window(browser, program, viewport={"width": 1280, "height": 800}) as desktop:
        begin(desktop, "By mouse")
        x, y, to_x, to_y = corner(desktop)
        desktop.mouse.move(x, y)
        desktop.mouse.down()
        desktop.mouse.move(to_x, to_y, steps=5)
        desktop.mouse.up()
        # What the step lets through while the shelf is full and while it is empty.
        expect(desktop.locator("[data-step=count] [data-lets]")).to_have_text("3")
        expect(desktop.locator("[data-step=count] [data-lets]")).to_have_text("0")
        save(desktop, "By mouse")

        for skill, name in (("by-touch", "By touch"), ("by-mouse", "By mouse")):
            wait_for(lambda skill=skill: len(alerts(hub, skill)) >= 2, 2 * (FULL_S + EMPTY_S))
            raised, cleared = alerts(hub, skill)[:2]
            assert (raised["phase"], cleared["phase"]) == ("raised", "cleared")
            assert raised["alert_id"] == cleared["alert_id"]
            assert (raised["skill_name"], raised["camera"], raised["model_version"]) == (name, "camera-1", "1")
            assert raised["numbers"] == {"count": 0}
            assert cleared["numbers"] == {"count": 3}
        desktop.locator("[data-skill=by-mouse]").get_by_text("alerting", exact=True).wait_for()
