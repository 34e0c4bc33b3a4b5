"""Which version of a model is live: what the agent puts live by itself, and what staff do."""

import json

import pytest

from edge_common.errors import InvalidInput, NotFound, PackageError
from tests.trainer_agent.conftest import ended, tag_images, trained
from tests.waiting import PATIENCE_S


@pytest.fixture
def first(library, model, start_agent):
    """The version of a first training, live."""
    tag_images(library, model, 15)
    agent = start_agent()
    version = trained(agent, model).version
    agent.close()
    return version


def wait_until_it_runs(agent, model):
    while agent.state(model.id).fraction == 0:
        agent.wait_for_change(model.id, agent.state(model.id).number, PATIENCE_S)


WORSE = "On the same 15 images the version in use does better: 90 % against 60 %."


def test_a_version_that_is_worse_stays_a_candidate_and_everybody_is_told_why(model, first, workshop, start_agent):
    agent = start_agent("worse")

    state = trained(agent, model)

    assert (state.phase, state.kept_back, state.message) == ("trained", WORSE, "")
    assert workshop.packages.current(model.id) == first
    assert workshop.packages.versions(model.id) == [first, state.version]
    agent.close()
    event = workshop.messages()[-1]
    assert (event["event"], event["model_version"], event["kept_back"]) == ("trained", state.version, WORSE)
    assert (event["comparison"]["live_version"], event["comparison"]["live_value"]) == (first, 0.9)
    reported = json.loads((workshop.folder / "twin" / "reported.json").read_text())["trainings"][model.id]
    assert (reported["model_version"], reported["kept_back"]) == (state.version, WORSE)


def test_a_candidate_is_one_after_a_restart_too(model, first, workshop, start_agent):
    agent = start_agent("worse")
    before = trained(agent, model)
    agent.close()

    after = start_agent().state(model.id)

    assert (after.phase, after.version, after.kept_back) == ("trained", before.version, WORSE)
    assert workshop.packages.current(model.id) == first


def test_a_version_that_is_not_worse_goes_live(model, first, workshop, start_agent):
    agent = start_agent("better")

    state = trained(agent, model)

    assert (state.version > first, state.kept_back) == (True, "")
    assert workshop.packages.current(model.id) == state.version
    agent.close()
    assert workshop.messages()[-1]["kept_back"] == ""


def test_where_versions_always_go_live_a_worse_one_does(model, first, workshop, start_agent):
    state = trained(start_agent("worse", promotion="always"), model)

    assert state.kept_back == ""
    assert workshop.packages.current(model.id) == state.version


def test_where_versions_never_go_live_the_first_one_waits_too(library, model, workshop, start_agent):
    tag_images(library, model, 15)

    state = trained(start_agent(promotion="never"), model)

    assert "do not go live by themselves" in state.kept_back
    assert workshop.packages.current(model.id) is None
    assert workshop.packages.versions(model.id) == [state.version]


def test_staff_put_a_candidate_live_and_go_back_again(model, first, workshop, start_agent):
    agent = start_agent("worse")
    candidate = trained(agent, model).version

    agent.versions.put_live(model.id, candidate)
    assert workshop.packages.current(model.id) == candidate
    agent.versions.put_live(model.id, first)

    assert workshop.packages.current(model.id) == first
    agent.close()
    told = [body for body in workshop.messages() if body["event"] == "put live"]
    assert [(body["model_id"], body["model_version"]) for body in told] == [(model.id, candidate), (model.id, first)]


def test_the_next_training_is_compared_with_what_staff_put_live(model, first, workshop, start_agent):
    agent = start_agent("worse")
    candidate = trained(agent, model).version
    agent.versions.put_live(model.id, candidate)

    trained(agent, model)

    agent.close()
    assert workshop.messages()[-1]["comparison"]["live_version"] == candidate


@pytest.mark.parametrize(
    ("way", "promotion"),
    [
        pytest.param("0.5+better", "if_better", id="compared with the version before"),
        pytest.param("0.5", "if_better", id="compared with nothing"),
        pytest.param("0.5", "always", id="where versions always go live"),
    ],
)
def test_a_version_that_staff_put_live_during_a_training_stays_live(
    model, first, workshop, start_agent, way, promotion
):
    candidate = trained(start_agent("worse"), model).version
    agent = start_agent(way, promotion=promotion)
    agent.train(model.id)
    wait_until_it_runs(agent, model)

    agent.versions.put_live(model.id, candidate)
    state = ended(agent, model.id)

    assert workshop.packages.current(model.id) == candidate
    assert (state.phase, state.kept_back) == (
        "trained",
        "Another version was put in use while this one was being trained.",
    )
    assert state.version in workshop.packages.versions(model.id)


def test_the_first_version_that_staff_put_live_during_a_training_stays_live(library, model, workshop, start_agent):
    tag_images(library, model, 15)
    candidate = trained(start_agent(promotion="never"), model).version
    agent = start_agent("0.5")
    agent.train(model.id)
    wait_until_it_runs(agent, model)

    agent.versions.put_live(model.id, candidate)
    state = ended(agent, model.id)

    assert workshop.packages.current(model.id) == candidate
    assert state.kept_back.startswith("Another version was put in use")


@pytest.mark.parametrize(
    ("version", "error", "why"),
    [
        pytest.param("v0", NotFound, "there is no package", id="never made"),
        pytest.param("../other", InvalidInput, "version: letters", id="outside of the folder"),
        pytest.param("", InvalidInput, "version: letters", id="no name"),
    ],
)
def test_a_version_that_is_not_there_cannot_be_put_live_and_nothing_changes(
    model, first, workshop, start_agent, version, error, why
):
    agent = start_agent()
    before = workshop.messages()

    with pytest.raises(error, match=why):
        agent.versions.put_live(model.id, version)

    assert workshop.packages.current(model.id) == first
    assert workshop.messages() == before


def test_a_damaged_version_cannot_be_put_live_and_nothing_changes(model, first, workshop, start_agent):
    agent = start_agent("worse")
    candidate = trained(agent, model).version
    workshop.packages.model_file(model.id, candidate).write_bytes(b"another model")

    with pytest.raises(PackageError, match=r"model\.onnx has sha256"):
        agent.versions.put_live(model.id, candidate)

    assert workshop.packages.current(model.id) == first


def test_a_version_of_a_model_that_is_not_there_is_not_found(start_agent):
    with pytest.raises(NotFound, match="no model 'gone'"):
        start_agent().versions.put_live("gone", "v0")


def test_candidates_count_among_the_kept_versions_and_the_live_one_always_stays(model, first, workshop, start_agent):
    agent = start_agent("worse")

    candidates = [trained(agent, model).version for _ in range(6)]

    agent.close()
    assert workshop.packages.versions(model.id) == [first, *candidates[-4:]]
