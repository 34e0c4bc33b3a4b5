"""Skills of the page and of the twin, and what is heard of them."""

import json
import time

import pytest

from edge_common.errors import ConfigError, NotFound
from edge_common.own_skills import PLACE, OwnSkills
from edge_common.results import ResultPublisher
from edge_common.skill_feed import SkillFeed
from edge_common.skills.told import SkillTrace, StepState
from modules.trainer_agent.showroom import Showroom
from modules.trainer_agent.skill_templates import Wish, template
from modules.trainer_agent.skill_watch import SkillWatch
from modules.trainer_agent.skills import ChangedMeanwhile, Skills, edition, new_id
from tests.inference.tiny_models import publish_model

SKILL = template("out-of-stock").build(Wish("Milk", ("aisle-4",), "goods", ("carton",)))


@pytest.fixture
def twin(tmp_path):
    """Inference's last good settings."""
    return tmp_path / "settings" / "inference.json"


@pytest.fixture
def skills(workshop, twin, tmp_path):
    showroom = Showroom(tmp_path / "no-zoo", workshop.packages)
    return Skills(OwnSkills(tmp_path / PLACE), twin, workshop.packages, showroom)


def set_twin(twin, **skills):
    twin.parent.mkdir(exist_ok=True)
    twin.write_text(json.dumps({"skills": {one: skill.model_dump(mode="json") for one, skill in skills.items()}}))


@pytest.fixture
def goods(workshop):
    publish_model(workshop.packages, "1", model_id="goods", labels=("carton",), thresholds={"carton": 0.5})


def test_a_new_skill_is_kept_by_its_name(skills, goods):
    assert [skills.add(SKILL, "new-1"), skills.add(SKILL, "new-2")] == ["milk", "milk-2"]
    assert skills.every() == {"milk": (SKILL, True), "milk-2": (SKILL, True)}


def test_one_that_needs_what_is_not_there_is_refused(skills):
    with pytest.raises(ConfigError, match=r"steps\.0\.model: a model of this device expected, got 'goods'"):
        skills.add(SKILL, "new-1")

    assert skills.every() == {}


def test_a_skill_of_the_twin_wins_and_is_not_changed_here(skills, goods, twin):
    skills.add(SKILL, "new-1")
    of_twin = SKILL.model_copy(update={"name": "Of the twin"})
    set_twin(twin, milk=of_twin)

    assert skills.every() == {"milk": (of_twin, False)}
    for change in (
        lambda: skills.change("milk", SKILL, edition(SKILL), "edit-1"),
        lambda: skills.switch("milk", False),
        lambda: skills.remove("milk"),
    ):
        with pytest.raises(NotFound, match="can be changed here"):
            change()


@pytest.mark.parametrize("damage", ["{", "[]", '{"skills": {"x": {}}}'])
def test_settings_that_cannot_be_read_hide_no_skill_of_the_page(skills, goods, twin, damage):
    twin.parent.mkdir(exist_ok=True)
    twin.write_text(damage)
    skills.add(SKILL, "new-1")

    assert list(skills.every()) == ["milk"]


def test_a_skill_is_switched_changed_deleted_and_put_back(skills, goods):
    skills.add(SKILL, "new-1")
    skills.draft("edit-1", SKILL)

    skills.change("milk", SKILL.model_copy(update={"name": "Cream"}), edition(SKILL), "edit-1")
    skills.switch("milk", False)
    skills.remove("milk")
    assert (skills.every(), list(skills.own_list().drafts)) == ({}, [])

    skills.put_back("milk")
    found, _own = skills.every()["milk"]
    assert (found.name, found.enabled) == ("Cream", False)


def test_what_was_changed_meanwhile_is_not_overwritten_unless_it_was_seen(skills, goods):
    skills.add(SKILL, "new-1")
    cream, whey = (SKILL.model_copy(update={"name": name}) for name in ("Cream", "Whey"))
    skills.change("milk", cream, edition(SKILL), "edit-1")

    with pytest.raises(ChangedMeanwhile, match="changed on another screen meanwhile") as refused:
        skills.change("milk", whey, edition(SKILL), "edit-2")

    assert refused.value.skill == skills.own("milk") == cream
    # An answer that was lost on the way is no conflict.
    skills.change("milk", cream, edition(SKILL), "edit-1")
    skills.change("milk", whey, edition(cream), "edit-2")
    assert skills.own("milk") == whey
    skills.switch("milk", False)
    with pytest.raises(ChangedMeanwhile):
        skills.change("milk", whey, edition(whey), "edit-2")


@pytest.mark.parametrize(
    ("name", "made"), [("Müsli & Co.", "musli-co"), ("???", "skill"), ("x" * 64, "x" * 40), ("Taken", "taken-2")]
)
def test_an_id_says_the_name(name, made):
    assert new_id(name, {"taken"}) == made


def trace(number, camera="aisle-4", **changes):
    steps = {"count": StepState(number=number)}
    values = {"skill": "milk", "draft": True, "camera": camera, "frame_id": "1", "taken_ns": 1, "steps": steps}
    return SkillTrace(**values | changes)


def test_what_a_draft_lets_through_is_heard_newest_first_and_once(tmp_path):
    publisher = ResultPublisher(f"ipc://{tmp_path}/results")
    watch = SkillWatch(SkillFeed(f"ipc://{tmp_path}/results"))
    try:
        deadline_s = time.monotonic() + 5
        while not watch.after("milk", draft=True, number=0, timeout_s=0.05):
            assert time.monotonic() < deadline_s
            publisher.publish_told(trace(0))
        for told in (trace(1), trace(2), trace(7, draft=False), trace(9, skill="cream"), trace(3, "till-1")):
            publisher.publish_told(told)
        seen, heard = 0, {}
        while set(heard) != {"aisle-4", "till-1"} or heard["aisle-4"] != 2:
            assert time.monotonic() < deadline_s
            for one in watch.after("milk", draft=True, number=seen, timeout_s=1):
                seen, heard[one.trace.camera] = one.number, one.trace.steps["count"].number

        assert heard == {"aisle-4": 2, "till-1": 3}
        assert watch.after("milk", draft=True, number=seen, timeout_s=0.1) == ()
    finally:
        watch.close()
        publisher.close()
