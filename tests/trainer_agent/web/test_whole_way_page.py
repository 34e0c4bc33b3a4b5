"""The whole way by keys alone, and by touch from the training on: create, capture, tag, train, watch, improve.

The training is scripted, and what the model sees is made up; tests/e2e goes the first part by touch, and all of it by
mouse, with the real ones.
"""

import re

import pytest

from edge_common.detections import Detection, Result
from edge_common.geometry import Box
from edge_common.results import LiveModel
from tests.trainer_agent.conftest import tag_images
from tests.trainer_agent.web.conftest import Site
from tests.trainer_agent.web.live_shop import LiveShop, looking
from tests.trainer_agent.web.tagging_page import all_saved
from tests.waiting import wait_for

MOST_TABS = 80


class Finger:
    def __init__(self, page):
        self.page = page

    def press(self, target):
        target.tap()


class Keys:
    def __init__(self, page):
        self.page = page

    def reach(self, target):
        """Go there as who has no pointer does, from wherever the focus is."""
        self.page.locator("#content:not([inert])").wait_for()
        there = target.element_handle()
        for _step in range(MOST_TABS):
            if self.page.evaluate("there => there === document.activeElement", there):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{target} is not reached by {MOST_TABS} Tabs")

    def press(self, target):
        self.reach(target)
        self.page.keyboard.press("Enter")

    def type(self, target, words):
        self.reach(target)
        self.page.keyboard.insert_text(words)


@pytest.fixture
def site(build_app, start_agent, workshop, tmp_path):
    """The page of a shop with one camera, on which every live model sees a gap."""
    seen = (Detection("gap", 0.9, Box(0.1, 0.1, 0.5, 0.5)),)

    def look(frame):
        live = workshop.packages.live().items()
        models = [
            LiveModel(id=model, name="Gaps", version=version, kind="detection", labels=("gap",), created="")
            for model, version in live
        ]
        about = (frame.camera, frame.id, frame.taken_ns)
        return looking(*models), [Result(*about, *one, "detection", seen, 5.0) for one in live]

    shop = LiveShop(tmp_path, look)
    yield Site(build_app(start_agent(), endpoint=shop.endpoint))
    shop.close()


def test_by_keys_from_no_model_to_a_tagged_image(page, site, library):
    keys = Keys(page)
    page.goto(site.address)
    keys.press(page.get_by_role("link", name="Create custom model"))
    keys.type(page.get_by_label("Model Name"), "Gaps")
    keys.type(page.get_by_label("Objects", exact=True), "gap")
    keys.press(page.get_by_role("button", name="Review", exact=True))
    keys.press(page.get_by_role("button", name="Create", exact=True))
    page.wait_for_url(re.compile("/models/gaps-[0-9a-f]+$"))

    keys.press(page.get_by_role("link", name="Capture from camera"))
    page.locator("#preview").wait_for(state="visible")
    keys.press(page.get_by_role("button", name="Capture Image"))
    page.get_by_text("1 image captured.").wait_for()
    keys.press(page.get_by_role("link", name="Go to Tagging"))
    page.wait_for_url("**/images/*")
    keys.reach(page.locator("#stage"))
    for key in ("Enter", "Shift+ArrowRight", "Enter"):
        page.keyboard.press(key)
    all_saved(page)
    keys.press(page.get_by_role("button", name="Done"))

    page.wait_for_url("**/library")
    (model,) = library.models()
    assert library.counts(model.id).tagged == 1


@pytest.mark.parametrize(("device", "kind"), [("phone", Finger), ("page", Keys)], ids=["touch", "keys"])
def test_from_tagged_images_to_a_model_that_was_corrected(device, kind, request, site, library, workshop):
    model = library.create_model("Gaps", "detection", ["gap"], automatic=False)
    tag_images(library, model, 15)
    page = request.getfixturevalue(device)
    hand = kind(page)
    page.goto(f"{site.address}/models/{model.id}")

    hand.press(page.get_by_role("button", name="Train", exact=True))
    page.get_by_text("Successfully trained model").wait_for()
    hand.press(page.get_by_role("link", name="See it live"))
    page.locator("#seen li", has_text="gap").wait_for()
    hand.press(page.get_by_role("button", name="This is wrong"))
    hand.press(page.get_by_role("link", name="To check"))
    hand.press(page.get_by_role("button", name="Right: "))
    page.get_by_role("link", name="To check 0").wait_for()
    first = workshop.packages.current(model.id)
    hand.press(page.get_by_role("button", name="Train again"))

    wait_for(lambda: workshop.packages.current(model.id) not in (None, first))
    assert library.counts(model.id).tagged == 16
