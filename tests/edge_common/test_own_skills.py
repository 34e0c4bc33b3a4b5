import json
import logging
import stat
from pathlib import Path

import pytest

from edge_common import own_skills
from edge_common.errors import ConfigError, Conflict, EdgeError, NotFound
from edge_common.own_skills import MOST_DRAFTS, MOST_REMOVED, PLACE, OwnSkillList, OwnSkills, wanted_skills
from edge_common.skills.document import MOST_SKILLS, Skill, parse_skill


def skill(name: str = "Few left", than: int = 3) -> Skill:
    steps = [
        {"id": "seen", "do": "model", "model": "bottles"},
        {"id": "how-many", "do": "count", "of": "seen"},
        {"id": "few", "do": "compare", "of": "how-many", "how": "fewer", "than": than},
    ]
    return parse_skill(
        {"name": name, "cameras": ["shelf"], "steps": steps, "actions": [{"do": "event", "when": "few"}]}
    )


LOW, QUEUE = skill(), skill("Long queue", 9)


@pytest.fixture
def own(tmp_path: Path) -> OwnSkills:
    return OwnSkills(tmp_path / PLACE)


def test_what_is_put_there_is_there_for_another_reader(own: OwnSkills, tmp_path: Path) -> None:
    own.put("low", QUEUE)
    own.put("queue", QUEUE)
    own.put("low", LOW)

    assert OwnSkills(tmp_path / PLACE).read().skills == {"low": LOW, "queue": QUEUE}


def test_nobody_else_may_look_into_the_folder(own: OwnSkills, tmp_path: Path) -> None:
    own.put("low", LOW)

    assert stat.S_IMODE((tmp_path / PLACE).parent.stat().st_mode) == 0o700


def test_a_removed_skill_comes_back_as_it_was(own: OwnSkills) -> None:
    own.put("low", LOW)
    own.remove("low")
    assert own.read().skills == {}

    own.put_back("low")

    assert own.read() == OwnSkillList(skills={"low": LOW})


def test_only_those_removed_last_are_kept(own: OwnSkills) -> None:
    for number in range(MOST_REMOVED + 1):
        own.put(f"skill-{number}", LOW)
        own.remove(f"skill-{number}")

    assert list(own.read().removed) == [f"skill-{number}" for number in range(1, MOST_REMOVED + 1)]


def test_a_skill_that_is_not_there_is_not_found(own: OwnSkills) -> None:
    for act in (own.remove, own.put_back):
        with pytest.raises(NotFound, match="no skill 'gone'"):
            act("gone")


def test_what_has_been_replaced_is_not_put_back_over_it(own: OwnSkills) -> None:
    own.put("low", LOW)
    own.remove("low")
    own.put("low", QUEUE)

    with pytest.raises(Conflict, match="another skill 'low'"):
        own.put_back("low")


def test_there_are_so_many_at_most(own: OwnSkills) -> None:
    for number in range(MOST_SKILLS):
        own.put(f"skill-{number}", LOW)

    with pytest.raises(Conflict, match=f"{MOST_SKILLS} skills already"):
        own.put("one-more", LOW)
    own.put("skill-0", QUEUE)

    assert own.read().skills["skill-0"] == QUEUE


def test_what_can_be_no_id_is_refused_before_it_is_written(own: OwnSkills) -> None:
    with pytest.raises(ConfigError, match="Low stock"):
        own.put("Low stock", LOW)

    assert own.read() == OwnSkillList()


def test_a_draft_ends_when_nobody_writes_it_any_more(own: OwnSkills, monkeypatch: pytest.MonkeyPatch) -> None:
    own.draft("low", LOW)
    list_then = own.read()
    at_s = list_then.drafted_s["low"]

    assert list_then.open_drafts(at_s + own_skills.DRAFT_LASTS_S - 1) == {"low": LOW}
    assert list_then.open_drafts(at_s + own_skills.DRAFT_LASTS_S) == {}
    assert list_then.open_drafts(at_s - 1e6) == {}

    monkeypatch.setattr(own_skills, "DRAFT_LASTS_S", -1.0)
    own.draft("queue", QUEUE)

    assert list(own.read().drafts) == ["queue"]


def test_a_draft_that_is_written_again_goes_on(own: OwnSkills) -> None:
    own.draft("low", LOW)
    before_s = own.read().drafted_s["low"]
    own.draft("low", QUEUE)

    assert own.read().drafts == {"low": QUEUE}
    assert own.read().drafted_s["low"] > before_s


def test_a_draft_ends_with_its_skill_put_live_or_when_it_is_dropped(own: OwnSkills) -> None:
    own.draft("low", LOW)
    own.draft("queue", QUEUE)
    own.put("low", LOW)
    own.drop_draft("queue")
    own.drop_draft("queue")

    assert own.read() == OwnSkillList(skills={"low": LOW})


def test_of_too_many_drafts_the_oldest_ends(own: OwnSkills) -> None:
    for number in range(MOST_DRAFTS + 1):
        own.draft(f"skill-{number}", LOW)

    now = own.read()
    assert list(now.drafts) == list(now.drafted_s) == [f"skill-{number}" for number in range(1, MOST_DRAFTS + 1)]


@pytest.mark.parametrize("text", ["{", "[]", '{"skills": {"low": {"name": "Low"}}}', '{"other": 1}'])
def test_a_damaged_file_is_neither_used_nor_replaced(own: OwnSkills, tmp_path: Path, text: str) -> None:
    (tmp_path / PLACE).write_text(text)

    for act in (own.read, own.news, lambda: own.put("low", LOW)):
        with pytest.raises(ConfigError, match="mend the file or delete it"):
            act()

    assert (tmp_path / PLACE).read_text() == text


def test_a_problem_is_told_with_its_place(own: OwnSkills, tmp_path: Path) -> None:
    body = LOW.model_dump(mode="json")
    body["steps"][1]["of"] = "few"
    (tmp_path / PLACE).write_text(json.dumps({"skills": {"low": body}}))

    with pytest.raises(ConfigError, match=r"skills\.low\.steps\.1\.of: a step above this one expected"):
        own.read()


def test_news_come_once_for_each_change(own: OwnSkills) -> None:
    assert own.news() == OwnSkillList()
    assert own.news() is None

    own.put("low", LOW)

    assert own.news() == OwnSkillList(skills={"low": LOW})
    assert own.news() is None


def test_a_list_that_cannot_be_written_is_told(own: OwnSkills, tmp_path: Path) -> None:
    (tmp_path / PLACE).mkdir()

    with pytest.raises((EdgeError, OSError)):
        own.put("low", LOW)


def test_the_twin_wins_over_the_page() -> None:
    both = wanted_skills({"low": LOW}, OwnSkillList(skills={"low": QUEUE, "queue": QUEUE}))

    assert both.skills == {"low": LOW, "queue": QUEUE}
    assert both.own == {"queue"}


def test_what_is_more_than_there_may_be_is_left_out_of_the_pages(caplog: pytest.LogCaptureFixture) -> None:
    twin = {f"skill-{number}": LOW for number in range(MOST_SKILLS - 1)}

    with caplog.at_level(logging.ERROR):
        both = wanted_skills(twin, OwnSkillList(skills={"a": QUEUE, "b": QUEUE}))

    assert len(both.skills) == MOST_SKILLS
    assert both.own == {"a"}
    assert "skill b is left out" in caplog.text
