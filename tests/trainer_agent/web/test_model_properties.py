"""Home, the wizard, properties of a model, the bin, import and export, the zoo: by requests and in a real browser."""

import io
import json
import re
import zipfile

import pytest
from playwright.sync_api import expect

from edge_common.images import encode_jpeg
from edge_common.ready_made import ready_made
from tests.files_chosen import choose_files
from tests.trainer_agent.conftest import add_image, noise, tag_images, trained
from tests.trainer_agent.web.conftest import Site, with_zoo
from tests.waiting import wait_for

# Home


def test_a_first_visitor_sees_the_three_steps(page, build_app):
    page.goto(Site(build_app()).address)

    for step in ("Capture", "Tag", "Train"):
        page.get_by_role("heading", name=step, exact=True).wait_for()
    assert page.get_by_role("link", name="Create custom model").is_visible()


def test_home_shows_what_a_camera_sees_and_what_needs_attention(page, build_app, library, model, start_agent, shop):
    tag_images(library, model, 15)
    add_image(library, model, 99)
    agent = start_agent("fails")
    trained(agent, model)
    page.goto(Site(build_app(agent, endpoint=shop)).address)

    page.get_by_role("img", name="What Aisle 4 sees now").wait_for()
    attention = page.locator("#attention")
    for title in ("Till 1 gives no picture", "The training of 'Low stock' failed", "1 image of 'Low stock' to tag"):
        attention.get_by_role("heading", name=title).wait_for()
    attention.get_by_text("The cable is unplugged").wait_for()
    attention.get_by_role("link", name="Go to Tagging").click()
    page.wait_for_url(re.compile("/images/"))


def test_home_tells_what_comes_up_while_it_is_open(page, build_app, library, model):
    page.clock.install()
    page.goto(Site(build_app()).address)
    page.locator("#content:not([inert])").wait_for()
    told = page.get_by_role("heading", name="1 image of 'Low stock' to tag")
    expect(told).to_have_count(0)

    add_image(library, model, 1)
    page.clock.fast_forward(6000)

    told.wait_for()


def test_home_names_a_candidate(build_app, library, model, start_agent):
    tag_images(library, model, 15)
    agent = start_agent("worse")
    for _ in range(2):
        trained(agent, model)

    text = build_app(agent).test_client().get("/").text

    assert "A new version of &#39;Low stock&#39; waits for you" in text


# The wizard


def test_nothing_that_was_typed_is_lost_between_the_steps(phone, build_app, library):
    phone.goto(f"{Site(build_app()).address}/models/new")
    phone.get_by_label("Model Name").fill("Gaps")
    phone.get_by_label("Objects").fill('"gap, large", full')
    phone.get_by_role("button", name="Next: Tags").click()
    phone.get_by_role("button", name="Add a tag").click()
    phone.get_by_label("Name", exact=True).fill("store")
    phone.get_by_label("Value").fill("12")
    phone.get_by_role("button", name="Next: Review").click()
    for said in ("Gaps", '"gap, large", full', "Object detection", "12"):
        phone.locator("dd", has_text=said).first.wait_for()

    phone.get_by_role("link", name="Edit basics").click()
    assert phone.get_by_label("Model Name").input_value() == "Gaps"
    phone.reload()
    phone.get_by_label("Classification").check()
    phone.go_back()
    phone.locator("dd", has_text="Classification").wait_for()
    phone.get_by_role("button", name="Create").click()

    phone.wait_for_url(re.compile("/models/gaps-[0-9a-f]+$"))
    (model,) = library.models()
    assert (model.kind, [tag.name for tag in model.tags]) == ("classification", ["gap, large", "full"])
    assert model.attributes == {"store": "12"}


def test_the_review_is_not_reached_without_what_is_needed(page, build_app):
    page.goto(f"{Site(build_app()).address}/models/new#review")
    page.get_by_role("button", name="Review", exact=True).click()

    page.get_by_role("alert").get_by_text("Model Name: a name is needed.").wait_for()
    assert page.evaluate("document.activeElement.id") == "name"


def test_a_classification_with_one_tag_says_that_it_needs_two(page, build_app):
    page.goto(f"{Site(build_app()).address}/models/new")
    page.get_by_label("Model Name").fill("Door")
    page.get_by_label("Classification").check()
    page.get_by_label("Objects", exact=True).fill("open")
    page.get_by_role("button", name="Review", exact=True).click()
    page.get_by_role("button", name="Create").click()

    page.get_by_text("Classification needs at least 2 tags; there is 1.").wait_for()

    page.get_by_placeholder("Type Object").fill("closed")
    page.keyboard.press("Enter")
    page.get_by_text("Classification needs at least 2 tags").wait_for(state="detached")


def test_a_model_starts_from_another_with_its_images(page, build_app, library, model):
    tag_images(library, model, 4)
    page.goto(f"{Site(build_app()).address}/models/{model.id}")
    page.get_by_role("link", name="Start another from it").click()
    expect(page.get_by_label("Objects", exact=True)).to_have_value('"low stock", "full"')
    expect(page.get_by_label("Classification")).to_be_disabled()
    page.get_by_label("Model Name").fill("Aisle 5")
    page.get_by_role("button", name="Review", exact=True).click()
    page.locator("dd", has_text="From 'Low stock', with its images").wait_for()

    page.get_by_role("button", name="Create").click()

    page.wait_for_url(re.compile("/models/aisle-5-[0-9a-f]+$"))
    assert library.counts(library.models()[0].id).tagged == 4


# Properties


def test_a_tag_is_renamed_merged_deleted_and_brought_back(page, build_app, library, model):
    tag_images(library, model, 4)
    library.add_tags(model.id, ["damaged"])
    page.goto(f"{Site(build_app()).address}/models/{model.id}")
    names = page.locator(".tag-counts .name")

    page.get_by_role("button", name="Edit tag low stock").click()
    page.locator("#tag-name").fill("gap")
    page.locator("#edit-tag").get_by_role("button", name="Save").click()
    names.filter(has_text="gap").wait_for()
    page.get_by_role("button", name="Edit tag gap").click()
    page.locator("#tag-into").select_option("full")
    page.get_by_role("button", name="Merge").click()
    page.locator("#toast").get_by_text("'gap' was merged.").wait_for()
    names.filter(has_text="gap").wait_for(state="detached")
    assert library.counts(model.id).per_tag[model.tags[1].id] == 4

    page.locator("#toast").get_by_role("button", name="Undo").click()
    names.filter(has_text="gap").wait_for()
    page.get_by_role("button", name="Edit tag full").click()
    page.get_by_text("It is in 2 images.").wait_for()
    page.get_by_role("button", name="Delete tag").click()
    names.filter(has_text="full").wait_for(state="detached")
    page.reload()
    page.get_by_text("Deleted tags (1)").click()
    page.get_by_role("button", name="Undo for full").click()
    names.filter(has_text="full").wait_for()
    assert sorted(library.counts(model.id).per_tag.values()) == [0, 2, 2]


def test_a_model_is_renamed_deleted_and_brought_back(page, build_app, library, model, workshop, start_agent):
    tag_images(library, model, 15)
    agent = start_agent()
    version = trained(agent, model).version
    page.goto(f"{Site(build_app(agent)).address}/models/{model.id}")
    page.get_by_role("button", name="Edit", exact=True).click()
    page.locator("#model-name").fill("Gaps")
    page.locator("#edit-model").get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="Gaps", exact=True).wait_for()

    page.get_by_role("button", name="Delete", exact=True).click()
    page.locator("#delete-model").get_by_role("button", name="Delete").click()
    page.wait_for_url("**/models")
    assert workshop.packages.live() == {}
    page.get_by_text("Deleted models (1)").click()
    page.get_by_role("button", name="Undo the deletion of Gaps").click()

    page.wait_for_url(f"**/models/{model.id}")
    assert workshop.packages.live() == {model.id: version}


def test_a_model_trains_by_itself_and_keeps_no_pictures_to_check(phone, build_app, library, model):
    phone.goto(f"{Site(build_app()).address}/models/{model.id}")
    phone.get_by_text("Train by itself").tap()
    wait_for(lambda: library.model(model.id).automatic)
    phone.get_by_text("Keep pictures to check").tap()
    wait_for(lambda: not library.model(model.id).collecting)

    phone.reload()

    expect(phone.get_by_label("Train by itself")).to_be_checked()
    expect(phone.get_by_label("Keep pictures to check")).not_to_be_checked()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        pytest.param("PATCH", "/tags/{tag}", {"name": "full"}, 409, id="name taken"),
        pytest.param("PATCH", "/tags/99", {"name": "x"}, 400, id="no such tag"),
        pytest.param("PATCH", "", {"attributes": {"1": "x"}}, 400, id="bad attribute"),
        pytest.param("POST", "/tags/{tag}/merge", {"into": 99}, 400, id="into no tag"),
        pytest.param("POST", "/tags/{tag}/merge", {}, 400, id="into nothing"),
        pytest.param("POST", "/binned-tags/1/restore", None, 404, id="nothing deleted"),
    ],
)
def test_changes_that_cannot_be_made_are_refused_in_words(client, library, model, method, path, body, status):
    answer = client.open(
        f"/api/models/{model.id}{path.format(tag=model.tags[0].id)}",
        method=method,
        **({"json": body} if body is not None else {}),
    )

    assert answer.status_code == status
    assert answer.json["message"]
    assert library.model(model.id) == model


# Out and in


def test_a_model_goes_out_and_in_through_the_page(page, build_app, library, model, tmp_path):
    tag_images(library, model, 2)
    site = Site(build_app())
    page.goto(f"{site.address}/models/{model.id}")
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="The whole model").click()
    assert download.value.suggested_filename == "low-stock.zip"
    download.value.save_as(tmp_path / "out.zip")

    page.goto(f"{site.address}/models/import")
    choose_files(page, "#file", tmp_path / "out.zip")

    page.get_by_text("Imported with 2 images.").wait_for()
    page.get_by_role("link", name="Open the model").click()
    page.get_by_role("heading", name="Low stock 2").wait_for()


@pytest.mark.parametrize(("way", "named"), [("COCO", "low-stock-coco.zip"), ("Pascal VOC", "low-stock-voc.zip")])
def test_tagged_images_go_to_other_programs_and_come_from_them(page, build_app, library, model, tmp_path, way, named):
    tag_images(library, model, 2)
    site = Site(build_app())
    page.goto(f"{site.address}/models/{model.id}")
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name=way).click()
    assert download.value.suggested_filename == named
    download.value.save_as(tmp_path / named)
    page.goto(f"{site.address}/models/import")

    choose_files(page, "#file", tmp_path / named)

    page.get_by_text("Imported with 2 images.").wait_for()
    assert [library.counts(one.id).tagged for one in library.models()] == [2, 2]


def test_images_of_a_custom_vision_project_come_in_with_their_regions(page, build_app, library, tmp_path):
    gap = {"tagName": "gap", "left": 0.1, "top": 0.2, "width": 0.3, "height": 0.4}
    listed = [{"id": "f00d", "tags": [{"tagName": "gap"}], "regions": [gap]}, {"id": "beef", "tags": [], "regions": []}]
    with zipfile.ZipFile(tmp_path / "shelf.zip", "w") as file:
        file.writestr("images.json", json.dumps(listed))
        for seed, one in enumerate(listed):
            file.writestr(f"{one['id']}.jpg", encode_jpeg(noise(seed), 90))
    page.goto(f"{Site(build_app()).address}/models/import")

    choose_files(page, "#file", tmp_path / "shelf.zip")

    page.get_by_text("Imported with 2 images.").wait_for()
    page.get_by_role("link", name="Open the model").click()
    page.get_by_text("1 untagged").wait_for()
    (model,) = library.models()
    (image,) = library.images(model.id, tagged=True, limit=9)
    assert library.boxes(image.id)[0].box.to_list() == pytest.approx([0.1, 0.2, 0.4, 0.6])


def test_a_bad_file_is_refused_and_another_may_come(page, build_app, library, tmp_path):
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as file:
        file.writestr("../up.json", "{}")
    page.goto(f"{Site(build_app()).address}/models/import")

    choose_files(page, "#file", tmp_path / "bad.zip")

    page.get_by_text("Nothing was imported. '../up.json': a path inside the file expected.").wait_for()
    assert page.locator("#drop").is_visible()
    assert library.models() == ()


def test_pieces_may_come_again_but_none_may_be_missing(client):
    begun = client.post("/api/imports", json={"name": "a.zip", "size": 6}).json
    path = f"/api/imports/{begun['id']}"

    assert client.put(f"{path}?start=0", data=b"abc").json["received"] == 3
    assert client.put(f"{path}?start=0", data=b"abc").json["received"] == 3
    assert client.put(f"{path}?start=4", data=b"ef").status_code == 409
    assert client.put(f"{path}?start=3", data=b"defg").status_code == 400
    assert client.post(f"{path}/finish").status_code == 409
    assert client.get("/api/imports/none").status_code == 404
    assert client.post("/api/imports", json={"name": "a.zip", "size": 5_000_000_000}).status_code == 400


def test_an_export_of_another_kind_is_not_found(client, model):
    assert client.get(f"/models/{model.id}/export/csv.zip").status_code == 404
    answer = client.get(f"/models/{model.id}/export/coco.zip")
    assert zipfile.ZipFile(io.BytesIO(answer.data)).namelist() == ["annotations.json"]


# The zoo


def test_a_ready_made_model_is_tried_installed_and_removed(page, build_app, workshop, shop):
    page.goto(f"{Site(with_zoo(build_app(endpoint=shop))).address}/zoo/pictures")
    page.locator("#camera").select_option("aisle-4")
    page.get_by_role("button", name="Look now").click()
    page.locator("#found", has_text="%").wait_for()
    assert page.locator("#found").inner_text().count("%") == 5

    page.get_by_role("button", name="Add to this device").click()
    page.get_by_text("It watches every camera of this device now.").wait_for()
    model_id = ready_made("pictures").model_id
    assert list(workshop.packages.live()) == [model_id]
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Add to this device").wait_for()
    assert workshop.packages.live() == {}


def test_a_custom_model_starts_from_some_of_its_objects(page, build_app):
    page.goto(f"{Site(with_zoo(build_app())).address}/zoo/pictures")
    page.get_by_label("Find an object").fill("bottle")
    page.get_by_label("beer bottle").check()
    page.get_by_label("wine bottle").check()

    page.get_by_role("button", name="Create custom model").click()

    page.wait_for_url(re.compile("/models/new"))
    assert page.get_by_label("Objects").input_value() == '"beer bottle", "wine bottle"'
    assert page.get_by_label("Classification").is_checked()


def test_a_camera_that_gives_nothing_is_told_when_trying(build_app, shop):
    client = with_zoo(build_app(endpoint=shop)).test_client()

    answer = client.post("/api/zoo/objects/look", json={"camera": "till-1"})

    assert (answer.status_code, answer.json["code"]) == (503, "camera_lost")
    assert client.put("/api/zoo/none").status_code == 404
