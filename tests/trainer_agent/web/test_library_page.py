"""The library in a browser: filters in the address, many images as one scrolls, selecting, deleting and undoing."""

import pytest

from edge_common.detections import Detection
from edge_common.geometry import Box
from tests.trainer_agent.conftest import add_image, box_id, noise, tag_images, trained
from tests.trainer_agent.web.conftest import Site


@pytest.fixture
def site(build_app):
    return Site(build_app())


def left(library, model):
    return library.counts(model.id).tagged


def shown(page):
    return page.locator(".thumbs li").count()


def test_a_deleted_image_comes_back_with_its_boxes(page, site, library, model):
    tag_images(library, model, 2)
    image = library.images(model.id, tagged=True, limit=2)[1]
    page.goto(f"{site.address}/models/{model.id}/library")
    page.locator(".thumbs li").last.hover()

    page.get_by_role("button", name="Delete shelf-0.jpg").click()

    page.get_by_text("1 image deleted.").wait_for()
    page.get_by_role("link", name="Tagged 1").wait_for()
    assert (left(library, model), shown(page)) == (1, 1)

    page.locator("#toast").get_by_role("button", name="Undo").click()
    page.get_by_role("link", name="Tagged 2").wait_for()
    assert (left(library, model), shown(page)) == (2, 2)
    assert [box.id for box in library.boxes(image.id)] == [box_id(image.id)]


def test_undo_is_still_offered_after_the_page_was_left(page, site, library, model):
    tag_images(library, model, 2)
    page.goto(f"{site.address}/models/{model.id}/images/1")

    page.get_by_role("button", name="Delete image").click()
    page.wait_for_url("**/images/2")
    page.locator("#toast").get_by_role("button", name="Undo").click()

    page.get_by_role("link", name="Previous image").wait_for()
    assert left(library, model) == 2


def test_images_come_in_as_one_scrolls(page, site, library, model):
    tag_images(library, model, 200)
    page.goto(f"{site.address}/models/{model.id}/library")
    assert shown(page) <= 120

    page.mouse.move(400, 500)
    for _ in range(30):
        page.mouse.wheel(0, 2000)
        page.wait_for_timeout(50)

    page.get_by_role("link", name="shelf-0.jpg").wait_for()
    assert shown(page) == 200


def test_one_comes_back_to_where_one_was(page, site, library, model):
    tag_images(library, model, 130)
    page.goto(f"{site.address}/models/{model.id}/library")
    page.mouse.move(400, 500)
    page.mouse.wheel(0, 3000)
    page.get_by_role("link", name="shelf-20.jpg").click()
    page.wait_for_url("**/images/21")

    page.go_back()

    page.get_by_role("link", name="shelf-20.jpg").wait_for()
    page.wait_for_timeout(500)
    assert page.evaluate("scrollY") > 300


def test_many_are_selected_by_a_row_of_them_and_all_at_once(page, site, library, model):
    tag_images(library, model, 70)
    page.goto(f"{site.address}/models/{model.id}/library")
    page.get_by_role("button", name="Select", exact=True).click()
    page.get_by_label("Select shelf-69.jpg").click()
    page.get_by_label("Select shelf-65.jpg").click(modifiers=["Shift"])
    page.get_by_text("5 selected").wait_for()
    page.get_by_label("Selected images").get_by_role("button", name="Delete").click()
    page.get_by_text("5 images deleted.").wait_for()
    page.get_by_role("link", name="Tagged 65").wait_for()

    page.get_by_role("button", name="Select", exact=True).click()
    page.get_by_role("button", name="Select all").click()
    page.get_by_text("65 selected").wait_for()
    page.get_by_label("Selected images").get_by_role("button", name="Delete").click()

    page.get_by_text("No images yet.").wait_for()
    assert left(library, model) == 0
    page.locator("#toast").get_by_role("button", name="Undo").click()
    page.get_by_role("link", name="Tagged 65").wait_for()


def test_escape_ends_selecting_and_nothing_is_selected_any_more(page, site, library, model):
    tag_images(library, model, 2)
    page.goto(f"{site.address}/models/{model.id}/library")
    page.get_by_role("button", name="Select", exact=True).click()
    page.get_by_label("Select shelf-0.jpg").check()

    page.keyboard.press("Escape")

    assert page.get_by_label("Selected images").is_hidden()
    page.get_by_role("link", name="shelf-0.jpg").click()
    page.wait_for_url("**/images/1")


def test_the_filter_is_in_the_address_and_lasts_over_a_reload(page, site, library, model):
    tag_images(library, model, 5)
    page.goto(f"{site.address}/models/{model.id}/library")
    page.get_by_text("Filter").click()

    page.locator("select[name=tag]").select_option("full")

    page.wait_for_url(f"**/library?show=tagged&tag={model.tags[1].id}")
    assert shown(page) == 2
    page.reload()
    assert shown(page) == 2
    page.get_by_role("link", name="Untagged").click()
    page.get_by_text("No image fits this filter.").wait_for()
    page.get_by_role("link", name="Clear filter").click()
    page.get_by_text("Every image is tagged.").wait_for()


def test_what_the_model_sees_differently_is_found(page, build_app, start_agent, library, model):
    tag_images(library, model, 15)
    agent = start_agent("doubts")
    site = Site(build_app(agent))
    trained(agent, model)
    page.goto(f"{site.address}/models/{model.id}/library")
    page.get_by_text("Filter").click()

    page.get_by_label("Tagged differently than the model sees it").check()

    page.get_by_role("link", name="Tagged 3").wait_for()
    assert shown(page) == 3


@pytest.mark.parametrize(
    ("filter", "message"),
    [
        ("show=all", "show: one of tagged, untagged, check expected"),
        ("tag=99", "the id of a tag"),
        ("tag=x", "tag: a whole number"),
        ("source=dream", "source: one of camera, upload, kept expected"),
        ("from=yesterday", "from: a day like 2026-11-25 expected"),
        ("to=0001-01-01", "to: a year from 1970 expected"),
        ("before=-1", "before: a whole number"),
    ],
)
def test_a_filter_that_makes_no_sense_is_told_as_such(client, model, filter, message):
    answer = client.get(f"/models/{model.id}/library?{filter}")

    assert answer.status_code == 400
    assert message in answer.text


@pytest.mark.parametrize("images", [None, [], "1", ["1"], [True], [1.5]])
def test_what_is_no_list_of_images_deletes_nothing(client, library, model, images):
    add_image(library, model, 1)

    answer = client.post(f"/api/models/{model.id}/images/delete", json={"images": images})

    assert (answer.status_code, library.counts(model.id).untagged) == (400, 1)


def test_what_the_model_saw_is_checked_with_one_press_each(page, site, library, model):
    for seed in range(3):
        image = library.add_image(model.id, noise(seed), f"k{seed}", "camera", camera="aisle-4", taken_ns=10**18 + seed)
        library.checks.add(
            image.id, "unsure", version="1", seen=[Detection("full", 0.5, Box(0.1, 0.1, 0.5, 0.5))], kept_ns=seed
        )
    page.goto(f"{site.address}/models/{model.id}/library?show=check")
    page.locator(".check").first.get_by_text("full 50 %").wait_for()

    page.locator(".check").first.get_by_role("button", name="Right").click()
    page.get_by_role("link", name="To check 2").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("link", name="To check 3").wait_for()
    assert library.boxes(3) == ()
    page.locator(".check").first.get_by_role("button", name="Right").click()
    page.get_by_role("link", name="To check 2").wait_for()
    page.locator(".check").first.get_by_role("button", name="Not useful").click()
    page.get_by_role("link", name="To check 1").wait_for()
    page.locator(".check").first.get_by_role("link", name="Correct").click()
    page.wait_for_url("**/images/1")

    assert (left(library, model), library.counts(model.id).untagged) == (1, 0)
    assert [box.tag_id for box in library.boxes(3)] == [model.tags[1].id]
