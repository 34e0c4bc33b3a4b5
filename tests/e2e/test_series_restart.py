"""A series goes on by itself after the program that takes it was killed, and the page says so."""

import os
import re
import signal

from playwright.sync_api import Page

from tests.program import Program


def test_a_series_survives_a_killed_page(program: Program, phone: Page) -> None:
    body = {"name": "Low stock", "kind": "detection", "objects": "gap", "automatic": False}
    model = phone.request.post("/api/models", data=body).json()
    phone.goto(f"{model['page']}/capture")
    phone.get_by_text("Take a series").click()
    phone.get_by_label("Every … seconds").fill("1")
    phone.get_by_label("Images, at most").fill("10")
    phone.get_by_text("Only when the picture changed").click()
    phone.get_by_role("button", name="Start series").click()
    # Each number is there for a second only, which a busy machine may miss; equal pictures are told of after it.
    phone.get_by_text(re.compile(r"^[2-8] of 10 images\.")).wait_for()
    phone.goto("about:blank")

    before = program.children()["trainer_agent"]
    os.kill(before, signal.SIGKILL)
    program.wait_for(lambda: program.children().get("trainer_agent", before) != before)
    program.wait_for(lambda: program.log().count("the page is at") == 2)

    phone.goto(f"{model['page']}/capture")
    phone.get_by_text("The device was started anew; the series goes on.").wait_for()
    phone.get_by_text("The series is complete: 10 images.").wait_for()
    assert phone.request.get(f"/api/models/{model['id']}/series").json()["taken"] == 10
