"""Skills to start from, and changes of a skill that is being made."""

import pytest

from edge_common.errors import InvalidInput
from edge_common.skills.document import parse_skill
from edge_common.skills.fitting import misfits
from modules.trainer_agent.skill_edits import (
    ACTION_KINDS,
    STEP_KINDS,
    chain_of,
    fitting_kinds,
    flows_above,
    shaped,
    tidied,
    with_action,
    with_step,
    with_step_moved,
    with_zone,
    with_zone_renamed,
    without_action,
    without_step,
)
from modules.trainer_agent.skill_templates import TEMPLATES, Wish, template

WISH = Wish("Low stock", ("aisle-4", "till-1"), "goods", ("carton",), 3, 10)


def document(name="low-stock", wish=WISH):
    return template(name).build(wish).model_dump(mode="json")


def ids(made):
    return [(step["id"], step.get("of")) for step in made["steps"]]


def problems(made):
    return misfits(chain_of(made))


@pytest.mark.parametrize("one", TEMPLATES, ids=lambda one: one.name)
def test_a_template_makes_a_whole_skill(one):
    made = one.build(WISH)

    assert parse_skill(made.model_dump(mode="json")) == made
    assert all(set(drawn) == {"aisle-4", "till-1"} for drawn in made.zones.values())


def test_low_stock_is_few_goods_or_many_gaps():
    goods = template("low-stock").build(WISH)
    gaps = template("low-stock").build(Wish("Low stock", ("aisle-4",), "goods", ("gap",), 3, 10, gaps=True))

    assert [(step.how, step.than) for step in goods.steps if step.do == "compare"] == [("fewer", 3)]
    assert [(step.how, step.than) for step in gaps.steps if step.do == "compare"] == [("at_least", 3)]


@pytest.mark.parametrize("name", ["low-stock", "left-behind"])
def test_a_step_that_is_offered_at_a_place_fits_there(name):
    made = document(name)

    for at, above in enumerate(flows_above(made)):
        for kind in fitting_kinds(above):
            found = problems(with_step(made, kind, at, ["goods"]))

            assert all("goes on from" in problem for problem in found), (kind, at, found)


def test_a_step_in_between_is_gone_on_from():
    made = with_step(document(), "track", 2, ["goods"])

    assert ids(made)[1:4] == [("keep", "model"), ("track", "keep"), ("count", "track")]
    assert problems(made) == []


def test_a_step_that_needs_tracking_brings_it():
    made = with_step(document("empty"), "crossings", 1, ["goods"])

    assert ids(made) == [("model", None), ("track", "model"), ("crossings", "track"), ("count", "track")]
    assert set(made["zones"]) == {"line"}
    assert all(len(points) == 2 for points in made["zones"]["line"].values())


def test_a_condition_at_the_end_is_what_is_acted_upon():
    made = with_step(document(), "schedule", 5, ["goods"], "Europe/Berlin")

    assert {action["when"] for action in made["actions"]} == {"schedule"}
    assert made["steps"][-1]["time_zone"] == "Europe/Berlin"


def test_a_time_zone_that_nobody_knows_is_left_out():
    assert with_step(document(), "schedule", 5, ["goods"], "../etc")["steps"][-1]["time_zone"] == "UTC"


def test_combine_takes_the_conditions_above():
    assert with_step(document(), "combine", 5, ["goods"])["steps"][-1]["of"] == ["few", "lasting"]


def test_a_step_that_goes_leaves_a_chain():
    without_keep = without_step(document(), 1)
    without_hold = without_step(document(), 4)

    assert ids(without_keep)[:2] == [("model", None), ("count", "model")]
    assert without_keep["zones"] == {}
    assert {action["when"] for action in without_hold["actions"]} == {"few"}
    assert problems(without_keep) == problems(without_hold) == []


def test_neighbours_change_places_in_the_chain():
    made = with_step(document(), "keep", 1, ["goods"])

    moved = with_step_moved(made, 1, 1)

    assert ids(made)[:4] == [("model", None), ("keep-2", "model"), ("keep", "keep-2"), ("count", "keep")]
    assert ids(moved)[:4] == [("model", None), ("keep", "model"), ("keep-2", "keep"), ("count", "keep-2")]
    assert with_step_moved(moved, 2, -1) == made


@pytest.mark.parametrize("kind", ACTION_KINDS)
def test_an_action_waits_for_the_last_condition(kind):
    made = with_action(document(), kind, ["goods"])

    assert made["actions"][-1]["when"] == "lasting"
    assert kind == "post" or parse_skill(made), "an address is for staff to type"
    assert without_action(made, 3) == document()


def test_zones_are_drawn_on_every_camera_and_go_with_their_steps():
    made = with_zone(document(), 1, "door")
    more = tidied({**made, "cameras": ["aisle-4", "till-1", "dairy"]})

    assert set(made["zones"]) == {"door"}
    assert more["zones"]["door"]["dairy"] == more["zones"]["door"]["aisle-4"]
    assert with_zone_renamed(made, "door", "gate")["steps"][1]["zone"] == "gate"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param(lambda: shaped([]), "an object expected", id="no object"),
        pytest.param(lambda: shaped({"steps": {}}), "lists of steps", id="steps are no list"),
        pytest.param(lambda: shaped({"steps": [{"do": "magic", "id": "x"}]}), "lists of steps", id="kind of step"),
        pytest.param(lambda: shaped({"zones": {"a": {"b": [1]}}}), "lists of steps", id="outline"),
        pytest.param(lambda: shaped({"steps": [{"do": "count", "id": "x"}] * 25}), "lists of steps", id="too many"),
        pytest.param(lambda: with_step(document(), "magic", 0, []), "known kind", id="add of no kind"),
        pytest.param(lambda: with_step(document(), "count", 9, []), "at a place", id="add nowhere"),
        pytest.param(lambda: without_step(document(), 9), "from 0 to 4", id="remove nothing"),
        pytest.param(lambda: with_step_moved(document(), 0, -1), "a neighbour", id="move beyond"),
        pytest.param(lambda: with_action(document(), "magic", []), "known kind", id="action of no kind"),
        pytest.param(lambda: without_action(document(), 9), "from 0 to 2", id="no action"),
        pytest.param(lambda: with_zone(document(), 9, "x"), "from 0 to 4", id="zone of no step"),
    ],
)
def test_what_cannot_be_changed_is_refused(change, why):
    with pytest.raises(InvalidInput, match=why):
        change()


def test_half_typed_fields_are_no_hindrance():
    made = document()
    made["steps"][3]["than"] = None

    assert chain_of(made) is None
    assert "hold" in fitting_kinds(flows_above(made)[2])
    assert len(with_step(made, "hold", 5, ["goods"])["steps"]) == 6
    assert set(STEP_KINDS) >= {step["do"] for step in without_step(made, 0)["steps"]}
