"""Classification by several tags for a picture: chosen in the wizard, toggled on the tagging page."""

import re

from playwright.sync_api import expect

from tests.trainer_agent.conftest import add_image
from tests.trainer_agent.web.conftest import Site
from tests.waiting import wait_for


def test_several_tags_are_chosen_when_the_model_is_created(phone, build_app, library):
    phone.goto(f"{Site(build_app()).address}/models/new")
    expect(phone.get_by_text("Tags for each picture")).to_be_hidden()
    phone.get_by_label("Classification").check()
    phone.get_by_label("Several").check()
    phone.get_by_label("Model Name").fill("Floor")
    phone.get_by_label("Objects").fill("wet, dirty")
    phone.get_by_role("button", name="Review", exact=True).click()
    phone.locator("dd", has_text="Several").wait_for()
    phone.get_by_role("button", name="Create").click()

    phone.wait_for_url(re.compile("/models/floor-[0-9a-f]+$"))
    phone.get_by_text("Classification, several tags for a picture").wait_for()
    (model,) = library.models()
    assert (model.kind, model.several) == ("classification", True)


def test_each_tag_of_a_picture_is_pressed_and_taken_back_by_itself(page, build_app, library):
    floor = library.create_model("Floor", "classification", ["wet", "dirty"], automatic=False, several=True)
    wet, dirty = (tag.id for tag in floor.tags)
    image = add_image(library, floor, 1)
    page.goto(f"{Site(build_app()).address}/models/{floor.id}/images/{image.id}")
    page.get_by_text("Choose all that fit").wait_for()

    page.get_by_role("button", name="wet").click()
    page.keyboard.press("2")
    wait_for(lambda: library.image(image.id).tag_ids == (wet, dirty))
    page.get_by_role("button", name="wet").click()
    wait_for(lambda: library.image(image.id).tag_ids == (dirty,))

    page.keyboard.press("Control+z")

    wait_for(lambda: library.image(image.id).tag_ids == (wet, dirty))
    for name in ("wet", "dirty"):
        expect(page.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")
