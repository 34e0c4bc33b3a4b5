import json

import pytest

from edge_common.hub import LocalHub
from edge_common.methods import MethodDesk
from modules.trainer_agent.methods import ModelMethods
from tests.trainer_agent.conftest import ended, tag_images, trained
from tests.waiting import wait_for


@pytest.fixture
def hub(tmp_path):
    return LocalHub(tmp_path / "cloud")


@pytest.fixture
def desk_of(library, workshop, hub):
    return lambda agent: MethodDesk(ModelMethods(library, agent, workshop.packages, hub).methods)


def test_a_training_that_is_asked_for_is_told_in_the_twin_until_its_end(library, model, start_agent, desk_of, tmp_path):
    tag_images(library, model, 15)
    agent = start_agent()
    desk = desk_of(agent)

    answer = desk.answer("train", {"modelId": model.id, "requestId": "r1"})

    assert (answer.status, answer.payload["modelId"]) == (202, model.id)
    state = ended(agent, model.id)
    assert desk.answer("train", {"modelId": model.id, "requestId": "r1"}) == answer
    path = tmp_path / "cloud" / "reported.json"

    def told():
        return json.loads(path.read_bytes())["methods"]["train"][model.id] if path.exists() else {}

    wait_for(lambda: told().get("phase") == "trained")
    assert (told()["phase"], told()["fraction"], told()["started"]) == ("trained", 1.0, state.started)


def test_what_cannot_be_trained_is_refused_with_the_reason(model, start_agent, desk_of):
    desk = desk_of(start_agent())

    few, unknown = desk.answer("train", {"modelId": model.id}), desk.answer("train", {"modelId": "nothing"})

    assert (few.status, few.payload["error"]["code"]) == (409, "not_enough_tags")
    assert unknown.status == 404


def test_models_are_listed_and_versions_are_put_in_use(library, model, workshop, start_agent, desk_of):
    tag_images(library, model, 15)
    agent = start_agent()
    desk = desk_of(agent)
    nothing_before = desk.answer("rollback", {"modelId": model.id})
    old, new = trained(agent, model).version, trained(agent, model).version

    back = desk.answer("rollback", {"modelId": model.id})

    assert nothing_before.status == 409
    assert (back.status, back.payload["version"]) == (200, old)
    (listed,) = desk.answer("listModels", None).payload
    assert (listed["modelId"], listed["current"], listed["versions"]) == (model.id, old, [old, new])
    assert desk.answer("activate", {"modelId": model.id, "version": new}).status == 200
    assert workshop.packages.current(model.id) == new
    assert desk.answer("activate", {"modelId": model.id, "version": "none"}).status == 404
    assert desk.answer("activate", {"modelId": model.id}).status == 400
