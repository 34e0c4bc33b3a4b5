import json
import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from edge_common.asked_frames import PLACE as ASKED
from edge_common.asked_frames import AskedFrames
from edge_common.own_skills import PLACE as OWN
from edge_common.settings import InferenceSettings
from edge_common.skill_feed import PICTURES_PLACE, SkillFeed
from edge_common.skills.told import SkillEvent, SkillTrace
from modules.inference.skills.arrivals import Arrival
from modules.inference.skills.ledger import PLACE as LEDGER
from tests.inference.skills.bench import SkillBench, camera_state, few_left, live_model, result
from tests.waiting import wait_for

BOTH = [{"do": "alert", "when": "low"}, {"do": "event", "when": "low", "text": "Look there"}]


def test_an_alert_is_raised_once_and_cleared_with_the_same_id(bench: SkillBench) -> None:
    bench.own.put("few", few_left())
    bench.start()
    for bottles in (5, 2, 2, 1, 5, 5):
        bench.show(bottles)

    wait_for(lambda: len(bench.alerts()) == 2)
    (raised, first), (cleared, second) = bench.alerts()
    assert (first, second) == ("raised", "cleared")
    assert raised == cleared
    body = bench.bodies()[0]
    assert (body["skill_name"], body["camera"], body["severity"], body["text"]) == (
        "Few left",
        "shelf",
        "critical",
        "Fill up",
    )
    assert body["numbers"] == {"how-many": 2.0}
    assert (body["model_id"], body["model_version"]) == ("bottles", "4")
    assert len(body["detections"]) == 2


def test_the_next_raise_has_another_id(bench: SkillBench) -> None:
    bench.own.put("few", few_left())
    bench.start()
    for bottles in (2, 5, 2):
        bench.show(bottles)

    wait_for(lambda: len(bench.alerts()) == 3)
    assert len({alert_id for alert_id, _ in bench.alerts()}) == 2


@pytest.mark.parametrize("seed", range(4))
def test_a_restart_at_any_point_gives_the_same_alerts(tmp_path: Path, sockets: Path, seed: int) -> None:
    chance = random.Random(seed)
    shown = [chance.choice((1, 5)) for _ in range(25)]
    expected, raised = [], False
    for bottles in shown:
        if (bottles < 3) != raised:
            raised = bottles < 3
            expected.append("raised" if raised else "cleared")

    bench = SkillBench(tmp_path, sockets)
    bench.own.put("few", few_left())
    bench.start()
    for bottles in shown:
        if chance.random() < 0.3:
            bench.kill()
            bench.start(doing=chance.random() < 0.7)
        bench.show(bottles)
    bench.kill()
    bench.start()

    wait_for(lambda: len(bench.alerts()) >= len(expected))
    bench.close()
    assert [phase for _, phase in bench.alerts()] == expected
    ids = [alert_id for alert_id, _ in bench.alerts()]
    assert ids[::2] == list(dict.fromkeys(ids))
    assert ids[1::2] == ids[::2][: len(ids[1::2])]


def test_a_message_that_a_power_cut_has_kept_from_going_out_goes_out_after_the_restart(bench: SkillBench) -> None:
    bench.own.put("few", few_left())
    bench.start(doing=False)
    bench.show(2)
    bench.kill()
    assert bench.alerts() == []

    bench.start()
    wait_for(lambda: len(bench.alerts()) == 1)
    bench.show(2)
    bench.show(5)
    wait_for(lambda: len(bench.alerts()) == 2)

    assert bench.alerts()[0][0] == bench.alerts()[1][0]


def test_a_hold_goes_on_over_a_restart(bench: SkillBench) -> None:
    bench.own.put("few", few_left(hold_s=2.0))
    bench.start()
    began_s = time.monotonic()
    while time.monotonic() - began_s < 1.5:
        bench.show(2)
        time.sleep(0.02)
    bench.runner.keep()
    bench.kill()

    bench.start()
    began_s = time.monotonic()
    while not bench.alerts():
        bench.show(2)
        time.sleep(0.02)

    assert time.monotonic() - began_s < 1.9


def test_all_is_told_on_the_feed_and_in_the_file(bench: SkillBench, sockets: Path) -> None:
    bench.own.put("few", few_left(actions=BOTH))
    bench.start()
    with closing(SkillFeed(f"ipc://{sockets}/results")) as feed:
        time.sleep(0.2)
        bench.show(5)
        frame = bench.show(2)
        told = [feed.next(1.0) for _ in range(3)]

    traces = [one for one in told if isinstance(one, SkillTrace)]
    (event,) = [one for one in told if isinstance(one, SkillEvent)]
    assert [(one.steps["how-many"].number, one.steps["low"].condition) for one in traces] == [(5.0, False), (2.0, True)]
    assert traces[0].steps["seen"].boxes is not None
    assert (event.frame_id, event.phase, event.text, event.actions) == (
        frame.id,
        "raised",
        "Look there",
        ("alert", "event"),
    )
    assert len(event.boxes) == 2
    wait_for(lambda: len(bench.events()) == 1)
    assert SkillEvent.model_validate_json(json.dumps(bench.events()[0])) == event


def test_traces_of_live_skills_are_few(bench: SkillBench, sockets: Path) -> None:
    bench.own.put("few", few_left())
    bench.start()
    with closing(SkillFeed(f"ipc://{sockets}/results")) as feed:
        time.sleep(0.2)
        for _ in range(50):
            bench.show(5)

        assert feed.next(0.2) is not None
        assert feed.next(0.1) is None


def test_a_draft_is_traced_and_nothing_is_done_about_it(bench: SkillBench, sockets: Path) -> None:
    bench.own.draft("few", few_left())
    bench.start()
    with closing(SkillFeed(f"ipc://{sockets}/results")) as feed:
        time.sleep(0.2)
        bench.show(2)
        told = feed.next(0.5)

        assert isinstance(told, SkillTrace)
        assert told.draft
        assert told.steps["low"].condition is True
        bench.own.drop_draft("few")
        bench.runner.refresh()
        bench.show(5)
        assert feed.next(0.1) is None
    assert bench.events() == bench.alerts() == []
    assert bench.runner.standings == ()


def test_a_skill_that_begins_among_others_knows_the_things_that_they_know(bench: SkillBench, sockets: Path) -> None:
    steps = [
        {"id": "seen", "do": "model", "model": "bottles"},
        {"id": "known", "do": "track", "of": "seen", "lost_after_s": 0},
        {"id": "how-many", "do": "count", "of": "known"},
    ]
    bench.own.put("first", few_left(steps=steps, actions=[]))
    bench.start()
    for _time in range(2):
        # Each time they are others.
        bench.show(2)
        time.sleep(0.01)
    bench.own.draft("later", few_left(steps=steps, actions=[]))
    bench.runner.refresh()
    with closing(SkillFeed(f"ipc://{sockets}/results")) as feed:
        time.sleep(0.2)
        bench.show(2)
        told = feed.next(0.5)

    assert isinstance(told, SkillTrace)
    assert (told.skill, [box.thing for box in told.steps["known"].boxes or ()]) == ("later", [5, 6])


def test_the_twin_wins_over_the_page(bench: SkillBench) -> None:
    bench.own.put("few", few_left(name="The page's"))
    bench.settings = InferenceSettings(skills={"few": few_left(name="The twin's")})
    bench.start()
    bench.show(2)

    wait_for(lambda: bench.bodies())
    assert bench.bodies()[0]["skill_name"] == "The twin's"
    assert [one.own for one in bench.runner.standings] == [False]


@pytest.mark.parametrize("how", ["removed", "off", "other steps", "other camera", "no such alert any more"])
def test_what_was_raised_is_cleared_when_the_skill_changes(bench: SkillBench, how: str) -> None:
    bench.own.put("few", few_left())
    bench.start()
    bench.show(2)
    match how:
        case "removed":
            bench.own.remove("few")
        case "off":
            bench.own.put("few", few_left(enabled=False))
        case "other steps":
            bench.own.put("few", few_left(than=2))
        case "other camera":
            bench.own.put("few", few_left(cameras=["till"]))
        case _:
            bench.own.put("few", few_left(actions=[{"do": "event", "when": "low"}]))
    bench.runner.refresh()
    bench.show(2)

    wait_for(lambda: len(bench.alerts()) == 2)
    assert bench.alerts()[0][0] == bench.alerts()[1][0]
    assert bench.alerts()[1][1] == "cleared"
    time.sleep(0.1)
    assert len(bench.alerts()) == 2


def test_what_changed_while_the_program_was_down_is_cleared_too(bench: SkillBench) -> None:
    bench.own.put("few", few_left())
    bench.start()
    bench.show(2)
    wait_for(lambda: len(bench.alerts()) == 1)
    bench.kill()
    bench.own.remove("few")

    bench.start()

    wait_for(lambda: len(bench.alerts()) == 2)
    assert bench.alerts()[1] == (bench.alerts()[0][0], "cleared")


def test_another_name_leaves_what_is_raised_as_it_is(bench: SkillBench) -> None:
    bench.own.put("few", few_left())
    bench.start()
    bench.show(2)
    bench.own.put("few", few_left(name="Nearly empty"))
    bench.runner.refresh()
    bench.show(2)
    bench.show(5)

    wait_for(lambda: len(bench.alerts()) == 2)
    assert bench.alerts()[0][0] == bench.alerts()[1][0]
    assert bench.bodies()[1]["skill_name"] == "Nearly empty"


def test_other_words_of_an_alert_raise_it_anew(bench: SkillBench) -> None:
    bench.own.put("few", few_left())
    bench.start()
    bench.show(2)
    bench.own.put("few", few_left(actions=[{"do": "alert", "when": "low", "text": "Come quickly"}]))
    bench.runner.refresh()
    bench.show(2)

    wait_for(lambda: len(bench.alerts()) == 3)
    assert [phase for _, phase in bench.alerts()] == ["raised", "cleared", "raised"]
    assert bench.alerts()[0][0] == bench.alerts()[1][0] != bench.alerts()[2][0]


def test_a_file_of_the_page_that_cannot_be_read_ends_nothing(bench: SkillBench) -> None:
    bench.own.put("few", few_left())
    bench.start()
    bench.show(2)
    bench.kill()
    whole = (bench.data / OWN).read_text()
    (bench.data / OWN).write_text("{")

    bench.start()
    bench.show(5)
    bench.show(2)
    wait_for(lambda: len(bench.alerts()) == 3)
    (bench.data / OWN).write_text(whole)
    bench.runner.refresh()
    bench.show(2)
    bench.show(5)

    wait_for(lambda: len(bench.alerts()) == 4)
    assert [phase for _, phase in bench.alerts()] == ["raised", "cleared", "raised", "cleared"]


def test_a_skill_without_its_model_waits_and_goes_live_by_itself(bench: SkillBench) -> None:
    bench.own.put("few", few_left())
    bench.models = ()
    bench.start()
    bench.show(2)
    (before,) = bench.runner.standings
    bench.models = (live_model(),)
    bench.runner.refresh()
    (after,) = bench.runner.standings
    bench.show(2)

    assert (before.state, before.problems) == (
        "waiting",
        ("steps.0.model: a model of this device expected, got 'bottles'",),
    )
    assert before.cameras["shelf"].phase == "waiting"
    assert (after.state, after.problems, after.cameras["shelf"].phase) == ("live", (), "watching")
    wait_for(lambda: len(bench.alerts()) == 1)
    bench.runner.refresh()
    assert bench.runner.standings[0].cameras["shelf"].phase == "raised"
    assert list(bench.runner.standings[0].cameras["shelf"].raised) == ["low"]


def test_a_camera_that_is_not_there_is_told_and_the_other_is_watched(bench: SkillBench) -> None:
    bench.own.put("few", few_left(cameras=["till", "shelf"]))
    bench.start()
    (standing,) = bench.runner.standings

    assert standing.problems == ("cameras.0: a camera of this device expected, got 'till'",)
    assert {camera: one.phase for camera, one in standing.cameras.items()} == {"till": "waiting", "shelf": "watching"}
    bench.cameras["till"] = camera_state("till")
    bench.runner.refresh()
    assert bench.runner.standings[0].problems == ()


def test_where_it_may_not_post_or_publish_is_told(bench: SkillBench) -> None:
    actions = [
        {"do": "post", "when": "low", "url": "https://Example.org/x?key=hush"},
        {"do": "publish", "when": "low", "topic": "shop"},
    ]
    bench.own.put("few", few_left(actions=actions))
    bench.start()

    assert bench.runner.standings[0].state == "live"
    assert bench.runner.standings[0].problems == (
        "actions.0.url: a host of the setting actions.hosts expected, got 'example.org'",
        "actions.1: a broker in the setting actions.mqtt expected, there is none",
    )


def test_results_that_come_one_by_one_serve_for_a_second(bench: SkillBench) -> None:
    steps = few_left().model_dump(mode="json")["steps"]
    steps[1:1] = [{"id": "caps", "do": "model", "model": "caps"}]
    steps += [
        {"id": "no-caps", "do": "count", "of": "caps"},
        {"id": "none", "do": "compare", "of": "no-caps", "how": "fewer", "than": 1},
        {"id": "all", "do": "combine", "of": ["low", "none"]},
    ]
    bench.models = (live_model(), live_model("caps"))
    bench.own.put("few", few_left(steps=steps, actions=[{"do": "alert", "when": "all"}]))
    bench.start()
    old, fresh, now = bench.frame(age_s=1.5), bench.frame(age_s=0.5), bench.frame()

    bench.runner.look(Arrival(None, (result(old, 0, "caps"),)))
    bench.runner.look(Arrival(now, (result(now, 2),)))
    time.sleep(0.1)
    assert bench.alerts() == []
    bench.runner.look(Arrival(None, (result(fresh, 0, "caps"),)))

    wait_for(lambda: len(bench.alerts()) == 1)


def test_the_picture_of_an_alert_is_kept_as_many_as_it_may_be(bench: SkillBench) -> None:
    bench.own.put("few", few_left(actions=[{"do": "picture", "when": "low", "most": 2}]))
    bench.start()
    for _ in range(4):
        bench.show(2)
        bench.show(5)
        wait_for(lambda: bench.events() and bench.events()[-1]["phase"] == "cleared")
        time.sleep(0.01)

    wait_for(lambda: len(bench.events()) == 8)
    pictures = [event["picture"] for event in bench.events() if event["phase"] == "raised"]
    assert all(pictures)
    assert {path.name for path in (bench.data / PICTURES_PLACE).iterdir()} == set(pictures[-2:])


def test_a_frame_that_is_asked_for_comes_with_what_the_model_saw(bench: SkillBench) -> None:
    bench.own.put("few", few_left(actions=[{"do": "ask", "when": "low", "model": "bottles"}]))
    bench.start()
    frame = bench.show(2)

    wait_for(lambda: bench.events())
    ((asked, data),) = AskedFrames(bench.data / ASKED).take()
    assert (asked.model_id, asked.model_version, asked.camera, asked.taken_ns, len(asked.seen)) == (
        "bottles",
        "4",
        "shelf",
        frame.taken_ns,
        2,
    )
    assert data.startswith(b"\xff\xd8")
    assert list((bench.data / ASKED).iterdir()) == []


def test_changes_wait_for_a_disk_that_takes_nothing(bench: SkillBench, caplog: pytest.LogCaptureFixture) -> None:
    bench.own.put("few", few_left())
    bench.start()
    with closing(sqlite3.connect(bench.data / LEDGER, isolation_level=None)) as full:
        full.execute("CREATE TRIGGER full BEFORE INSERT ON states BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
        bench.show(2)
        bench.show(5)
        assert "the disk is full" in caplog.text
        full.execute("DROP TRIGGER full")
    bench.runner.keep()

    wait_for(lambda: len(bench.alerts()) == 2)
    assert [phase for _, phase in bench.alerts()] == ["raised", "cleared"]


def test_skills_wait_for_a_disk_that_does_not_tell_what_was_raised(
    bench: SkillBench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.own.put("few", few_left())
    bench.start()
    bench.show(2)
    wait_for(lambda: len(bench.alerts()) == 1)
    bench.kill()
    aside = bench.data / "aside"
    (bench.data / LEDGER).rename(aside)
    (bench.data / LEDGER).mkdir()

    bench.start()
    bench.show(5)
    bench.show(2)
    (bench.data / LEDGER).rmdir()
    aside.rename(bench.data / LEDGER)
    bench.runner.refresh()
    bench.show(2)
    bench.show(5)

    wait_for(lambda: len(bench.alerts()) == 2)
    assert bench.alerts()[1] == (bench.alerts()[0][0], "cleared")
    assert caplog.text.count("skills wait: ") == 1


def test_a_damaged_state_begins_anew(bench: SkillBench, caplog: pytest.LogCaptureFixture) -> None:
    bench.own.put("few", few_left())
    bench.start()
    bench.show(2)
    wait_for(lambda: len(bench.alerts()) == 1)
    bench.kill()
    with closing(sqlite3.connect(bench.data / LEDGER, isolation_level=None)) as database:
        database.execute("UPDATE states SET state = ?", (b"{}",))

    bench.start()
    bench.show(2)

    wait_for(lambda: len(bench.alerts()) == 2)
    assert "begins anew" in caplog.text
