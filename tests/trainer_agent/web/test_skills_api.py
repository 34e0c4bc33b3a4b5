"""Skills through the client: what they say of themselves, their problems in words, and what is refused."""

import html
import json
import re
from itertools import islice

import pytest

from edge_common.results import InferenceState, ResultPublisher
from edge_common.skills.document import parse_skill
from edge_common.skills.told import CameraStanding, SkillStanding
from modules.trainer_agent.skill_templates import TEMPLATES, Wish, template
from modules.trainer_agent.web.chain_picture import chain_picture
from modules.trainer_agent.web.skill_problems import in_words
from modules.trainer_agent.web.skill_words import watches
from tests.trainer_agent.test_skill_edits import document
from tests.trainer_agent.web.skills.skill_shop import publish_goods
from tests.waiting import wait_for


@pytest.fixture
def goods(workshop):
    publish_goods(workshop.packages)


@pytest.fixture
def spoken(client):
    """A request, in whose language things are said."""
    with client.application.test_request_context():
        yield


def without(made, *fields):
    return {key: value for key, value in made.items() if key not in fields}


def put(client, made, **body):
    return client.put("/api/skills/drafts/new-1", json={"document": made, **body})


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("low-stock", {}, "Fewer than 3 \N{MULTIPLICATION SIGN} carton in 'shelf' for 10 seconds"),
        ("out-of-stock", {}, "No carton in 'shelf' for 10 seconds"),
        ("queue", {}, "More than 3 \N{MULTIPLICATION SIGN} carton in 'queue' for 8 seconds of the last 10 seconds"),
        ("someone", {"seconds": 60}, "Carton in 'zone' for 1 minute"),
        ("left-behind", {"tags": ("bag", "box")}, "Bag or box in 'floor' left for 10 seconds"),
        ("low-stock", {"tags": ()}, "Fewer than 3 things in 'shelf' for 10 seconds"),
        ("passing", {"seconds": 3600}, "How often 'line' is crossed by: carton"),
        ("empty", {}, "How many there are of: anything"),
    ],
)
def test_what_it_watches_is_a_sentence(spoken, name, changes, said):
    wish = Wish(**{"name": "x", "cameras": ("a",), "model": "m", "tags": ("carton",), "number": 3} | changes)

    assert watches(template(name).build(wish)) == said


def test_every_kind_of_step_has_words_a_card_and_a_place_in_the_picture(client, spoken):
    made = document()
    for kind in ("track", "stay", "crossings", "covered", "change", "crop", "compare", "combine", "schedule", "hold"):
        state = put(client, made, change={"kind": "add_step", "do": kind, "at": 2, "time_zone": "UTC"}).json
        at = len(made["steps"])
        if kind in ("combine", "schedule", "hold"):
            change = {"kind": "add_step", "do": kind, "at": at, "time_zone": "UTC"}
            state = put(client, made, change=change).json
        made = state["document"]

    skill = parse_skill({**made, "steps": made["steps"]}) if not state["problems"] else None
    kinds = {step["do"] for step in made["steps"]}
    assert kinds >= {"track", "stay", "crossings", "covered", "change", "combine", "schedule", "hold"}
    assert state["cards"].count("data-step=") == len(made["steps"])
    if skill is not None:
        assert len(chain_picture(skill, {}).text) == len(made["steps"]) + len(made["actions"])


@pytest.mark.parametrize(
    ("change", "place", "said"),
    [
        pytest.param(lambda made: made.update(name=""), "name", "Give it a name.", id="name"),
        pytest.param(lambda made: made.update(cameras=[]), "cameras", "Choose a camera.", id="cameras"),
        pytest.param(lambda made: made["steps"][3].update(than=None), "steps.3.than", "Type a number.", id="number"),
        pytest.param(lambda made: made["steps"][4].update(for_s=-1), "steps.4.for_s", "At least 0.", id="low"),
        pytest.param(
            lambda made: made["steps"][1].update(minimum_confidence=2),
            "steps.1.minimum_confidence",
            "At most 100 %.",
            id="share",
        ),
        pytest.param(
            lambda made: made["steps"][4].update(of_last_s=5),
            "steps.4.of_last_s",
            "It must be at least as long as the time above.",
            id="of a whole step",
        ),
        pytest.param(
            lambda made: made["steps"][2].update(of="lasting"),
            "steps.2.of",
            "It must go on from a step above it.",
            id="circle",
        ),
        pytest.param(
            lambda made: made["steps"][3].update(of="keep"),
            "steps.3.of",
            "It needs a number: add a count above.",
            id="flow",
        ),
        pytest.param(
            lambda made: made["steps"][1].update(zone="door"),
            "steps.1.zone",
            "Choose a zone, or draw a new one.",
            id="zone",
        ),
        pytest.param(
            lambda made: made["zones"]["shelf"].pop("till-1"), "zones.shelf", "Draw it on Till 1, too.", id="camera"
        ),
        pytest.param(
            lambda made: made["zones"]["shelf"].update({"till-1": [[0, 0], [1, 1]]}),
            "zones.shelf.till-1",
            "An area of three points or more is needed on Till 1.",
            id="line for an area",
        ),
        pytest.param(
            lambda made: made["actions"][0].update(when="count"),
            "actions.0.when",
            "It needs a yes or no: add “Is it too few, or too many?” above.",
            id="action",
        ),
        pytest.param(
            lambda made: made["steps"][0].update(model="gone"),
            "steps.0.model",
            "The model 'gone' is not on this device.",
            id="model",
        ),
        pytest.param(
            lambda made: made["steps"][1].update(tags=["cat"]),
            "steps.1.tags",
            "This model does not know: cat.",
            id="tag",
        ),
    ],
)
def test_a_problem_is_told_at_its_field_in_plain_words(client, goods, change, place, said):
    made = document()
    change(made)

    found = put(client, made).json["problems"]

    assert {"place": place, "text": said} in [without(one, "where") for one in found]


def test_a_problem_that_nobody_has_words_for_is_told_as_it_is(spoken):
    assert in_words("steps.0.odd: Extra inputs are not permitted, got 1").text == (
        "This does not fit: Extra inputs are not permitted."
    )
    assert in_words("no place at all").place == ""


def test_a_change_that_fits_is_tried_at_once_and_one_that_does_not_is_not(client, goods):
    made = document()
    assert put(client, made).json["problems"] == []
    drafts = client.application.extensions["services"].skills.own_list
    assert drafts().drafts["new-1"].name == "Low stock"

    put(client, {**made, "name": ""})

    assert drafts().drafts["new-1"].name == "Low stock"


def test_saving_what_needs_a_model_that_is_not_there_is_refused_with_its_place(client):
    answer = client.post("/api/skills", json={"document": document(), "draft": "new-1"})

    assert answer.status_code == 400
    assert answer.json["message"] == "1 · Look with a model: The model 'goods' is not on this device."
    assert answer.json["problems"][0]["place"] == "steps.0.model"


def test_a_skill_is_saved_switched_changed_deleted_and_put_back(client, goods):
    put(client, document())
    skill_id = client.post("/api/skills", json={"document": document(), "draft": "new-1"}).json["id"]
    path = f"/api/skills/{skill_id}"
    phases = lambda: [one["phase"] for one in client.get("/api/skills").json["skills"]]  # noqa: E731

    assert phases() == ["starting"]
    assert client.application.extensions["services"].skills.own_list().drafts == {}
    assert client.put(f"{path}/enabled", json={"enabled": False}).status_code == 200
    assert phases() == ["off"]
    assert change(client, skill_id, edition_of(client, skill_id), name="Milk").status_code == 200
    assert "Milk" in client.get(f"/skills/{skill_id}/edit").text
    assert client.delete(path).status_code == 204
    assert phases() == []
    assert client.post(f"{path}/put-back").status_code == 200
    assert client.get("/api/skills").json["skills"][0]["name"] == "Milk"


def edition_of(client, skill_id):
    """As the editor has it that is opened now."""
    return re.search(r'data-edition="(\w+)"', client.get(f"/skills/{skill_id}/edit").text)[1]


def change(client, skill_id, edition, **fields):
    made = document() | fields
    return client.put(f"/api/skills/{skill_id}", json={"document": made, "draft": "edit-1", "edition": edition})


def test_saving_over_what_another_screen_saved_is_refused_with_that_and_done_when_it_is_meant(client, goods):
    skill_id = client.post("/api/skills", json={"document": document(), "draft": "new-1"}).json["id"]
    begun = edition_of(client, skill_id)
    assert change(client, skill_id, begun, name="Milk").status_code == 200

    refused = change(client, skill_id, begun, name="Cream")

    assert refused.status_code == 409
    assert refused.json["message"] == "This skill was changed on another screen meanwhile."
    assert refused.json["document"]["name"] == "Milk"
    assert "Milk" in client.get(f"/skills/{skill_id}/edit").text
    assert change(client, skill_id, refused.json["edition"], name="Cream").status_code == 200
    assert client.get("/api/skills").json["skills"][0]["name"] == "Cream"


def test_saving_what_another_screen_deleted_is_refused_and_it_can_be_saved_anew(client, goods):
    skill_id = client.post("/api/skills", json={"document": document(), "draft": "new-1"}).json["id"]
    begun = edition_of(client, skill_id)
    client.delete(f"/api/skills/{skill_id}")

    assert change(client, skill_id, begun, name="Milk").status_code == 404
    assert client.get("/api/skills").json["skills"] == []
    assert client.post("/api/skills", json={"document": document(), "draft": "edit-1"}).json["id"] == f"{skill_id}-2"


def test_a_change_that_does_not_say_what_it_began_from_is_refused(client, goods):
    skill_id = client.post("/api/skills", json={"document": document(), "draft": "new-1"}).json["id"]

    answer = client.put(f"/api/skills/{skill_id}", json={"document": document(), "draft": "edit-1"})

    assert (answer.status_code, answer.json["message"]) == (400, "edition: text expected, got None.")


def test_how_a_skill_does_is_what_inference_says(client, goods, tmp_path):
    client.post("/api/skills", json={"document": document(), "draft": "new-1"})
    publisher = ResultPublisher(f"ipc://{tmp_path}/no-results")
    raised = {"lasting": "2026-03-01T09:30:00+00:00"}

    def told(**cameras):
        standing = SkillStanding(id="low-stock", name="x", own=True, state="live", cameras=cameras)
        state = InferenceState(
            models=(), runtime="onnx", frames_per_s=1, inference_ms=1, last_error="", skills=(standing,)
        )
        heard = client.application.extensions["services"].live.results.state
        wait_for(lambda: publisher.publish_state(state) or heard() == state)
        (one,) = client.get("/api/skills").json["skills"]
        return one["phase"], one["why"]

    try:
        watching, waiting = CameraStanding(phase="watching"), CameraStanding(phase="waiting")
        assert told(a=watching, b=waiting) == ("watching", "")
        assert told(a=waiting)[0] == "starting"
        phase, why = told(a=watching, b=CameraStanding(phase="raised", raised=raised))
        assert phase == "alerting"
        assert why.startswith("Since 1 Mar, ")
        home = html.unescape(client.get("/").text)
        assert "'Low stock' is alerting" in home
        assert "Nothing needs your attention" not in home
    finally:
        publisher.close()


def test_a_skill_whose_model_has_gone_waits_for_it(client, goods, workshop):
    client.post("/api/skills", json={"document": document(), "draft": "new-1"})
    (workshop.packages.root / "goods" / "current").unlink()

    (one,) = client.get("/api/skills").json["skills"]

    assert (one["phase"], one["why"]) == ("waiting", "It needs 'goods'.")
    assert "'Low stock' does not watch" in html.unescape(client.get("/").text)


def test_a_skill_of_the_twin_is_shown_and_leads_to_no_editor(client, goods, tmp_path):
    (tmp_path / "settings").mkdir(exist_ok=True)
    (tmp_path / "settings" / "inference.json").write_text(json.dumps({"skills": {"of-twin": document()}}))

    shown = client.get("/skills").text

    assert "Set up by whoever runs this device" in shown
    assert "/skills/of-twin/edit" not in shown
    assert client.get("/skills/of-twin/edit").status_code == 404


def test_skills_and_drafts_are_followed_by_events(client, goods):
    client.post("/api/skills", json={"document": document(), "draft": "new-1"})
    with client.get("/api/skills/events") as answer:
        lines = "".join(part.decode() for part in islice(answer.iter_encoded(), 2))

    (data,) = [line for line in lines.splitlines() if line.startswith("data: ")]
    assert json.loads(data.removeprefix("data: "))["skills"][0]["name"] == "Low stock"
    assert client.get("/api/skills/drafts/new-1").json == {"traces": []}
    assert client.head("/api/skills/drafts/new-1/events").mimetype == "text/event-stream"


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("one", TEMPLATES, ids=lambda one: one.name)
def test_a_template_opens_as_a_document_that_is_right_in_every_language(client, goods, one, language):
    path = f"/skills/new/{one.name}?camera=aisle-4&model=goods&tag=carton"

    page = client.get(path, headers={"Accept-Language": language}).text
    made = json.loads(html.unescape(re.search(r'data-document="([^"]*)"', page)[1]))

    assert put(client, made).json["problems"] == []
    assert list(made["zones"]) != ["shelf"] or language == "en"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/skills/new/magic?camera=a&model=m", 404),
        ("/skills/new/low-stock?model=m", 400),
        ("/skills/new/low-stock?camera=a&model=m&number=many", 400),
        ("/skills/gone/edit", 404),
        ("/skills/gone/copy", 404),
    ],
)
def test_a_page_that_cannot_be_is_refused_in_words(client, path, status):
    answer = client.get(path)

    assert answer.status_code == status
    assert "<h1" in answer.text


@pytest.mark.parametrize(
    "body",
    [
        {"document": []},
        {"document": {"steps": 1}},
        {"document": {}, "change": []},
        {"document": {}, "change": {"kind": "magic"}},
        {"document": {}, "change": {"kind": "move_step", "at": 0, "by": 1}},
    ],
)
def test_what_is_no_document_and_no_change_is_refused(client, body):
    assert client.put("/api/skills/drafts/new-1", json=body).status_code == 400
