"""The whole way of staff in a real browser: create, capture, upload, tag, train."""

import re

import cv2

from tests.files_chosen import choose_files
from tests.trainer_agent.conftest import noise, tag_images
from tests.trainer_agent.web.conftest import Site


def test_from_no_model_to_an_image_in_the_library(phone, build_app, library, shop):
    site = Site(build_app(endpoint=shop))
    phone.goto(site.address)
    phone.get_by_role("link", name="Create custom model").click()
    phone.get_by_label("Model Name").fill("Low stock in aisle 4")
    phone.get_by_label("Objects").fill('"low stock", full')
    phone.get_by_role("button", name="Review", exact=True).click()
    phone.get_by_role("button", name="Create").click()
    phone.wait_for_url(re.compile("/models/low-stock-in-aisle-4-[0-9a-f]+$"))

    phone.get_by_placeholder("Type Object").fill("damaged")
    phone.keyboard.press("Enter")
    phone.locator(".tag-counts .name", has_text="damaged").wait_for()
    phone.get_by_role("button", name="Remove tag full").click()
    phone.locator(".tag-counts .name", has_text="full").wait_for(state="detached")

    phone.get_by_role("link", name="Capture from camera").click()
    phone.get_by_label("Select Camera").select_option("aisle-4")
    phone.locator("#preview").wait_for(state="visible")
    for count in (1, 2):
        phone.get_by_role("button", name="Capture Image").click()
        phone.locator(f"#film li:nth-child({count})").wait_for()
    phone.get_by_role("link", name="Go to Tagging").click()
    phone.get_by_role("button", name="Done").click()
    phone.wait_for_url(re.compile("/library"))

    (model,) = library.models()
    assert [tag.name for tag in model.tags] == ["low stock", "damaged"]
    assert library.counts(model.id).untagged == 2


def test_a_lost_camera_says_why_on_the_capture_page(page, build_app, model, shop):
    site = Site(build_app(endpoint=shop))
    page.goto(f"{site.address}/models/{model.id}/capture")

    page.get_by_label("Select Camera").select_option("till-1")

    page.get_by_text("the cable is unplugged").wait_for()


def test_a_model_that_cannot_be_created_says_why(page, build_app, model):
    page.goto(f"{Site(build_app()).address}/models/new")
    page.get_by_label("Model Name").fill("low stock")
    page.get_by_label("Objects").fill("gap")

    page.get_by_role("button", name="Review", exact=True).click()
    page.get_by_role("button", name="Create").click()

    page.get_by_role("alert").get_by_text("There is a model named 'low stock' already.").wait_for()


def test_each_uploaded_file_has_its_own_answer(page, build_app, library, model, tmp_path):
    names = ["one.png", "two.jpg", "broken.jpg"]
    for seed, name in enumerate(names[:2]):
        cv2.imwrite(str(tmp_path / name), noise(seed))
    (tmp_path / names[2]).write_bytes(b"no picture")
    page.goto(f"{Site(build_app()).address}/models/{model.id}/upload")

    choose_files(page, "#files", [tmp_path / name for name in names])

    page.get_by_text("2 stored, 1 not taken.").wait_for()
    page.get_by_text("broken.jpg: a JPEG or PNG image expected").wait_for()
    assert library.counts(model.id).untagged == 2


def test_train_says_what_is_missing_until_it_can_be_pressed_and_shows_the_score(
    page, build_app, library, model, start_agent
):
    site = Site(build_app(start_agent("0.5")))
    tag_images(library, model, 14)
    page.goto(f"{site.address}/models/{model.id}/library")
    train = page.get_by_role("button", name="Train")
    assert train.is_disabled()
    page.get_by_text("1 more tagged image is needed: 14 of 15.").wait_for()

    tag_images(library, model, 1, first=14)
    page.reload()
    train.click()

    page.get_by_text("Looking at the images").wait_for()
    page.get_by_text("About 6 seconds left").wait_for()
    page.get_by_text("Successfully trained model").wait_for()
    page.get_by_text("87 %", exact=True).first.wait_for()
    assert page.get_by_role("link", name="See it live").is_visible()


def test_a_failed_training_says_why(page, build_app, library, model, start_agent):
    site = Site(build_app(start_agent("fails")))
    tag_images(library, model, 15)
    page.goto(f"{site.address}/models/{model.id}/training")

    page.get_by_role("button", name="Train").click()

    page.get_by_text("The images are all alike.").wait_for()
    assert page.get_by_role("button", name="Train again").is_enabled()
