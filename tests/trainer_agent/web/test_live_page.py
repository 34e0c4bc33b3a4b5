"""The live page in a browser: the slider, holding a picture still, and sending what is wrong to be checked."""

import io

import cv2
import pytest

from edge_common.detections import Detection, Result
from edge_common.geometry import Box
from edge_common.results import LiveModel
from tests.trainer_agent.conftest import noise
from tests.trainer_agent.web.conftest import Site, once_it_hears
from tests.trainer_agent.web.live_shop import LiveShop, looking

SURE, UNSURE = Detection("full", 0.9, Box(0.1, 0.1, 0.5, 0.5)), Detection("low stock", 0.55, Box(0.5, 0.5, 0.9, 0.9))
WEAK = (Detection("low stock", 0.3, Box(0.1, 0.5, 0.5, 0.9)), Detection("full", 0.15, Box(0.5, 0.1, 0.9, 0.5)))


@pytest.fixture
def watched(tmp_path, model, build_app):
    """A page over a camera that a model looks at."""
    about = {"id": model.id, "name": "Low stock", "version": "7", "kind": "detection", "created": ""}
    live = LiveModel(**about, labels=("low stock", "full"))

    def look(frame):
        seen = (SURE, UNSURE)
        return looking(live), [Result("aisle-4", frame.id, frame.taken_ns, model.id, "7", "detection", seen, 5.0, WEAK)]

    shop = LiveShop(tmp_path, look)
    yield Site(once_it_hears(build_app(endpoint=shop.endpoint)))
    shop.close()


def test_the_slider_shows_its_effect_at_once(page, watched):
    page.goto(f"{watched.address}/live?camera=aisle-4")
    page.locator("#seen li", has_text="low stock").wait_for()
    page.get_by_role("button", name="Freeze").click()

    page.get_by_label("Show what is at least").fill("70")

    assert page.locator("#seen .name").all_inner_texts() == ["full"]
    page.get_by_label("Show what is at least").fill("50")
    assert page.locator("#seen li").count() == 2


def seen_of_each(page):
    """How many of each label the list beside the picture tells of."""
    return [int(text.split()[0]) for text in page.locator("#seen .count").all_inner_texts()]


def test_the_slider_reaches_below_what_the_model_reports(page, watched):
    page.goto(f"{watched.address}/live?camera=aisle-4")
    page.locator("#seen li", has_text="low stock").wait_for()
    assert seen_of_each(page) == [1, 1]
    page.get_by_role("button", name="Freeze").click()

    page.get_by_label("Show what is at least").fill("20")

    assert seen_of_each(page) == [2, 1]
    page.get_by_text("What is less than 50 % sure is shown here only").wait_for()
    page.get_by_label("Show what is at least").fill("10")
    assert seen_of_each(page) == [2, 2]


def test_a_frozen_picture_stays_until_it_goes_on(page, watched):
    page.goto(f"{watched.address}/live?camera=aisle-4")
    page.locator("#seen li", has_text="low stock").wait_for()
    look = "document.getElementById('picture').toDataURL()"

    page.get_by_role("button", name="Freeze").click()
    before = page.evaluate(look)
    page.wait_for_timeout(500)

    assert page.evaluate(look) == before
    page.get_by_role("button", name="Go on").click()
    page.wait_for_timeout(500)
    assert page.evaluate(look) != before


def test_what_is_wrong_is_sent_to_be_checked(phone, watched, library, model):
    phone.goto(f"{watched.address}/live?camera=aisle-4")
    phone.locator("#seen li", has_text="low stock").wait_for()

    phone.get_by_role("button", name="This is wrong").click()
    phone.get_by_role("link", name="To check").click()

    phone.get_by_text("Somebody said on the Live page that this is wrong.").wait_for()
    (check,) = library.checks.newest(model.id, 9)
    assert (check.reason, check.version, check.image.camera) == ("staff", "7", "aisle-4")
    assert check.seen == (SURE, UNSURE)
    assert (check.image.width, check.image.height) == (640, 360)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"camera": ""}, "the id of its 'camera'"),
        ({"frame": None}, "a picture in the field 'frame'"),
        ({"seen": "[1]"}, "seen: detections expected"),
        ({"seen": "{"}, "seen: detections expected"),
        ({"taken_ns": "-1"}, "taken_ns: a time in nanoseconds"),
    ],
)
def test_what_is_no_frame_is_refused_and_nothing_is_kept(client, library, model, fields, message):
    picture = cv2.imencode(".jpg", noise(1))[1].tobytes()
    form = {"camera": "aisle-4", "taken_ns": "5", "seen": "[]", "frame": (io.BytesIO(picture), "frame.jpg")} | fields

    answer = client.post(f"/api/models/{model.id}/wrong", data={key: it for key, it in form.items() if it is not None})

    assert answer.status_code == 400
    assert message in answer.json["message"]
    assert library.counts(model.id).untagged == 0
