"""The whole product in a real browser: from no model to boxes on the live picture, with the mouse and by touch."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import pytest
from playwright.sync_api import Error, Locator, Page

from edge_common.geometry import Box
from edge_common.packages import PackageStore
from modules.capture.camera_sim import scene_time_s
from modules.capture.shelf_scene import LABELS
from tests.e2e.shelf import SCENE, SPEED, Agreement, Labelled, boxes_in, task_in, truth
from tests.files_chosen import choose_files
from tests.program import Program

OBJECTS = ("gap", "carton")
TRAINED_WITHIN_S = 300
FRAMES_COMPARED = 20
REST_MS = 150

Drag = Callable[[Page, Box], None]
Press = Callable[[Locator], None]


def drag_mouse(page: Page, box: Box) -> None:
    """Press at the upper left corner, move to the lower right one, let go."""
    start, end = corners_on_screen(page, box)
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=2)
    page.mouse.up()


def drag_finger(page: Page, box: Box) -> None:
    """The same by touch; the finger rests before it lifts, as a browser takes a tap after a flick for a halt."""
    (x0, y0), (x1, y1) = corners_on_screen(page, box)
    with touching(page) as send:
        send("touchStart", x0, y0)
        for step in (1, 2, 3):
            send("touchMove", x0 + (x1 - x0) * step / 3, y0 + (y1 - y0) * step / 3)
        page.wait_for_timeout(REST_MS)
        send("touchEnd")


@contextmanager
def touching(page: Page) -> Iterator[Callable[..., None]]:
    session = page.context.new_cdp_session(page)

    def send(kind: str, *place: float) -> None:
        points = [{"x": place[0], "y": place[1]}] if place else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    yield send
    session.detach()


def corners_on_screen(page: Page, box: Box) -> tuple[tuple[float, float], tuple[float, float]]:
    edge = page.locator("#picture").bounding_box()
    assert edge is not None
    left, top, width, height = edge["x"], edge["y"], edge["width"], edge["height"]
    return (left + box.x0 * width, top + box.y0 * height), (left + box.x1 * width, top + box.y1 * height)


def create_model(page: Page, press: Press, name: str, objects: str) -> str:
    """From the front page to the page of the new model; gives its id."""
    page.goto("/")
    press(page.get_by_role("link", name="Create custom model"))
    page.get_by_label("Model Name").fill(name)
    page.get_by_label("Objects").fill(objects)
    press(page.get_by_role("button", name="Review", exact=True))
    press(page.get_by_role("button", name="Create"))
    page.wait_for_url(re.compile(r"/models/low-stock[a-z-]*-[0-9a-f]+$"))
    return page.url.rpartition("/")[2]


def capture(page: Page, press: Press, count: int) -> None:
    press(page.get_by_role("link", name="Capture from camera"))
    page.get_by_label("Select Camera").select_option("camera-1")
    page.locator("#preview").wait_for(state="visible")
    for taken in range(1, count + 1):
        press(page.get_by_role("button", name="Capture Image"))
        page.get_by_text("1 image captured." if taken == 1 else f"{taken} images captured.").wait_for()


def draw(page: Page, press: Press, drag: Drag, boxes: list[Labelled]) -> None:
    """Draw boxes on the shown image and see each in the list of what is drawn, and all saved."""
    page.locator("#picture").evaluate("picture => picture.decode()")
    for label in dict.fromkeys(label for label, _ in boxes):
        press(page.locator("#chips").get_by_role("button", name=label))
        page.locator("#chips [aria-pressed=true]", has_text=label).wait_for()
        for box in (box for name, box in boxes if name == label):
            drag(page, box)
    page.get_by_text("Saved", exact=True).wait_for()
    names = [f"{number}. {label}" for number, (label, _) in enumerate(boxes, start=1)]
    assert page.locator("#drawn button").all_inner_texts() == names


def training_line(page: Page) -> list[str | None]:
    """Stage, percent and time left as the page shows them; nothing while it loads anew, as it does at the end."""
    try:
        ids = "['stage-text', 'percent', 'left']"
        line: list[str | None] = page.evaluate(f"{ids}.map((id) => document.getElementById(id)?.textContent)")
    except Error as error:
        if "navigation" not in error.message:
            raise
        return [None]
    return line


def follow_training(page: Page) -> list[tuple[str, int, str]]:
    """What the page of a running training showed until it ended well: stage, percent, time left."""
    seen: list[tuple[str, int, str]] = []
    success = page.get_by_role("heading", name="Successfully trained model")
    deadline_s = time.monotonic() + TRAINED_WITHIN_S
    while not success.is_visible():
        assert time.monotonic() < deadline_s, seen
        shown = training_line(page)
        if None not in shown:
            seen.append((shown[0], int(shown[1].removesuffix(" %")), shown[2]))
        page.wait_for_timeout(100)
    return seen


LIVE_FACTS = """async ([address, count]) => {
  const { readParts } = await import("/static/live_stream.js");
  const leaving = new AbortController();
  const kept = [];
  try {
    await readParts(await fetch(address, { signal: leaving.signal }), (facts) => {
      const apart = facts.taken_ns - (kept.at(-1)?.taken_ns ?? 0);
      if (facts.detections !== null && apart > 3e8 && kept.push(facts) === count) {
        leaving.abort();
      }
    });
  } catch (error) {
    if (!leaving.signal.aborted) {
      throw error;
    }
  }
  return kept;
}"""
"""What the stream of the live page says of some frames, a third of a second apart at least."""


def live_facts(page: Page, count: int) -> list[dict[str, Any]]:
    facts: list[dict[str, Any]] = page.evaluate(LIVE_FACTS, ["/live/stream?camera=camera-1", count])
    return facts


def tag_next_image(page: Page, press: Press, drag: Drag, wished: Callable[[dict[str, Any]], list[Labelled]]) -> None:
    """Go to Tagging, draw the boxes that are wished for the image there, Done; they are kept as they were drawn."""
    press(page.get_by_role("link", name="Go to Tagging"))
    page.wait_for_url("**/images/*")
    image = task_in(page.request.get(page.url).text())["image"]
    boxes = sorted(wished(image), key=lambda one: one[0])

    draw(page, press, drag, boxes)
    press(page.get_by_role("button", name="Done"))
    page.wait_for_url("**/library")

    kept = boxes_in(task_in(page.request.get(image["page"]).text()))
    screen_px = min(image["width"], page.viewport_size["width"])
    assert [label for label, _ in kept] == [label for label, _ in boxes]
    for (_, found), (_, drawn) in zip(kept, boxes, strict=True):
        assert found.to_list() == pytest.approx(drawn.to_list(), abs=1.5 / screen_px)


def everything(image: dict[str, Any]) -> list[Labelled]:
    """Each gap and each carton that is truly in a captured image."""
    return truth(image["taken_ns"], OBJECTS)


@pytest.mark.timeout(600)
def test_fifteen_captures_tagged_with_the_mouse_become_the_model_that_is_live(desktop: Page, program: Program) -> None:
    model_id = create_model(desktop, Locator.click, "Low stock", '"gap", "carton"')
    capture(desktop, Locator.click, 15)

    for number in range(1, 15):
        tag_next_image(desktop, Locator.click, drag_mouse, everything)
        assert desktop.locator(".mark.tagged").count() == number
    assert desktop.get_by_role("button", name="Train").is_disabled()
    assert desktop.get_by_text("1 more tagged image is needed: 14 of 15.").is_visible()
    refusal = desktop.request.post(f"/api/models/{model_id}/training")
    assert (refusal.status, refusal.json()["message"]) == (409, "1 more tagged image is needed: 14 of 15.")

    tag_next_image(desktop, Locator.click, drag_mouse, everything)
    assert [count.split()[0] for count in desktop.locator(".tag-counts .count").all_inner_texts()] == ["15", "15"]
    desktop.get_by_role("link", name="Train", exact=True).click()
    progress = follow_training(desktop)

    stages, percents, times_left = zip(*progress, strict=True)
    assert all(stages)
    assert list(percents) == sorted(percents)
    assert percents[-1] - percents[0] >= 50
    assert any(re.fullmatch(r"About \d+ seconds? left", text) for text in times_left)
    packages = PackageStore(program.data / "models")
    active = packages.verify(model_id, packages.current(model_id) or "none")
    assert active.score is not None
    assert desktop.locator("#training .big").first.inner_text() == f"{active.score.value * 100:.0f} %"

    desktop.get_by_role("link", name="See it live").click()
    desktop.locator("#seen .name", has_text="carton").wait_for()
    assert desktop.locator("#model-name").inner_text() == "Low stock"
    trained = datetime.fromisoformat(active.created).astimezone()
    assert f"{trained:%H:%M}" in desktop.locator("#model-about").inner_text()

    frames = live_facts(desktop, FRAMES_COMPARED)

    assert {(facts["model_id"], facts["model_version"]) for facts in frames} == {(model_id, active.version)}
    agreement = Agreement()
    for facts in frames:
        agreement.add(truth(facts["taken_ns"], OBJECTS), found_in(facts))
    assert agreement.recall >= 0.7, agreement
    assert agreement.precision >= 0.6, agreement


def found_in(facts: dict[str, Any]) -> list[Labelled]:
    return [(found["label"], Box.from_list(found["box"])) for found in facts["detections"]]


def test_captures_and_uploads_are_tagged_by_touch_on_a_phone(phone: Page, tmp_path: Path) -> None:
    scene_s = {"shelf.jpg": 1000.0, "shelf.png": 2000.0}
    for name, t_s in scene_s.items():
        cv2.imwrite(str(tmp_path / name), SCENE.draw(t_s))

    def widest(image: dict[str, Any]) -> list[Labelled]:
        """The three widest boxes of what was captured, or drawn for the upload."""
        t_s = scene_s.get(image["name"]) or scene_time_s(image["taken_ns"], SPEED)
        return sorted(SCENE.at(t_s), key=lambda one: -one[1].width)[:3]

    labels = ", ".join(LABELS)
    create_model(phone, Locator.tap, "Low stock by phone", labels)
    capture(phone, Locator.tap, 2)
    phone.get_by_role("link", name="Model", exact=True).tap()
    phone.get_by_role("link", name="Upload").first.tap()
    choose_files(phone, "#files", [tmp_path / name for name in scene_s])
    phone.get_by_text("2 stored.").wait_for()

    for number in range(1, 5):
        tag_next_image(phone, Locator.tap, drag_finger, widest)
        assert phone.locator(".mark.tagged").count() == number

    phone.locator(".thumbs a").first.tap()
    phone.locator("#layer .line").nth(2).wait_for()
    image = task_in(phone.request.get(phone.url).text())["image"]
    assert image["name"] == "shelf.png"
    wished = sorted(widest(image), key=lambda one: one[0])
    for shape, (_, box) in zip(phone.locator("#layer .line").all(), wished, strict=True):
        (left, top), (right, bottom) = corners_on_screen(phone, box)
        assert edges(shape) == pytest.approx((left, top, right - left, bottom - top), abs=4)


def edges(shape: Locator) -> tuple[float, ...]:
    found = shape.bounding_box()
    assert found is not None
    return found["x"], found["y"], found["width"], found["height"]
