"""Candidates, going back, and what a training found out: through the API, and in a real browser."""

import pytest

from tests.trainer_agent.conftest import tag_images, trained
from tests.trainer_agent.web.conftest import Site

WHY = "On the same 15 images the version in use does better: 90 % against 60 %."


@pytest.fixture
def agent(start_agent):
    """An agent whose every version but the first is worse."""
    return start_agent("worse")


@pytest.fixture
def first(library, model, agent):
    """The version of a first training, live."""
    tag_images(library, model, 15)
    return trained(agent, model).version


@pytest.fixture
def candidate(model, agent, first):
    return trained(agent, model).version


def put_live(client, model_id, version):
    return client.put(f"/api/models/{model_id}/live", json={"version": version})


def test_a_candidate_is_put_live_and_the_earlier_one_again(build_app, agent, model, workshop, first, candidate):
    client = build_app(agent).test_client()

    for version in (candidate, first):
        answer = put_live(client, model.id, version)

        assert (answer.status_code, answer.json) == (200, {"version": version})
        assert workshop.packages.current(model.id) == version


@pytest.mark.parametrize(
    ("model_id", "body", "status", "why"),
    [
        pytest.param("{model}", {"version": "v0"}, 404, "there is no package", id="unknown version"),
        pytest.param("gone", {"version": "v0"}, 404, "no model 'gone'", id="unknown model"),
        pytest.param("{model}", {"version": "../v0"}, 400, "version: letters, digits", id="path"),
        pytest.param("{model}", {"version": 3}, 400, "version: text expected, got 3", id="number"),
        pytest.param("{model}", {}, 400, "version: text expected, got None", id="nothing"),
        pytest.param("{model}", [], 400, "A JSON object is expected", id="no object"),
    ],
)
def test_what_cannot_be_put_live_is_refused_in_words(
    build_app, agent, model, workshop, first, model_id, body, status, why
):
    client = build_app(agent).test_client()

    answer = client.put(f"/api/models/{model_id.format(model=model.id)}/live", json=body)

    assert answer.status_code == status
    assert why in answer.json["message"]
    assert workshop.packages.current(model.id) == first


def test_a_damaged_version_is_refused_by_the_name_of_its_file(build_app, agent, model, workshop, first, candidate):
    workshop.packages.model_file(model.id, candidate).unlink()

    answer = put_live(build_app(agent).test_client(), model.id, candidate)

    assert (answer.status_code, answer.json["code"]) == (500, "bad_package")
    assert "model.onnx has sha256 None" in answer.json["message"]
    assert workshop.packages.current(model.id) == first


def test_a_candidate_says_why_it_waits_and_is_used_all_the_same(
    page, build_app, agent, model, workshop, first, candidate
):
    page.goto(f"{Site(build_app(agent)).address}/models/{model.id}/training")
    page.get_by_text("It does not watch yet.").wait_for()
    page.get_by_text(WHY).wait_for()

    page.get_by_role("button", name="Use it all the same").click()

    page.get_by_text("It does not watch yet.").wait_for(state="detached")
    page.get_by_text("Successfully trained model").wait_for()
    assert workshop.packages.current(model.id) == candidate


def test_a_candidate_that_cannot_be_used_says_so_beside_its_button(
    page, build_app, agent, model, workshop, first, candidate
):
    page.goto(f"{Site(build_app(agent)).address}/models/{model.id}/training")
    workshop.packages.model_file(model.id, candidate).unlink()

    page.get_by_role("button", name="Use it all the same").click()

    page.locator("#candidate").get_by_role("alert").get_by_text("model.onnx has sha256 None").wait_for()
    assert page.get_by_role("button", name="Use it all the same").is_enabled()
    assert workshop.packages.current(model.id) == first


def test_the_model_page_lists_versions_and_goes_back_to_an_earlier_one(
    page, build_app, agent, model, workshop, first, candidate
):
    agent.versions.put_live(model.id, candidate)
    newest = trained(agent, model).version
    page.goto(f"{Site(build_app(agent)).address}/models/{model.id}")
    listed = page.locator("#versions li")
    assert [one.locator(".mark").all_inner_texts() for one in listed.all()] == [["Candidate"], ["In use"], []]
    assert [one.get_by_role("button").count() for one in listed.all()] == [1, 0, 1]

    page.get_by_role("button", name="Go back to this").click()

    listed.nth(2).locator(".mark", has_text="In use").wait_for()
    assert workshop.packages.current(model.id) == first
    listed.first.get_by_role("button", name="Put in use").click()
    listed.first.locator(".mark", has_text="In use").wait_for()
    assert workshop.packages.current(model.id) == newest


def test_a_version_whose_files_are_damaged_is_listed_as_such(build_app, agent, model, workshop, first, candidate):
    (workshop.packages.root / model.id / candidate / "manifest.json").write_bytes(b"{")

    text = build_app(agent).test_client().get(f"/models/{model.id}").text

    assert candidate in text
    assert "Its files are damaged; it cannot be used." in text
    assert "Put in use" not in text


def test_a_model_with_the_live_version_alone_has_nothing_to_choose(build_app, agent, model, first):
    assert "versions-title" not in build_app(agent).test_client().get(f"/models/{model.id}").text


def test_an_only_version_that_waits_can_be_put_live(build_app, library, model, start_agent, workshop):
    tag_images(library, model, 15)
    agent = start_agent(promotion="never")
    trained(agent, model)

    text = build_app(agent).test_client().get(f"/models/{model.id}").text

    assert workshop.packages.current(model.id) is None
    assert "Put in use" in text


def test_findings_of_a_version_that_is_not_kept_any_more_are_left_out(
    build_app, agent, model, workshop, first, candidate
):
    workshop.packages.discard(model.id, candidate)

    text = build_app(agent).test_client().get(f"/models/{model.id}/training").text

    assert "Successfully trained model" in text
    assert "Use it all the same" not in text


@pytest.fixture
def findings(library, model, start_agent):
    """An agent whose version was wrong about images and has advice, trained."""
    tag_images(library, model, 15)
    agent = start_agent("wrong+doubts+alike")
    trained(agent, model)
    return agent


@pytest.mark.parametrize(
    ("caption", "position"),
    [
        pytest.param("1 missed, 2 false alarms", 0, id="wrong"),
        pytest.param("'low stock', or 'another'?", 0, id="another tag"),
        pytest.param("'low stock' not seen", 1, id="not seen"),
        pytest.param("'low stock' forgotten?", 2, id="forgotten"),
        pytest.param("like another", 14, id="like another"),
    ],
)
def test_an_image_that_was_found_wrong_leads_to_its_tagging(
    page, build_app, library, model, findings, caption, position
):
    image = library.images(model.id, tagged=True, limit=1, offset=14 - position)[0]
    page.goto(f"{Site(build_app(findings)).address}/models/{model.id}/training")
    link = page.get_by_role("link", name=caption)
    shown = link.get_by_role("img", name=image.name)
    shown.scroll_into_view_if_needed()
    page.wait_for_function("image => image.naturalWidth > 0", arg=shown.element_handle())

    link.click()

    page.wait_for_url(f"**/models/{model.id}/images/{image.id}")
    assert page.locator("#picture").get_attribute("src").endswith(f"{image.digest}.jpg")


def test_images_deleted_since_are_not_shown(build_app, library, model, findings):
    for image in library.images(model.id, tagged=True, limit=20):
        library.delete_image(image.id)

    text = build_app(findings).test_client().get(f"/models/{model.id}/training").text

    assert "Successfully trained model" in text
    assert "Where it was wrong" not in text
    assert "A second look" not in text


def test_the_learning_curve_tells_its_figures_without_eyes(page, build_app, library, model, agent, first):
    site = Site(build_app(agent))
    page.goto(f"{site.address}/models/{model.id}/training")
    assert page.get_by_role("heading", name="Score by number of images").count() == 0

    tag_images(library, model, 3, first=15)
    trained(agent, model)

    page.get_by_role("img", name="14 images: 87 %, 17 images: 87 %", exact=True).wait_for()
    assert page.locator(".curve circle").count() == 2
    assert page.locator(".curve circle.kept-back").count() == 1
