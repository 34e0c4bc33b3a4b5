from edge_common.frames import REMOVED
from edge_common.settings import ActionSettings
from edge_common.skills.told import SkillStanding
from modules.inference.skills.standings import seldom_of, skills_report, standing_of
from tests.inference.skills.bench import camera_state, few_left, live_model

LIVE = SkillStanding(id="few", name="Few left", own=False, state="live")


def test_the_first_report_replaces_what_the_start_before_has_reported() -> None:
    assert skills_report(None, ()) == [{"skills": None}]
    first, then = skills_report(None, (LIVE,))

    assert first == {"skills": None}
    assert then == {"skills": {"few": LIVE.model_dump(mode="json", exclude={"id"})}}


def test_a_report_tells_what_changed_and_what_has_gone() -> None:
    off = LIVE.model_copy(update={"state": "off"})
    other = LIVE.model_copy(update={"id": "other"})

    assert skills_report((LIVE, other), (LIVE, other)) == []
    assert skills_report((LIVE, other), (off,)) == [
        {"skills": {"few": off.model_dump(mode="json", exclude={"id"}), "other": None}}
    ]


def test_a_skill_that_is_switched_off_has_no_problems() -> None:
    standing = standing_of("few", few_left(enabled=False), True, {}, (), {}, ActionSettings())

    assert (standing.state, standing.problems, standing.cameras) == ("off", (), {})


def test_a_model_that_knows_none_of_the_tags_is_waited_for() -> None:
    steps = few_left().model_dump(mode="json")["steps"]
    steps[1:2] = [
        {"id": "caps", "do": "keep", "of": "seen", "tags": ["cap"]},
        {"id": "how-many", "do": "count", "of": "caps"},
    ]
    standing = standing_of(
        "few", few_left(steps=steps), True, {}, (live_model(),), {"shelf": camera_state()}, ActionSettings()
    )

    assert standing.state == "waiting"
    assert standing.problems == ("steps.1.tags: of bottle expected, got cap",)


def test_what_can_only_not_be_asked_keeps_nothing_from_looking() -> None:
    asking = few_left(actions=[{"do": "ask", "when": "low", "model": "gone"}])
    standing = standing_of("few", asking, True, {}, (live_model(),), {"shelf": camera_state()}, ActionSettings())

    assert standing.state == "live"
    assert standing.problems == ("actions.0.model: a model of this device expected, got 'gone'",)


def test_a_camera_that_was_removed_is_not_there_and_one_that_is_lost_is() -> None:
    def phase(camera_phase: str, reason: str) -> str:
        cameras = {"shelf": camera_state(phase=camera_phase, reason=reason)}
        standing = standing_of("few", few_left(), True, {}, (live_model(),), cameras, ActionSettings())
        return standing.cameras["shelf"].phase

    assert phase("off", REMOVED) == "waiting"
    assert phase("lost", "no picture") == "watching"


def test_models_that_some_skill_shows_whole_pictures_to_are_not_seldom() -> None:
    steps = [
        {"id": "seen", "do": "model", "model": "bottles"},
        {"id": "kinds", "do": "crop", "of": "seen", "model": "kinds"},
        {"id": "how-many", "do": "count", "of": "kinds"},
        {"id": "low", "do": "compare", "of": "how-many", "how": "fewer", "than": 3},
    ]
    chained = few_left(steps=steps)
    steps_whole = [{"id": "seen", "do": "model", "model": "kinds"}, *few_left().model_dump(mode="json")["steps"][1:]]

    assert seldom_of([chained]) == {"kinds"}
    assert seldom_of([chained.model_copy(update={"enabled": False})]) == frozenset()
    assert seldom_of([chained, few_left(steps=steps_whole)]) == frozenset()
