"""What holds of any skill on any stream of results."""

import copy
import dataclasses
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from edge_common.errors import ConfigError
from edge_common.skills.document import parse_skill
from edge_common.skills.fitting import flows
from edge_common.skills.program import compile_skill, evaluate
from edge_common.skills.states import decode_state, encode_state
from tests.edge_common.skills.made import CAMERAS, documents, replay, streams

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
_EXAMPLES = 40


@settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=_SLOW)
@given(documents(), streams(), some.sampled_from(CAMERAS))
def test_any_skill_that_validates_looks_at_any_stream_without_error(
    document: dict[str, Any], stream, camera: str
) -> None:
    skill = parse_skill(document)
    program = compile_skill(skill, camera)
    given_of = flows(skill)

    for _, outcome in replay(program, program.start, stream):
        trace = outcome.trace()

        assert list(trace) == [step.id for step in skill.steps]
        for step, told in trace.items():
            kinds = {"number": told.number, "condition": told.condition}.get(given_of[step], told.boxes)
            assert kinds is not None
        assert all(0 <= corner <= 1 for told in trace.values() for one in told.boxes or () for corner in one.box or ())
        for step in trace:
            outcome.boxes(step)
        assert {step for step, flow in given_of.items() if flow == "number"} == set(outcome.numbers())


@settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=_SLOW)
@given(documents(), streams())
def test_what_is_raised_is_cleared_before_it_is_raised_again(document: dict[str, Any], stream) -> None:
    program = compile_skill(parse_skill(document), CAMERAS[0])
    raised: dict[str, Any] = {}
    numbers: dict[str, int] = {}

    for (_, outcome), (_, now) in zip(replay(program, program.start, stream), stream, strict=True):
        trace = outcome.trace()
        for change in outcome.changes:
            assert trace[change.step].condition == (change.phase == "raised")
            if change.phase == "raised":
                assert change.step not in raised
                assert change.since == now
                numbers[change.step] = numbers.get(change.step, 0) + 1
                raised[change.step] = change
            else:
                assert change.since == raised.pop(change.step).since
            assert change.number == numbers[change.step]
        assert {step for step in numbers if trace[step].condition} == set(raised)


@settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=_SLOW)
@given(documents(), streams(), some.data())
def test_a_restart_at_any_point_changes_nothing_and_nor_does_a_second_replay(document, stream, data) -> None:
    program = compile_skill(parse_skill(document), CAMERAS[0])
    whole = [(state, outcome.changes, outcome.trace()) for state, outcome in replay(program, program.start, stream)]
    stopped = data.draw(some.integers(0, len(stream)), label="pictures before the restart")
    before = whole[stopped - 1][0] if stopped else program.start

    # A restart compiles anew, too.
    again = compile_skill(parse_skill(document), CAMERAS[0])
    state = decode_state(again, encode_state(before))
    after = [(state, outcome.changes, outcome.trace()) for state, outcome in replay(again, state, stream[stopped:])]

    assert state == before
    assert after == whole[stopped:]


@settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=_SLOW)
@given(documents(), documents(), streams(), some.data())
def test_skills_that_look_at_the_same_pictures_give_what_each_gives_alone(first, second, stream, data) -> None:
    programs = [compile_skill(parse_skill(one), CAMERAS[0]) for one in (first, second, first)]
    # The last is the first again, begun later.
    begins = [0, 0, data.draw(some.integers(0, len(stream) - 1), label="pictures before it begins")]
    streams = [stream[begin:] for begin in begins]
    alone = [list(replay(one, one.start, seen)) for one, seen in zip(programs, streams, strict=True)]
    states = [one.start for one in programs]

    for number, (picture, now) in enumerate(stream):
        picture = dataclasses.replace(picture, given={})
        for one, program in enumerate(programs):
            if number >= begins[one]:
                states[one], outcome = evaluate(program, states[one], picture, now)
                state, expected = alone[one][number - begins[one]]
                assert states[one] == state
                assert (outcome.changes, outcome.trace()) == (expected.changes, expected.trace())


_NO_VALUES: dict[str, list[Any]] = {
    "id": ["", "Großes", 5],
    "do": ["eval", None],
    "of": ["nowhere", 3, None],
    "model": ["", "../../etc/passwd"],
    "tags": ["bottle", [1]],
    "minimum_confidence": [-0.1, 1.5, "sure", float("nan")],
    "smallest": [2],
    "largest": [-1],
    "zone": ["nowhere", 7],
    "inside": ["around"],
    "margin": [9],
    "most": [0, 33],
    "overlap": [2],
    "lost_after_s": [-1, 1e9],
    "for_s": [-1, float("inf"), "long"],
    "still": ["perhaps"],
    "direction": ["up"],
    "over_s": [-1],
    "reference": [float("nan"), "much"],
    "relative": ["perhaps"],
    "how": ["most"],
    "than": [float("inf"), "many"],
    "of_last_s": [-1],
    "clear_for_s": [-1],
    "cool_down_s": [-1],
    "days": [[], ["monday"]],
    "start": ["24:00", "9:00"],
    "end": ["noon"],
    "time_zone": ["Europe/Atlantis", "../../etc/passwd", "/etc/localtime"],
    "when": ["nowhere", 4],
}


@settings(max_examples=2 * _EXAMPLES, deadline=None, suppress_health_check=_SLOW)
@given(documents(), some.data())
def test_a_field_with_a_wrong_value_is_refused_by_its_name(document: dict[str, Any], data) -> None:
    places = [
        (part, number, field)
        for part in ("steps", "actions")
        for number, item in enumerate(document[part])
        for field in item
        if field in _NO_VALUES
    ]
    part, number, field = data.draw(some.sampled_from(places), label="field")
    broken = copy.deepcopy(document)
    broken[part][number][field] = data.draw(some.sampled_from(_NO_VALUES[field]), label="value")

    with pytest.raises(ConfigError) as refused:
        parse_skill(broken)

    # Of a kind that there is none of, pydantic names the step.
    place = f"{part}.{number}" if field == "do" else f"{part}.{number}.{field}"
    assert any(problem.startswith(place) for problem in refused.value.problems), refused.value.problems


@settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=_SLOW)
@given(documents(), some.data())
def test_what_is_left_out_or_not_known_is_refused_by_its_name(document: dict[str, Any], data) -> None:
    broken = copy.deepcopy(document)
    number = data.draw(some.integers(0, len(document["steps"]) - 1), label="step")
    what = data.draw(
        some.sampled_from(["unknown field", "no id", "no name", "a circle", "same id", "camera"]), label="how"
    )
    match what:
        case "unknown field":
            broken["steps"][number]["code"] = "import os"
            place = f"steps.{number}.code"
        case "no id":
            del broken["steps"][number]["id"]
            place = f"steps.{number}.id"
        case "no name":
            del broken["name"]
            place = "name"
        case "a circle":
            number = max(number, 1) if len(document["steps"]) > 1 else 0
            step = broken["steps"][number]
            step["of"] = [step["id"]] if step["do"] == "combine" else step["id"]
            place = f"steps.{number}.of"
        case "same id":
            broken["steps"].append(broken["steps"][number])
            place = f"steps.{len(document['steps'])}.id"
        case _:
            broken["cameras"] = ["Till 1"]
            place = "cameras.0"

    with pytest.raises(ConfigError) as refused:
        parse_skill(broken)

    assert any(problem.startswith(place) for problem in refused.value.problems), refused.value.problems
