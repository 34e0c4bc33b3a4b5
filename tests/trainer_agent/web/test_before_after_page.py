"""The same image as the version before and the new one see it, on the training page."""

import pytest

from edge_common.detections import Detection
from edge_common.geometry import Box
from edge_common.scores import Score
from modules.trainer_agent.before_after import Seen
from modules.trainer_agent.learning.held_back import encode_held_back
from modules.trainer_agent.training_log import TrainingLog, TrainingState
from modules.trainer_agent.web.before_after import in_words
from tests.inference.tiny_models import GREEN_SHELF, RED_SHELF, manifest, onnx_model
from tests.trainer_agent.conftest import box_id
from tests.trainer_agent.learning.coloured import BOTTOM_RIGHT, TOP_LEFT
from tests.trainer_agent.web.conftest import Site
from tests.trainer_agent.web.proposing import add_shelf, shelves_of

TIME = "2026-03-05T07:00:00+00:00"


@pytest.fixture
def shelves(library):
    return shelves_of(library)


@pytest.fixture
def site(build_app, library, database, shelves, workshop, start_agent):
    """A model with two tagged images, whose second version found more of the first than the one before it."""

    def write(version, parent, seen):
        described = manifest(version, model_id=shelves.id, parent_version=parent)
        workshop.packages.write(described, onnx_model("detection"), encode_held_back(seen))

    green, red = Detection(GREEN_SHELF, 0.9, TOP_LEFT), Detection(RED_SHELF, 0.8, BOTTOM_RIGHT)
    images = [add_shelf(library, shelves, name) for name in ("shelf.jpg", "other shelf.jpg")]
    for image in images:
        for number, (tag, box) in enumerate(zip(shelves.tags, (TOP_LEFT, BOTTOM_RIGHT), strict=True)):
            library.put_box(image.id, box_id(2 * image.id + number), tag.id, box)
    first, second = (image.digest for image in images)
    write("v1", None, {first: (green, Detection(RED_SHELF, 0.7, Box(0.5, 0, 1, 0.5))), second: (green, red)})
    write("v2", "v1", {first: (green, red), second: (green, red)})
    workshop.packages.activate(shelves.id, "v2")
    trainings = TrainingLog(database)
    trainings.begin(shelves.id, TIME)
    score = Score(name="ap50", value=0.9, per_label={}, protocol="made up for a test")
    trainings.end(TrainingState(shelves.id, phase="trained", started=TIME, ended=TIME, version="v2", score=score))
    return Site(build_app(start_agent()))


def divided(page):
    return page.locator("[data-divider]").input_value()


def test_the_divider_moves_with_the_mouse_and_the_keys(page, site, shelves):
    page.goto(f"{site.address}/models/{shelves.id}/training")
    page.get_by_text("Before: found 1 of 2, 1 false alarm").wait_for()
    page.get_by_text("After: found 2 of 2").wait_for()
    place = page.locator("[data-before]").bounding_box()
    down = place["y"] + place["height"] / 2

    page.mouse.move(place["x"] + place["width"] / 2, down)
    page.mouse.down()
    page.mouse.move(place["x"] + place["width"] * 0.2, down, steps=3)
    page.mouse.up()
    assert abs(int(divided(page)) - 20) <= 1

    before = int(divided(page))
    page.keyboard.press("ArrowRight")
    assert int(divided(page)) == before + 1
    clipped = page.locator("[data-before]").evaluate("one => getComputedStyle(one).clipPath")
    assert clipped == f"inset(0px {100 - before - 1}% 0px 0px)"

    page.get_by_role("button", name="Next picture").click()
    page.get_by_text("Before: found 2 of 2").wait_for()
    page.get_by_text("(2 of 2)").wait_for()


def test_the_divider_follows_a_finger(phone, site, shelves):
    phone.goto(f"{site.address}/models/{shelves.id}/training")
    phone.get_by_text("After: found 2 of 2").wait_for()
    picture = phone.locator("[data-before]")
    picture.scroll_into_view_if_needed()
    place = picture.bounding_box()

    phone.touchscreen.tap(place["x"] + place["width"] * 0.75, place["y"] + place["height"] / 2)

    assert abs(int(divided(phone)) - 75) <= 3


def test_without_a_version_before_it_the_part_is_not_there(build_app, library, shelves, workshop, site):
    workshop.packages.discard(shelves.id, "v1")

    assert "Before and after" not in build_app().test_client().get(f"/models/{shelves.id}/training").text


@pytest.mark.parametrize(
    ("seen", "kind", "words"),
    [
        pytest.param(Seen((), 5, 3, 1), "detection", "found 3 of 5, 1 false alarm", id="detection"),
        pytest.param(Seen((), 5, 5, 0), "detection", "found 5 of 5", id="all found"),
        pytest.param(Seen((), 0, 0, 0), "detection", "nothing, as it should", id="nothing there"),
        pytest.param(Seen((), 0, 0, 2), "detection", "2 false alarms", id="nothing there, something seen"),
        pytest.param(Seen((Detection("full", 0.9, None),), 1, 1, 0), "classification", "'full', right", id="right"),
        pytest.param(Seen((), 1, 0, 0), "classification", "none of its tags, wrong", id="not recognised"),
    ],
)
def test_what_a_version_sees_is_told_in_words(seen, kind, words):
    assert in_words(seen, kind) == words
