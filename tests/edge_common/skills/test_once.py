"""What several skills would work out of the same picture."""

from typing import Any

import pytest

from edge_common.detections import Detection
from edge_common.geometry import Box
from edge_common.skills.program import Program, State, beginning, evaluate
from tests.edge_common.skills.made import at, box, seen, skill_of

SHELF = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]
WIDER = [[0.0, 0.0], [0.6, 0.0], [0.6, 1.0], [0.0, 1.0]]
CROP = {"do": "crop", "model": "n"}


def asked_by(*programs: Program) -> list[Box]:
    """Where a second model is asked to look while all look at one picture."""
    asked = []

    def look(_model: str, where: Box) -> tuple[Detection, ...]:
        asked.append(where)
        return (Detection("open", 0.8, None),)

    picture = seen([box(0.2, 0.2), box(0.4, 0.2)], look)
    for program in programs:
        _, outcome = evaluate(program, program.start, picture, at(0))
        assert outcome.numbers() == {"count": 2}
    return asked


def test_a_second_model_looks_once_for_all_skills_that_ask_the_same():
    steps: tuple[dict[str, Any], ...] = ({"do": "keep", "zone": "z"}, CROP, {"do": "count"})

    assert len(asked_by(*[skill_of(*steps, zones={"z": SHELF}) for _ in range(3)])) == 2


@pytest.mark.parametrize(
    ("steps", "zones"),
    [
        pytest.param(({"do": "keep", "zone": "z"}, CROP), {"z": WIDER}, id="in another zone of that name"),
        pytest.param(({"do": "keep", "minimum_confidence": 0.1}, CROP), {}, id="of other boxes"),
        pytest.param(({"do": "keep", "zone": "z"}, CROP | {"margin": 0.2}), {"z": SHELF}, id="with another margin"),
        pytest.param(({"do": "keep", "zone": "z"}, {"do": "track"}, CROP), {"z": SHELF}, id="of things"),
    ],
)
def test_what_is_done_otherwise_is_done_apart(steps: tuple[dict[str, Any], ...], zones: dict[str, Any]):
    first = skill_of({"do": "keep", "zone": "z"}, CROP, {"do": "count"}, zones={"z": SHELF})

    assert len(asked_by(first, skill_of(*steps, {"do": "count"}, zones=zones))) == 4


def looked(programs: list[Program], states: list[State], time_s: float) -> tuple[list[State], list[int | None]]:
    """All look at one picture of one thing: their states after it, and its number to each."""
    picture = seen([box(0.2, 0.2)])
    after = [evaluate(program, state, picture, at(time_s)) for program, state in zip(programs, states, strict=True)]
    return [state for state, _ in after], [outcome.trace()["track"].boxes[0].thing for _, outcome in after]


def test_a_skill_that_begins_among_others_goes_on_with_their_tracker_and_counts_for_itself():
    first = skill_of({"do": "track"}, {"do": "stay", "for_s": 2}, {"do": "count"})
    later = skill_of({"do": "track"}, {"do": "count"})
    elsewhere = skill_of({"do": "track", "overlap": 0.5}, {"do": "count"})
    (begun,), _ = looked([first], [evaluate(first, first.start, seen([box(0.9, 0.9)]), at(0))[0]], 10)

    programs = [first, later, elsewhere, first]
    states, things = looked(programs, [begun, *(beginning(one, [(first, begun)]) for one in programs[1:])], 11)

    assert things == [2, 2, 1, 2]
    assert states[0].memories[0] is states[1].memories[0] is states[3].memories[0]
    assert [states[one].memories[1].present[2][0] for one in (0, 3)] == [2, 0]
    assert elsewhere.start == beginning(elsewhere, [(first, begun)])


def test_skills_that_began_together_track_together_and_others_for_themselves():
    program = skill_of({"do": "track"}, {"do": "count"})
    states = [program.start, program.start, evaluate(program, program.start, seen([box(0.9, 0.9)]), at(0))[0]]

    for time_s in (10, 11):
        states, things = looked([program] * 3, states, time_s)

    (first,), (second,), (third,) = (state.memories for state in states)
    assert first is second
    assert things == [1, 1, 2]
    assert third.tracks[0][1:] == first.tracks[0][1:]
