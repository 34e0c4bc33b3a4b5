"""What programs get when they ask for proposals, and when they say that there is nothing to tag."""

import pytest

from edge_common.geometry import Box
from tests.inference.tiny_models import publish_model
from tests.trainer_agent.conftest import add_image, box_id, tag_images
from tests.trainer_agent.learning.coloured import GREEN, shelf
from tests.trainer_agent.web.proposing import FOUND, add_shelf, put_live, shelves_of
from tests.waiting import wait_for


@pytest.fixture
def shelves(library):
    return shelves_of(library)


def proposals(client, image):
    answer = client.get(f"/api/images/{image.id}/proposals")
    assert answer.status_code == 200
    return answer.json


def test_proposals_are_tags_boxes_and_confidences_the_surest_first(client, library, shelves, workshop):
    put_live(workshop.packages, shelves)
    green, red = (tag.id for tag in shelves.tags)

    answer = proposals(client, add_shelf(library, shelves))

    assert answer["source"] == "live"
    assert sorted(one["tag"] for one in answer["proposals"]) == [green, red, red]
    last = answer["proposals"][-1]
    assert (last["tag"], last["box"]) == (red, pytest.approx(FOUND["paler"], abs=0.01))
    assert last["confidence"] == pytest.approx(180 / 255, abs=0.02)


def test_without_a_model_there_are_none(client, library, model):
    assert proposals(client, add_image(library, model, 1)) == {"source": "none", "proposals": []}


def test_a_label_that_is_no_tag_any_more_is_left_out(client, library, shelves, workshop):
    put_live(workshop.packages, shelves)
    library.remove_tag(shelves.id, shelves.tags[1].id)

    answer = proposals(client, add_shelf(library, shelves))

    assert [one["tag"] for one in answer["proposals"]] == [shelves.tags[0].id]


def test_what_is_drawn_already_is_left_out(client, library, shelves, workshop):
    put_live(workshop.packages, shelves)
    image = add_shelf(library, shelves)
    for number, corners in enumerate((FOUND["green"], FOUND["paler"])):
        library.put_box(image.id, box_id(number), shelves.tags[0].id, Box(*corners))

    (left,) = proposals(client, image)["proposals"]

    assert left["box"] == pytest.approx(FOUND["red"], abs=0.01)


def test_a_picture_that_is_to_be_classified_has_proposals_without_boxes(client, library, workshop):
    colours = library.create_model("Colours", "classification", ["blue", "green", "red"], automatic=False)
    names = tuple(tag.name for tag in colours.tags)
    publish_model(workshop.packages, "1", model_id=colours.id, kind="classification", labels=names)
    green = shelf(GREEN, Box(0, 0, 1, 1))
    image = library.add_image(colours.id, green, "green.jpg", "upload", camera=None, taken_ns=1)

    (one,) = proposals(client, image)["proposals"]

    assert (one["tag"], one["box"]) == (colours.tags[1].id, None)


def test_a_version_that_is_damaged_is_told_in_words(client, library, shelves, workshop):
    put_live(workshop.packages, shelves)
    workshop.packages.model_file(shelves.id, "1").write_bytes(b"worn out")

    answer = client.get(f"/api/images/{add_shelf(library, shelves).id}/proposals")

    assert (answer.status_code, answer.json["code"]) == (500, "bad_package")
    assert "model.onnx has sha256" in answer.json["message"]


def test_proposals_for_an_image_that_is_gone_are_not_found(client):
    answer = client.get("/api/images/99/proposals")

    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert "There is no image 99" in answer.json["message"]


def test_a_draft_proposes_after_the_third_image_is_done(client, library, model):
    tag_images(library, model, 3)
    third = library.images(model.id, tagged=True, limit=1)[0]

    client.post(f"/api/images/{third.id}/done")

    wait_for_a_draft(client, model)


def wait_for_a_draft(client, model):
    packages = client.application.extensions["services"].drafts.packages
    wait_for(lambda: packages.current(model.id))


def test_saying_that_there_is_nothing_makes_an_image_tagged_and_takes_it_back(client, library, model):
    path = f"/api/images/{add_image(library, model, 1).id}/nothing"

    said = client.put(path, json={"nothing": True})
    again = client.put(path, json={"nothing": True})
    taken_back = client.put(path, json={"nothing": False})

    assert [answer.status_code for answer in (said, again, taken_back)] == [200, 200, 200]
    assert [answer.json["tagged"] for answer in (said, again, taken_back)] == [True, True, False]


def test_nothing_on_the_third_image_is_the_end_of_it_and_makes_a_draft(client, library, model):
    tag_images(library, model, 2)
    third = add_image(library, model, 9)

    client.put(f"/api/images/{third.id}/nothing", json={"nothing": True})

    wait_for_a_draft(client, model)


def test_nothing_on_the_image_that_makes_the_minimum_starts_the_training(build_app, library, start_agent):
    model = library.create_model("Gaps", "detection", ["gap"], automatic=True)
    agent = start_agent("0.2", settle_s=60)
    client = build_app(agent).test_client()
    tag_images(library, model, 14)
    image = add_image(library, model, 20)

    client.put(f"/api/images/{image.id}/nothing", json={"nothing": True})

    assert agent.wait_for_change(model.id, 0, 5).active


@pytest.mark.parametrize(
    ("image", "body", "status", "why"),
    [
        pytest.param(1, {"nothing": True}, 409, "shelf-1.jpg: something is tagged in it", id="a box is drawn"),
        pytest.param(1, {"nothing": 1}, 400, "nothing: true or false expected, got 1", id="a number"),
        pytest.param(1, {}, 400, "nothing: true or false expected, got None", id="not said"),
        pytest.param(1, [], 400, "JSON object", id="no object"),
        pytest.param(99, {"nothing": True}, 404, "no image 99", id="image gone"),
    ],
)
def test_what_cannot_be_said_is_refused_in_words(client, library, model, image, body, status, why):
    there = add_image(library, model, 1)
    library.put_box(there.id, box_id(1), model.tags[0].id, Box(0.1, 0.2, 0.5, 0.6))

    answer = client.put(f"/api/images/{image}/nothing", json=body)

    assert answer.status_code == status
    assert why in answer.json["message"]
