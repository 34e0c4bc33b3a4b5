"""Signing in in a real browser: the first PIN on a phone, and a session that ends in the middle of tagging."""

import json

import pytest
from playwright.sync_api import expect

from edge_common.network import network_addresses
from tests.trainer_agent.conftest import noise
from tests.trainer_agent.web.conftest import Site
from tests.trainer_agent.web.tagging_page import all_saved, drag, open_image, saved

PIN = "280614"


@pytest.fixture
def app(build_app):
    return build_app()


@pytest.fixture
def people(app):
    return app.extensions["services"].people


def sign_in(page):
    page.get_by_label("PIN", exact=True).fill(PIN)
    page.get_by_role("button", name="Sign in").click()


def test_the_first_pin_is_set_on_a_phone_and_opens_the_page_that_was_asked_for(phone, app, workshop):
    address = next(iter(network_addresses()), None)
    if address is None:
        pytest.skip("this machine is in no network")
    site = Site(app, address)
    phone.goto(f"{site.address}/cameras")
    code = json.loads((workshop.folder / "twin" / "reported.json").read_text())["sign_in"]["setup_code"]

    phone.get_by_label("Set-up code").fill(code.replace("-", "").lower())
    phone.get_by_label("New PIN", exact=True).fill(PIN)
    phone.get_by_label("New PIN once more").fill("280615")
    phone.get_by_role("button", name="Set PIN").tap()
    phone.get_by_text("not typed the same twice").wait_for()
    phone.get_by_label("New PIN once more").fill(PIN)
    phone.get_by_role("button", name="Set PIN").tap()

    phone.wait_for_url(f"{site.address}/cameras")
    phone.get_by_role("link", name="Settings").tap()
    expect(phone.locator(".addresses a").first).to_have_attribute("href", site.address)


def test_a_session_that_ends_in_the_middle_of_tagging_loses_nothing(page, app, people, library, model):
    people.set_first_pin(PIN, "this machine", known=True, code=None)
    image = library.add_image(model.id, noise(1, 640, 360), "shelf.jpg", "upload", camera=None, taken_ns=1)
    site = Site(app)
    page.goto(f"{site.address}/models/{model.id}/images/{image.id}")
    sign_in(page)
    page.wait_for_url(f"{site.address}/models/**")
    open_image(page, site, image)
    drag(page, (0.1, 0.1), (0.2, 0.2))
    all_saved(page)

    people.sign_out_everywhere()
    drag(page, (0.3, 0.3), (0.4, 0.4))
    page.get_by_role("dialog", name="Sign in to go on").wait_for()
    assert len(library.boxes(image.id)) == 1
    sign_in(page)
    all_saved(page)
    assert len(saved(library, image, 2)) == 2

    people.sign_out_everywhere()
    drag(page, (0.5, 0.5), (0.6, 0.6))
    page.get_by_role("dialog").wait_for()
    page.reload()
    sign_in(page)
    page.wait_for_url(f"{site.address}/models/**")
    assert len(saved(library, image, 3)) == 3
