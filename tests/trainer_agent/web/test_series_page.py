"""A series taken from the capture page, which goes on while nobody looks."""

import json
from itertools import islice

import pytest

from tests.trainer_agent.web.conftest import Site


def test_a_series_shows_its_count_and_is_stopped(phone, build_app, library, shop, model):
    phone.goto(f"{Site(build_app(endpoint=shop)).address}/models/{model.id}/capture")
    phone.get_by_label("Select Camera").select_option("aisle-4")
    phone.get_by_text("Take a series").click()
    phone.get_by_label("Every … seconds").fill("1")
    phone.get_by_label("Images, at most").fill("50")
    phone.get_by_role("button", name="Start series").click()
    phone.get_by_text("2 of 50 images.").wait_for()
    phone.locator("#film li:nth-child(2)").wait_for()

    phone.get_by_role("button", name="Stop series").click()

    phone.get_by_text("Stopped after").wait_for()
    assert library.counts(model.id).untagged >= 2


def test_a_series_goes_on_without_the_page_and_is_found_again(page, build_app, library, shop, model):
    address = f"{Site(build_app(endpoint=shop)).address}/models/{model.id}/capture"
    page.goto(address)
    page.get_by_label("Select Camera").select_option("aisle-4")
    page.get_by_text("Take a series").click()
    page.get_by_label("Every … seconds").fill("1")
    page.get_by_label("Images, at most").fill("3")
    page.get_by_role("button", name="Start series").click()
    page.get_by_text("of 3 images.").wait_for()

    page.goto("about:blank")
    page.wait_for_timeout(3500)
    page.goto(address)

    page.get_by_text("The series is complete: 3 images.").wait_for()
    assert library.counts(model.id).untagged == 3


def test_no_series_is_started_before_there_is_a_camera(page, build_app, model):
    page.goto(f"{Site(build_app()).address}/models/{model.id}/capture")
    page.get_by_text("No camera is there yet.").wait_for()
    page.get_by_text("Take a series").click()

    assert page.get_by_role("button", name="Start series").is_disabled()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"camera": "aisle-4", "every_s": 0.5, "images": 1, "minutes": 1, "only_changed": True}, "every_s: a whole"),
        ({"camera": "aisle-4", "every_s": 5, "images": 900, "minutes": 1, "only_changed": True}, "from 1 to 200"),
        ({"camera": 4, "every_s": 5, "images": 9, "minutes": 1, "only_changed": True}, "camera: text"),
    ],
)
def test_a_series_that_cannot_be_is_refused_in_words(client, model, body, why):
    answer = client.post(f"/api/models/{model.id}/series", json=body)

    assert answer.status_code == 400
    assert why in answer.json["message"]


def test_a_series_is_followed_by_events(client, model):
    with client.get(f"/api/models/{model.id}/series/events") as answer:
        lines = "".join(part.decode() for part in islice(answer.iter_encoded(), 2))

    (data,) = [line for line in lines.splitlines() if line.startswith("data: ")]
    assert json.loads(data.removeprefix("data: "))["phase"] == "none"
    assert client.get("/api/models/gone/series/events").status_code == 404
