"""What each step does, picture by picture."""

import json
import math

import pytest

from edge_common.detections import Detection
from edge_common.errors import CodecError, InvalidInput
from edge_common.geometry import Box
from edge_common.skills.document import parse_skill
from edge_common.skills.program import compile_skill, evaluate
from edge_common.skills.seen import Moment
from edge_common.skills.states import decode_state, encode_state
from tests.edge_common.skills.made import CAMERA, NOON_S, Watching, at, box, seen, skill_of

SHELF = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]
LINE = [[0.5, 0.0], [0.5, 1.0]]
FEW = ({"do": "count"}, {"do": "compare", "how": "fewer", "than": 2})


def number(watching: Watching, time_s: float, *found: Detection, step: str, **others) -> float | None:
    return watching.look(time_s, *found, **others).trace()[step].number


def test_keep_lets_through_the_wanted_tags_that_are_sure_and_large_enough():
    watching = Watching(skill_of({"do": "keep", "tags": ["can"], "minimum_confidence": 0.5, "smallest": 0.009}, *FEW))

    found = [box(0.2, 0.2, "can"), box(0.4, 0.2), box(0.6, 0.2, "can", 0.4), box(0.8, 0.2, "can", side=0.05)]

    assert watching.look(0, *found).boxes("keep") == (found[0],)
    assert watching.outcome.boxes("compare") == (found[0],)


@pytest.mark.parametrize(("inside", "expected"), [("centre", 1), ("foot", 1), ("half", 1)])
def test_keep_tells_what_lies_in_a_zone(inside: str, expected: int):
    watching = Watching(skill_of({"do": "keep", "zone": "z", "inside": inside}, {"do": "count"}, zones={"z": SHELF}))

    assert number(watching, 0, box(0.47, 0.5), box(0.53, 0.5), step="count") == expected


def test_somebody_whom_the_picture_cuts_off_stands_in_a_zone_that_reaches_its_edge():
    watching = Watching(skill_of({"do": "keep", "zone": "z", "inside": "foot"}, {"do": "count"}, zones={"z": SHELF}))

    assert number(watching, 0, Detection("person", 0.9, Box(0.1, 0.6, 0.3, 1.02)), step="count") == 1


def test_a_second_model_looks_at_each_box_and_nothing_else():
    asked = []

    def look(model: str, where: Box) -> tuple[Detection, ...]:
        asked.append((model, where))
        return (Detection("open", 0.8, None), Detection("shut", 0.2, None)) if where.x0 < 0.5 else ()

    watching = Watching(skill_of({"do": "crop", "model": "n", "margin": 0.5}, {"do": "count"}))
    kept = watching.look(0, box(0.2, 0.2), box(0.98, 0.5), look=look).boxes("crop")

    assert kept == (Detection("open", 0.8, box(0.2, 0.2).box),)
    assert [model for model, _ in asked] == ["n", "n"]
    assert asked[0][1].to_list() == pytest.approx([0.1, 0.1, 0.3, 0.3])
    assert asked[1][1].x1 == 1


@pytest.mark.parametrize("every_s", [0.5, 0.2, 0.1, 1 / 30])
def test_somebody_who_walks_past_is_one_thing_at_any_rate(every_s: float):
    watching = Watching(skill_of({"do": "track"}, {"do": "count"}))

    numbers = set()
    for step in range(int(4 / every_s)):
        time_s = step * every_s
        # Another stands by, and every fifth picture misses who walks.
        found = [box(0.5, 0.8, "person")]
        if step % 5 != 4:
            found.append(box(0.05 + 0.2 * time_s, 0.3, "person"))
        numbers |= {one.thing for one in watching.look(time_s, *found).trace()["track"].boxes}

    assert numbers == {1, 2}


def test_two_who_meet_and_pass_stay_who_they_are():
    watching = Watching(skill_of({"do": "track"}, {"do": "count"}))

    for step in range(41):
        x = 0.1 + 0.02 * step
        trace = watching.look(step / 10, box(x, 0.45, side=0.15), box(1 - x, 0.55, side=0.15)).trace()

    places = {one.thing: one.box[0] for one in trace["track"].boxes}
    assert places[1] > places[2]


def test_who_was_away_for_too_long_is_somebody_else():
    watching = Watching(skill_of({"do": "track", "lost_after_s": 2}, {"do": "count"}))

    things = [watching.look(time_s, box(0.5, 0.5)).trace()["track"].boxes[0].thing for time_s in (0, 1.9, 4)]

    assert things == [1, 1, 2]


def test_stay_counts_from_when_somebody_came_into_the_zone():
    steps = ({"do": "track"}, {"do": "keep", "zone": "z"}, {"do": "stay", "for_s": 3}, {"do": "count"})
    watching = Watching(skill_of(*steps, zones={"z": SHELF}))

    for step in range(11):
        assert number(watching, step / 2, box(0.52, 0.5), step="count") == 0
    stayed = [number(watching, 5.5 + step / 2, box(0.48, 0.5), step="count") for step in range(7)]

    assert stayed == [0, 0, 0, 0, 0, 0, 1]


def test_what_moves_is_not_left_behind_until_it_stands():
    watching = Watching(skill_of({"do": "track"}, {"do": "stay", "for_s": 2, "still": True}, {"do": "count"}))

    walking = [number(watching, step / 2, box(0.1 + 0.04 * step, 0.5), step="count") for step in range(10)]
    standing = [number(watching, 5 + step / 2, box(0.5, 0.5), step="count") for step in range(6)]

    assert max(walking) == 0
    assert standing[-1] == 1


@pytest.mark.parametrize(
    ("direction", "expected"), [("either", 2), ("leftwards", 1), ("rightwards", 1)], ids=["either", "left", "right"]
)
def test_crossings_are_told_by_direction_and_forgotten_after_a_while(direction: str, expected: int):
    steps = ({"do": "track"}, {"do": "crossings", "zone": "z", "direction": direction, "over_s": 30})
    watching = Watching(skill_of(*steps, zones={"z": LINE}))

    there_and_back = [0.3, 0.4, 0.5, 0.6, 0.7, 0.6, 0.5, 0.4, 0.3]
    counted = [number(watching, step / 2, box(x, 0.5), step="crossings") for step, x in enumerate(there_and_back)]

    assert counted[-1] == expected
    # Looking down the picture, what goes to its right side goes leftwards.
    assert counted[3] == (0 if direction == "rightwards" else 1)
    assert number(watching, 40, step="crossings") == 0


def test_what_trembles_on_a_line_does_not_cross_it():
    watching = Watching(skill_of({"do": "track"}, {"do": "crossings", "zone": "z"}, zones={"z": LINE}))

    trembling = [
        number(watching, step / 10, box(0.5 + 0.005 * (-1) ** step, 0.5), step="crossings") for step in range(20)
    ]

    assert max(trembling) == 0


def test_passing_beyond_the_end_of_a_line_is_no_crossing():
    short = [[0.5, 0.0], [0.5, 0.4]]
    watching = Watching(skill_of({"do": "track"}, {"do": "crossings", "zone": "z"}, zones={"z": short}))

    counted = [number(watching, step / 10, box(0.3 + step / 50, 0.7), step="crossings") for step in range(20)]

    assert max(counted) == 0


def test_what_boxes_cover_twice_counts_once():
    watching = Watching(skill_of({"do": "covered", "zone": "z"}, zones={"z": SHELF}))

    half = Detection("bottle", 0.9, Box(0.0, 0.0, 0.25, 1.0))

    assert number(watching, 0, step="covered") == 0
    assert number(watching, 1, half, half, step="covered") == pytest.approx(0.5, abs=0.01)
    assert number(watching, 2, Detection("bottle", 0.9, None), step="covered") == 1


@pytest.mark.parametrize(
    "outline",
    [
        pytest.param([[0.5, 0.5]] * 3, id="a point"),
        pytest.param([[0.0, 0.0], [0.0, 1e-311], [0.5, 0.5]], id="next to nothing between two points"),
        pytest.param([[0.0, 0.0], [1.0, 1.0], [0.5, 0.5]], id="a line there and back"),
    ],
)
def test_an_area_that_is_none_is_not_covered_and_holds_no_half(outline: list[list[float]]):
    steps = ({"do": "keep", "zone": "z", "inside": "half"}, {"do": "covered", "zone": "z"})
    outcome = Watching(skill_of(*steps, zones={"z": outline})).look(0, box(0.5, 0.5))

    assert outcome.boxes("keep") == ()
    assert outcome.numbers() == {"covered": 0}


def test_a_change_is_told_against_the_mean_of_the_time_before():
    watching = Watching(skill_of({"do": "count"}, {"do": "change", "over_s": 60, "relative": True}))

    for second in range(60):
        assert number(watching, second, *[box(0.5, 0.5)] * 4, step="change") == 0

    assert number(watching, 60, box(0.5, 0.5), step="change") == pytest.approx(-0.75)


def test_a_change_against_a_fixed_number_is_what_is_above_it():
    watching = Watching(skill_of({"do": "count"}, {"do": "change", "reference": 3}))

    assert number(watching, 0, box(0.5, 0.5), step="change") == -2


@pytest.mark.parametrize(("how", "expected"), [("all", False), ("any", True), ("none", False)])
def test_conditions_are_combined(how: str, expected: bool):
    steps = (
        {"do": "count"},
        {"do": "compare", "id": "one", "of": "count", "how": "at_least", "than": 1},
        {"do": "compare", "id": "two", "of": "count", "how": "at_least", "than": 2},
        {"do": "combine", "of": ["one", "two"], "how": how},
    )

    assert Watching(skill_of(*steps)).look(0, box(0.5, 0.5)).trace()["combine"].condition is expected


@pytest.mark.parametrize(
    ("options", "utc", "expected"),
    [
        pytest.param({"start": "08:00", "end": "20:00"}, 12 * 60, True, id="at noon"),
        pytest.param({"start": "08:00", "end": "12:00"}, 12 * 60, False, id="when it closes"),
        pytest.param({"start": "13:00", "end": "14:00", "time_zone": "Europe/Berlin"}, 12 * 60, True, id="in Berlin"),
        pytest.param(
            {"start": "14:00", "end": "15:00", "time_zone": "Europe/Berlin"}, -180 * 1440 + 720, True, id="in summer"
        ),
        pytest.param(
            {"days": ["sun"], "start": "22:00", "end": "06:00"}, 5 * 60, True, id="the night of Sunday, on Monday"
        ),
        pytest.param(
            {"days": ["mon"], "start": "22:00", "end": "06:00"}, 5 * 60, False, id="before the night of Monday"
        ),
        pytest.param({"days": ["mon"]}, 12 * 60, True, id="all of Monday"),
        pytest.param({"days": ["tue"]}, 12 * 60, False, id="not on Tuesday"),
    ],
)
def test_opening_hours_are_those_of_the_place(options: dict, utc: int, expected: bool):
    program = skill_of(*FEW, {"do": "schedule", **options})
    # Minutes since the midnight with which a Monday began.
    now = Moment(0, NOON_S + (utc - 720) * 60)

    _, outcome = evaluate(program, program.start, seen([]), now)

    assert outcome.trace()["schedule"].condition is expected


def low(**options) -> Watching:
    return Watching(skill_of(*FEW, {"do": "hold", "for_s": 5, **options}, when="hold"))


def told(changes) -> list[tuple[float, str]]:
    return [(time_s, change.phase) for time_s, change in changes]


FULL = (box(0.2, 0.5), box(0.8, 0.5))


@pytest.mark.parametrize("every_s", [0.1, 0.5, 1.0])
def test_a_shelf_is_low_after_five_seconds_and_full_again_after_two(every_s: float):
    watching = low(clear_for_s=2)

    assert told(watching.look_on(0, 10, every_s=every_s)) == [(pytest.approx(5), "raised")]
    assert told(watching.look_on(11, 20, *FULL, every_s=every_s)) == [(pytest.approx(13), "cleared")]


def test_a_single_full_picture_begins_the_hold_anew():
    watching = low()

    assert told(watching.look_on(0, 4.5)) == []
    assert told(watching.look_on(5, 5, *FULL)) == []
    assert told(watching.look_on(5.5, 11)) == [(10.5, "raised")]


def test_of_the_last_seconds_some_may_be_otherwise():
    watching = low(of_last_s=10)

    assert told(watching.look_on(0, 3)) == []
    assert told(watching.look_on(3.5, 5, *FULL)) == []
    assert told(watching.look_on(5.5, 9)) == [(7.0, "raised")]


def test_a_lost_camera_neither_raises_nor_clears():
    watching = low(clear_for_s=5)

    assert told(watching.look_on(0, 2)) == []
    # An hour without results counts two seconds, as if the last picture had stood for them.
    assert told(watching.look_on(3602, 3602.5)) == []
    assert told(watching.look_on(3603, 3604)) == [(3603, "raised")]
    assert told(watching.look_on(3604.5, 3605, *FULL)) == []
    assert told(watching.look_on(9000, 9001, *FULL)) == []


def test_during_the_cool_down_nothing_is_raised_and_at_its_end_what_stands():
    watching = low(for_s=1, cool_down_s=20)

    assert told(watching.look_on(0, 2)) == [(1, "raised")]
    assert told(watching.look_on(2.5, 4, *FULL)) == [(3.5, "cleared")]
    assert told(watching.look_on(4.5, 30)) == [(23.5, "raised")]


def test_raises_are_counted_and_say_since_when():
    watching = low(for_s=1)

    changes = [
        watching.look_on(10 * turn, 10 * turn + 2) + watching.look_on(10 * turn + 3, 10 * turn + 5, *FULL)
        for turn in (0, 1)
    ]

    assert [(one.phase, one.number, one.since) for turn in changes for _, one in turn] == [
        ("raised", 1, at(1)),
        ("cleared", 1, at(1)),
        ("raised", 2, at(11)),
        ("cleared", 2, at(11)),
    ]


def test_a_clock_that_goes_back_stands_still():
    watching = low()

    assert told(watching.look_on(1000, 1003)) == []
    assert told(watching.look_on(5, 7)) == [(7, "raised")]


DOCUMENT = {
    "name": "Low",
    "cameras": [CAMERA],
    "steps": [
        {"do": "model", "id": "model", "model": "m"},
        {"do": "count", "id": "count", "of": "model"},
        {"do": "compare", "id": "few", "of": "count", "how": "fewer", "than": 2},
        {"do": "hold", "id": "low", "of": "few", "for_s": 5},
    ],
    "actions": [{"do": "event", "when": "low"}],
}


def test_an_alert_stands_while_name_and_actions_change_and_a_new_condition_is_told():
    before = Watching(compile_skill(parse_skill(DOCUMENT), CAMERA))
    before.look_on(0, 6)
    renamed = DOCUMENT | {"name": "Lower", "actions": [*DOCUMENT["actions"], {"do": "picture", "when": "few"}]}

    after = Watching(compile_skill(parse_skill(renamed), CAMERA))
    after.state = decode_state(after.program, encode_state(before.state))

    assert [(change.step, change.phase) for change in after.look(6.5).changes] == [("few", "raised")]


def _broken(program, **fields) -> bytes:
    return json.dumps(json.loads(encode_state(program.start)) | fields).encode()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param({"version": 2}, "version 1", id="another version"),
        pytest.param({"chain": "0"}, "chain: ", id="another chain"),
        pytest.param({"memories": []}, "memories: a list of 1", id="no memories"),
        pytest.param({"memories": [[1, 2]]}, "memories.0", id="a memory of another kind"),
        pytest.param({"time_s": math.nan}, "state.time_s", id="no number"),
        pytest.param({"standings": 3}, "state.standings", id="no standings"),
        pytest.param({"more": 1}, "more", id="an unknown field"),
    ],
)
def test_bytes_that_are_no_state_of_it_are_refused(fields: dict, reason: str):
    program = compile_skill(parse_skill(DOCUMENT), CAMERA)

    with pytest.raises(CodecError, match=reason):
        decode_state(program, _broken(program, **fields))


def test_a_camera_or_a_step_that_there_is_not_is_refused():
    with pytest.raises(InvalidInput, match="camera: one of till expected, got 'roof'"):
        compile_skill(parse_skill(DOCUMENT), "roof")
    with pytest.raises(InvalidInput, match="step: one of model, count, few, low expected"):
        Watching(compile_skill(parse_skill(DOCUMENT), CAMERA)).look(0).boxes("high")
