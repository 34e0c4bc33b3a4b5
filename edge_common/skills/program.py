"""A skill compiled for one camera, and its evaluation, result by result: pure, without a clock, the same each time.

`state, outcome = evaluate(program, state, seen, now)`: a state is a value that may be kept (`states`) and gone on from.
"""

import hashlib
import json
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple

from edge_common.detections import Detection
from edge_common.errors import InvalidInput
from edge_common.skills.document import Skill
from edge_common.skills.fitting import Flow, flows, inputs_of
from edge_common.skills.running import compiled
from edge_common.skills.seen import Moment, Seen
from edge_common.skills.tick import LONGEST_S, Keeping, Tick
from edge_common.skills.told import MOST_SHOWN, Shown, StepState


class Standing(NamedTuple):
    """How a condition stands that actions wait for."""

    step: str
    raised: bool = False
    since: Moment = Moment(0.0, 0.0)
    """When it was last raised."""
    number: int = 0
    """How often it was raised."""


class State(NamedTuple):
    """All that is remembered between two results. Values only: keep it, compare it, go on from it twice."""

    chain: str
    """Digest of what it is the state of."""
    begun: bool
    """False: nothing was seen yet."""
    time_s: float
    """Of the last result; never goes back."""
    shift_s: float
    """That the steady time is behind it, as it went back against its promise."""
    known_s: float
    """Time with results so far."""
    memories: tuple[Any, ...]
    """Of each step that remembers, in their order."""
    standings: tuple[Standing, ...]
    """Of each condition that actions wait for."""


class Change(NamedTuple):
    """A condition that an action waits for became true or false."""

    step: str
    phase: Literal["raised", "cleared"]
    since: Moment
    """When it was raised."""
    number: int
    """Raises of this step on this camera so far, this one included; begins anew with another chain."""


class Program(NamedTuple):
    """A skill on one camera, ready to be evaluated."""

    camera: str
    steps: tuple[str, ...]
    """Their ids, in the order of the document, which is the order in which they run."""
    flows: tuple[Flow, ...]
    runs: tuple[tuple[Callable[..., Any], int | None], ...]
    """What each does; with the place of its memory, if it has one."""
    watched: tuple[int, ...]
    """The places of the conditions that actions wait for."""
    shown: tuple[tuple[int, ...], ...]
    """Of each step, the places of those that give the boxes it is made of: of one that gives boxes, its own."""
    deeds: tuple[str, ...]
    """Of each memory, what is done with it, where other skills may do the same; empty where none does."""
    start: State


class Outcome:
    """What came of one result; how its steps stand is put into words only when it is asked for."""

    __slots__ = ("_program", "_values", "changes")

    def __init__(self, program: Program, values: list[Any], changes: tuple[Change, ...]) -> None:
        self._program = program
        self._values = values
        self.changes = changes

    def trace(self) -> dict[str, StepState]:
        """How every step stands."""
        each = zip(self._program.steps, self._program.flows, self._values, strict=True)
        return {step: _state_of(flow, value) for step, flow, value in each}

    def numbers(self) -> dict[str, float]:
        """Of the steps that give numbers."""
        each = zip(self._program.steps, self._program.flows, self._values, strict=True)
        return {step: float(value) for step, flow, value in each if flow == "number"}

    def boxes(self, step: str) -> tuple[Detection, ...]:
        """What the step gives; of a number or a condition, the boxes that it was made of. Raises InvalidInput."""
        if step not in self._program.steps:
            raise InvalidInput(f"step: one of {', '.join(self._program.steps)} expected, got {step[:40]!r}")
        places = self._program.shown[self._program.steps.index(step)]
        given = [(self._program.flows[place], self._values[place]) for place in places]
        return tuple(
            dict.fromkeys(spot for flow, value in given for spot in (value.values() if flow == "things" else value))
        )


def compile_skill(skill: Skill, camera: str) -> Program:
    """The skill on one of its cameras; raises InvalidInput when it is none of them."""
    if camera not in skill.cameras:
        raise InvalidInput(f"camera: one of {', '.join(skill.cameras)} expected, got {camera[:40]!r}")
    steps = tuple(step.id for step in skill.steps)
    given = flows(skill)
    memories: list[Any] = []
    deeds: list[str] = []
    runs: list[tuple[Callable[..., Any], int | None]] = []
    for run in compiled(skill, camera):
        if isinstance(run, Keeping):
            runs.append((run.run, len(memories)))
            memories.append(run.memory)
            deeds.append(run.deed)
        else:
            runs.append((run, None))
    waited_for = {action.when for action in skill.actions}
    watched = tuple(place for place, step in enumerate(steps) if step in waited_for)
    standings = tuple(Standing(steps[place]) for place in watched)
    start = State(_digest(skill, camera), False, 0.0, 0.0, 0.0, tuple(memories), standings)
    each = tuple(given[step] for step in steps)
    return Program(camera, steps, each, tuple(runs), watched, _shown(skill, given), tuple(deeds), start)


def beginning(program: Program, running: Iterable[tuple[Program, State]]) -> State:
    """Where to begin among skills that run on any cameras: with the trackers of those that track the same.

    So all go on together, and what is tracked once is tracked once for all (`once`).
    """
    known = {
        deed: memory
        for other, state in running
        # Of another clock it would be another time.
        if other.camera == program.camera and state.begun and state.shift_s == program.start.shift_s
        for deed, memory in zip(other.deeds, state.memories, strict=True)
        if deed
    }
    each = zip(program.deeds, program.start.memories, strict=True)
    return program.start._replace(memories=tuple(known.get(deed, memory) for deed, memory in each))


def evaluate(program: Program, state: State, seen: Seen, now: Moment) -> tuple[State, Outcome]:
    """The state after this result, and what came of it.

    Nothing but the arguments goes into it, so a replay gives the same. Results come in the order of their times.
    """
    tick, shift_s = _tick(state, seen, now)
    values: list[Any] = []
    memories = list(state.memories)
    for run, place in program.runs:
        if place is None:
            values.append(run(values, tick))
        else:
            value, memories[place] = run(values, tick, memories[place])
            values.append(value)
    standings, changes = _changed([values[place] for place in program.watched], state.standings, now)
    after = State(state.chain, True, tick.time_s, shift_s, tick.known_s, tuple(memories), standings)
    return after, Outcome(program, values, changes)


def _changed(
    conditions: list[bool], standings: tuple[Standing, ...], now: Moment
) -> tuple[tuple[Standing, ...], tuple[Change, ...]]:
    changes: list[Change] = []
    if all(map(operator.eq, conditions, [one.raised for one in standings])):
        return standings, ()
    after: list[Standing] = []
    for condition, one in zip(conditions, standings, strict=True):
        if condition and not one.raised:
            one = Standing(one.step, True, now, one.number + 1)
            changes.append(Change(one.step, "raised", now, one.number))
        elif one.raised and not condition:
            one = one._replace(raised=False)
            changes.append(Change(one.step, "cleared", one.since, one.number))
        after.append(one)
    return tuple(after), tuple(changes)


def _tick(state: State, seen: Seen, now: Moment) -> tuple[Tick, float]:
    time_s = now.steady_s + state.shift_s
    if not state.begun:
        return Tick(seen, now, time_s, 0.0, 0.0), 0.0
    passed_s = time_s - state.time_s
    if passed_s < 0:
        # Nothing within needs to know of a time that goes back.
        return Tick(seen, now, state.time_s, 0.0, state.known_s), state.time_s - now.steady_s
    passed_s = min(passed_s, LONGEST_S)
    return Tick(seen, now, time_s, passed_s, state.known_s + passed_s), state.shift_s


def _digest(skill: Skill, camera: str) -> str:
    """Of what a state depends on: not of names, actions and other cameras, which may change while an alert stands."""
    zones = {zone: drawn[camera] for zone, drawn in skill.zones.items()}
    chain = {"camera": camera, "zones": zones, "steps": [step.model_dump(mode="json") for step in skill.steps]}
    return hashlib.sha256(json.dumps(chain, sort_keys=True).encode()).hexdigest()


def _shown(skill: Skill, given: Mapping[str, Flow]) -> tuple[tuple[int, ...], ...]:
    shown: dict[str, tuple[int, ...]] = {}
    for place, step in enumerate(skill.steps):
        if given[step.id] in ("boxes", "things"):
            shown[step.id] = (place,)
        else:
            shown[step.id] = tuple(dict.fromkeys(below for one in inputs_of(step) for below in shown[one]))
    return tuple(shown.values())


def _state_of(flow: Flow, value: Any) -> StepState:  # noqa: ANN401
    if flow == "condition":
        return StepState(condition=value)
    if flow == "number":
        return StepState(number=float(value))
    spots: list[tuple[int | None, Detection]]
    spots = list(value.items()) if flow == "things" else [(None, spot) for spot in value]
    return StepState(boxes=tuple(_told(*one) for one in spots[:MOST_SHOWN]), number=float(len(spots)))


def _told(thing: int | None, spot: Detection) -> Shown:
    box = spot.box
    corners = (box.x0, box.y0, box.x1, box.y1) if box else None
    return Shown(label=spot.label, confidence=spot.confidence, box=corners, thing=thing)
