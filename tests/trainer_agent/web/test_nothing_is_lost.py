"""Tagging goes on over a closed tab, a killed server, a lost connection and other people's changes."""

import re
import signal
import subprocess
import sys
import uuid

import pytest
from playwright.sync_api import expect

from edge_common.geometry import Box
from modules.trainer_agent.database import Database
from modules.trainer_agent.library import Library
from tests.trainer_agent.conftest import REPOSITORY, box_id, noise
from tests.trainer_agent.web.conftest import Site
from tests.trainer_agent.web.tagging_page import all_saved, close_to, drag, open_image, place_of, saved
from tests.waiting import wait_for


@pytest.fixture
def site(build_app):
    return Site(build_app())


@pytest.fixture
def image(library, model):
    return library.add_image(model.id, noise(1, 640, 360), "shelf.jpg", "upload", camera=None, taken_ns=1)


@pytest.fixture
def trainer(tmp_path, database):
    """Start the real module over the library of this test; it is killed at the end."""
    running = []

    def start(port="0"):
        places = ("--data", str(tmp_path), "--zoo", str(tmp_path / "zoo"))
        endpoints = ("--frames", f"ipc://{tmp_path}/frames", "--results", f"ipc://{tmp_path}/results")
        endpoints += ("--questions", f"ipc://{tmp_path}/questions")
        command = [sys.executable, "-m", "modules.trainer_agent", *places, *endpoints, "--port", port]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, cwd=REPOSITORY, text=True)
        running.append(process)
        said = next(line for line in process.stderr if "http://" in line)
        return process, re.search(r"127\.0\.0\.1:(\d+)", said)[1]

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stderr.close()


def test_a_killed_server_takes_what_was_drawn_meanwhile_when_it_is_back(page, trainer, tmp_path, library, image):
    process, port = trainer()
    page.goto(f"http://127.0.0.1:{port}/models/{image.model_id}/images/{image.id}")
    page.locator("#picture").evaluate("picture => picture.decode()")
    drag(page, (0.1, 0.1), (0.2, 0.2))
    all_saved(page)

    drag(page, (0.3, 0.3), (0.4, 0.4))
    process.send_signal(signal.SIGKILL)
    process.wait()
    drag(page, (0.5, 0.5), (0.6, 0.6))
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+y")
    drag(page, (0.7, 0.7), (0.8, 0.8))
    page.get_by_text("Not saved yet").wait_for()
    trainer(port)

    all_saved(page)
    fresh = Database(tmp_path / "library" / "library.sqlite")
    boxes = Library(fresh, tmp_path / "library").boxes(image.id)
    fresh.close()
    assert [round(box.box.x0, 1) for box in sorted(boxes, key=lambda box: box.box.x0)] == [0.1, 0.3, 0.5, 0.7]


def test_a_line_that_carries_nothing_holds_up_nothing(page, site, library, image):
    silent = []
    page.route("**/boxes/*", lambda route: silent.append(route), times=1)
    open_image(page, site, image)

    drag(page, (0.1, 0.1), (0.3, 0.3))

    page.get_by_text("Not saved yet").wait_for()
    all_saved(page)
    assert len(silent) == len(library.boxes(image.id)) == 1


def test_a_tab_closed_while_offline_loses_nothing(page, site, library, model, image):
    library.put_box(image.id, box_id(1), model.tags[0].id, Box(0.4, 0.4, 0.6, 0.6))
    library.put_box(image.id, box_id(2), model.tags[0].id, Box(0.1, 0.7, 0.3, 0.9))
    open_image(page, site, image)
    page.context.set_offline(True)
    drag(page, (0.05, 0.05), (0.2, 0.2))
    page.mouse.click(*place_of(page, 0.5, 0.5))
    drag(page, (0.5, 0.5), (0.6, 0.5))
    page.get_by_role("button", name="2. low stock").click()
    page.keyboard.press("Delete")
    page.get_by_text("Not saved yet").wait_for()

    context = page.context
    page.close()
    context.set_offline(False)
    open_image(context.new_page(), site, image)

    wait_for(lambda: box_id(2) not in [box.id for box in library.boxes(image.id)])
    wait_for(lambda: close_to(next(b for b in library.boxes(image.id) if b.id == box_id(1)).box, [0.5, 0.4, 0.7, 0.6]))
    drawn = [box for box in saved(library, image, 2) if box.id != box_id(1)]
    assert close_to(drawn[0].box, [0.05, 0.05, 0.2, 0.2])


def test_boxes_of_a_deleted_image_are_kept_until_they_are_dismissed(page, site, library, image):
    open_image(page, site, image)
    library.delete_image(image.id)

    drag(page, (0.2, 0.2), (0.5, 0.5))

    alert = page.get_by_role("alert").filter(has_text="Not taken: There is no image")
    alert.wait_for()
    expect(page.locator("#layer .refused")).to_have_count(1)
    assert page.get_by_role("button", name="1. low stock (not saved)").is_visible()
    page.get_by_role("button", name="Try again").click()
    alert.wait_for()
    expect(page.locator("#layer .refused")).to_have_count(1)
    page.get_by_role("button", name="Dismiss").click()
    page.wait_for_url("**/library")
    assert page.evaluate("Object.keys(localStorage).filter(name => name.startsWith('fifteen refused'))") == []


def test_what_was_not_taken_is_told_again_in_the_next_image(page, site, library, model, image):
    second = library.add_image(model.id, noise(2, 640, 360), "next.jpg", "upload", camera=None, taken_ns=2)
    open_image(page, site, image)
    library.delete_image(image.id)
    drag(page, (0.2, 0.2), (0.5, 0.5))
    page.get_by_role("alert").filter(has_text="One change is not saved here").wait_for()

    open_image(page, site, second)

    page.get_by_role("alert").filter(has_text="One change is not saved in another image").wait_for()
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_text("Not taken")).to_have_count(0)


def test_a_box_whose_tag_was_removed_meanwhile_is_kept_and_saved_with_another(page, site, library, model, image):
    open_image(page, site, image)
    page.get_by_role("button", name="full").click()
    library.remove_tag(model.id, model.tags[1].id)

    drag(page, (0.2, 0.2), (0.5, 0.5))

    page.get_by_role("alert").filter(has_text="is not a tag of 'Low stock'").wait_for()
    page.mouse.click(*place_of(page, 0.35, 0.35))
    page.locator("#retag").select_option(label="low stock")
    (box,) = saved(library, image, 1)
    assert box.tag_id == model.tags[0].id
    expect(page.get_by_text("Not taken")).to_have_count(0)


def test_changes_of_another_screen_are_shown_and_ones_own_may_be_kept(page, site, library, model, image):
    library.put_box(image.id, box_id(1), model.tags[0].id, Box(0.1, 0.1, 0.3, 0.3))
    library.put_box(image.id, box_id(2), model.tags[0].id, Box(0.4, 0.4, 0.6, 0.6))
    mine = set(library.boxes(image.id))
    open_image(page, site, image)
    other = page.context.new_page()
    open_image(other, site, image)
    other.get_by_role("button", name="1. low stock").click()
    other.keyboard.press("Delete")
    other.mouse.click(*place_of(other, 0.5, 0.5))
    drag(other, (0.5, 0.5), (0.7, 0.7))
    drag(other, (0.05, 0.7), (0.2, 0.9))
    all_saved(other)

    other.close()
    page.bring_to_front()
    page.evaluate("window.dispatchEvent(new Event('focus'))")

    page.get_by_text("Changed on another screen: one added, one changed, one deleted.").wait_for()
    assert page.locator("#drawn li").count() == 2
    page.get_by_role("button", name="Keep mine").click()
    wait_for(lambda: set(library.boxes(image.id)) == mine)
    page.keyboard.press("Control+z")
    wait_for(lambda: box_id(1) not in [box.id for box in library.boxes(image.id)])


def test_of_two_changes_to_one_box_the_last_one_counts(page, site, library, model, image):
    library.put_box(image.id, box_id(1), model.tags[0].id, Box(0.4, 0.4, 0.6, 0.6))
    open_image(page, site, image)
    library.delete_box(image.id, box_id(1))
    page.mouse.click(*place_of(page, 0.5, 0.5))

    drag(page, (0.5, 0.5), (0.6, 0.6))

    (box,) = saved(library, image, 1)
    assert box.id == box_id(1)
    assert close_to(box.box, [0.5, 0.5, 0.7, 0.7])


def test_boxes_are_told_to_programs_and_those_of_no_image_are_not(client, library, model, image):
    library.put_box(image.id, str(uuid.UUID(int=1)), model.tags[0].id, Box(0.25, 0.25, 0.5, 0.5))

    told = client.get(f"/api/images/{image.id}/boxes").json
    missing = client.get("/api/images/99/boxes")

    assert told == {"boxes": [{"id": str(uuid.UUID(int=1)), "tag": model.tags[0].id, "box": [0.25, 0.25, 0.5, 0.5]}]}
    assert missing.status_code == 404
