"""Every part of the page is led to from every other: by mouse, by touch and by keys."""

import pytest
from playwright.sync_api import expect

from tests.trainer_agent.web.conftest import Site

PARTS = ("Models", "Cameras", "Skills", "Insights", "Live", "Settings", "Home")


@pytest.fixture
def address(build_app):
    return Site(build_app()).address


def link_to(page, part):
    return page.get_by_role("navigation", name="Main").get_by_role("link", name=part, exact=True)


def is_open(page, part):
    expect(page).to_have_title(f"{part} · Fifteen")
    expect(link_to(page, part)).to_have_attribute("aria-current", "page")


def test_by_mouse(page, address):
    page.goto(address)

    for part in PARTS:
        link_to(page, part).click()
        is_open(page, part)


def test_by_touch(phone, address):
    phone.goto(address)

    for part in PARTS:
        link_to(phone, part).tap()
        is_open(phone, part)
        assert phone.evaluate("document.documentElement.scrollWidth") == 360


def test_by_keys_which_may_leave_it_out(page, address):
    page.goto(address)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    for _step in ("brand", "Home", "Models"):
        page.keyboard.press("Tab")
    expect(link_to(page, "Models")).to_be_focused()
    page.keyboard.press("Enter")
    is_open(page, "Models")
    page.locator("#content:not([inert])").wait_for()

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    expect(page.get_by_role("link", name="Create custom model")).to_be_focused()
