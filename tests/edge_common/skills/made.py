"""Skills, pictures and streams for tests: some written out, and hypothesis's strategies for any."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as some

from edge_common.detections import Detection, Result
from edge_common.geometry import Box
from edge_common.skills.document import parse_skill
from edge_common.skills.fitting import flows
from edge_common.skills.program import Change, Outcome, Program, State, compile_skill, evaluate
from edge_common.skills.seen import Moment, Seen
from edge_common.skills.steps import Chain

CAMERA = "till"
NOON_S = 1_796_040_000.0
"""2026-11-30 12:00 UTC, a Monday."""
LABELS = ("bottle", "can", "person")

Corners = tuple[float, float, float, float]


def skill_of(*steps: dict[str, Any], zones: dict[str, Any] | None = None, when: str = "") -> Program:
    """The steps, each taking from the one before unless it says otherwise, on one camera."""
    whole: list[dict[str, Any]] = [{"do": "model", "id": "model", "model": "m"}]
    for step in steps:
        whole.append({"id": step["do"], "of": whole[-1]["id"]} | step)
    actions = [{"do": "event", "when": when}] if when else []
    drawn = {zone: {CAMERA: outline} for zone, outline in (zones or {}).items()}
    return compile_skill(
        parse_skill({"name": "A skill", "cameras": [CAMERA], "zones": drawn, "steps": whole, "actions": actions}),
        CAMERA,
    )


def box(x: float, y: float, label: str = "bottle", confidence: float = 0.9, side: float = 0.1) -> Detection:
    """A square around a place."""
    return Detection(label, confidence, Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2))


def seen(found: Sequence[Detection], look: Any = lambda _model, _box: (), models: Sequence[str] = ("m", "n")) -> Seen:
    result = Result(CAMERA, "1", 0, "m", "1", "detection", tuple(found), 1.0)
    return Seen(CAMERA, "1", dict.fromkeys(models, result), look)


def at(time_s: float) -> Moment:
    return Moment(time_s, NOON_S + time_s)


class Watching:
    """A skill that looks at one picture after another."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.state: State = program.start
        self.outcome: Outcome | None = None

    def look(self, time_s: float, *found: Detection, look: Any = lambda _model, _box: ()) -> Outcome:
        self.state, self.outcome = evaluate(self.program, self.state, seen(found, look), at(time_s))
        return self.outcome

    def look_on(
        self, start_s: float, end_s: float, *found: Detection, every_s: float = 0.5
    ) -> list[tuple[float, Change]]:
        """The same picture over and over, the last at `end_s`; what changed, and when."""
        changes = []
        for number in range(round((end_s - start_s) / every_s) + 1):
            time_s = start_s + number * every_s
            changes += [(time_s, change) for change in self.look(time_s, *found).changes]
        return changes


# Strategies

_SHARES = some.one_of(some.sampled_from([0.0, 0.5, 1.0, 1e-200]), some.floats(0, 1))
_SECONDS = some.one_of(some.sampled_from([0.0, 1e-6, 1.0, 2.0, 86_400.0]), some.floats(0, 86_400))
_NUMBERS = some.one_of(some.sampled_from([0.0, 1.0, -1.0, 1e-300, 1e6]), some.floats(-1e6, 1e6))
_POINTS = some.tuples(_SHARES, _SHARES)
_AREAS = some.lists(_POINTS, min_size=3, max_size=8)
_LINES = some.lists(_POINTS, min_size=2, max_size=2)
_TIMES = some.builds("{:02}:{:02}".format, some.integers(0, 23), some.integers(0, 59))
_TAGS = some.lists(some.sampled_from(LABELS), max_size=2)
CAMERAS = ("till", "door")

_BOXES, _THINGS, _NUMBER, _CONDITION = "boxes", "things", "number", "condition"
_AFTER = {
    _BOXES: ("keep", "crop", "track", "count", "covered"),
    _THINGS: ("keep", "crop", "track", "count", "covered", "stay", "crossings"),
    _NUMBER: ("change", "compare"),
    _CONDITION: ("combine", "hold", "schedule"),
}
_OPTIONS: dict[str, dict[str, some.SearchStrategy[Any]]] = {
    "keep": {
        "tags": _TAGS,
        "minimum_confidence": _SHARES,
        "smallest": _SHARES,
        "largest": _SHARES,
        "inside": some.sampled_from(["centre", "foot", "half"]),
    },
    "crop": {"margin": _SHARES, "most": some.integers(1, 32)},
    "track": {"overlap": _SHARES, "lost_after_s": _SECONDS},
    "stay": {"still": some.booleans()},
    "count": {},
    "crossings": {"direction": some.sampled_from(["either", "leftwards", "rightwards"]), "over_s": _SECONDS},
    "covered": {},
    "change": {"reference": some.one_of(some.none(), _NUMBERS), "over_s": _SECONDS, "relative": some.booleans()},
    "compare": {},
    "combine": {"how": some.sampled_from(["all", "any", "none"])},
    "hold": {
        "clear_for_s": some.one_of(some.none(), _SECONDS),
        "cool_down_s": _SECONDS,
    },
    "schedule": {
        "days": some.lists(some.sampled_from(["mon", "tue", "sat", "sun"]), min_size=1, max_size=4),
        "start": _TIMES,
        "end": _TIMES,
        "time_zone": some.sampled_from(["UTC", "Europe/Berlin", "Pacific/Apia", "America/St_Johns"]),
    },
}
"""Of each kind of step, the fields that may be left out."""
_MUST: dict[str, dict[str, some.SearchStrategy[Any]]] = {
    "crop": {"model": some.just("n")},
    "stay": {"for_s": _SECONDS},
    "compare": {"how": some.sampled_from(["more", "fewer", "at_least", "at_most"]), "than": _NUMBERS},
    "hold": {"for_s": _SECONDS},
}


@some.composite
def documents(draw: some.DrawFn) -> dict[str, Any]:
    """A whole document that validates, with steps of any kind."""
    steps: list[dict[str, Any]] = [{"do": "model", "id": "s0", "model": draw(some.sampled_from(["m", "n"]))}]
    zones: dict[str, Any] = {}
    for number in range(1, draw(some.integers(2, 12))):
        given = flows(Chain.model_validate({"cameras": CAMERAS, "steps": steps}))
        # Things are rare by chance, and much depends on them.
        of = draw(some.sampled_from([*given, *[step for step, flow in given.items() if flow == _THINGS] * 2]))
        steps.append(_step(draw, f"s{number}", of, given, zones))
    given = flows(Chain.model_validate({"cameras": CAMERAS, "steps": steps}))
    used = {one for step in steps for one in ([step["of"]] if isinstance(step.get("of"), str) else step.get("of", []))}
    for step, flow in given.items():
        if flow in (_BOXES, _THINGS) and step not in used:
            steps.append({"do": "count", "id": f"n-{step}", "of": step})
    conditions = [step for step, flow in given.items() if flow == _CONDITION]
    whens = draw(some.lists(some.sampled_from(conditions), max_size=4)) if conditions else []
    actions = [{"do": draw(some.sampled_from(["event", "alert", "picture"])), "when": when} for when in whens]
    return {"name": "Any", "cameras": list(CAMERAS), "zones": zones, "steps": steps, "actions": actions}


def _step(draw: some.DrawFn, name: str, of: str, given: dict[str, Any], zones: dict[str, Any]) -> dict[str, Any]:
    do = draw(some.sampled_from(_AFTER[given[of]]))
    step: dict[str, Any] = {"do": do, "id": name, "of": of}
    for field, value in _MUST.get(do, {}).items():
        step[field] = draw(value)
    for field, value in _OPTIONS[do].items():
        if draw(some.booleans()):
            step[field] = draw(value)
    if do == "combine":
        conditions = [one for one, flow in given.items() if flow == _CONDITION]
        step["of"] = [of, *draw(some.lists(some.sampled_from(conditions), max_size=3))]
    if do == "hold" and draw(some.booleans()):
        step["of_last_s"] = draw(some.floats(step["for_s"], 86_400))
    if len(zones) < 8 and (do == "crossings" or (do in ("keep", "covered") and draw(some.booleans()))):
        step["zone"] = f"z{len(zones)}"
        zones[step["zone"]] = {camera: draw(_LINES if do == "crossings" else _AREAS) for camera in CAMERAS}
    elif do == "crossings":
        step = {"do": "count", "id": name, "of": of}
    return step


_CORNERS = some.one_of(_SHARES, some.floats(-2, 3), some.sampled_from([-1e300, 1e300, 0.3, 0.3 + 1e-12]))


@some.composite
def detections(draw: some.DrawFn) -> Detection:
    """One that is in the picture, at its edge, beyond it, without area, or without a box."""
    label, confidence = draw(some.sampled_from(LABELS)), draw(_SHARES)
    if draw(some.integers(0, 9)) == 0:
        return Detection(label, confidence, None)
    x0, x1 = sorted([draw(_CORNERS), draw(_CORNERS)])
    y0, y1 = sorted([draw(_CORNERS), draw(_CORNERS)])
    return Detection(label, confidence, Box(x0, y0, x1, y1))


_PASSED = some.one_of(some.sampled_from([0.0, 0.1, 0.5, 2.0, 3600.0, -5.0]), some.floats(0, 100))


@some.composite
def streams(draw: some.DrawFn) -> list[tuple[Seen, Moment]]:
    """Pictures that come unevenly, with gaps, while either clock may stand still or be set."""
    shown = draw(some.lists(some.lists(detections(), max_size=4), min_size=1, max_size=4))
    spoken = draw(some.lists(detections(), max_size=3))
    steady_s, utc_s = draw(some.floats(0, 1e7)), draw(some.floats(-1e12, 1e12))
    stream = []
    for _ in range(draw(some.integers(1, 12))):
        passed_s = draw(_PASSED)
        steady_s += passed_s
        utc_s += draw(some.sampled_from([passed_s, 0.0, 1e9]))
        found = draw(some.sampled_from(shown))
        stream.append((seen(found, lambda _model, _box: tuple(spoken)), Moment(steady_s, utc_s)))
    return stream


def replay(program: Program, state: State, stream: Sequence[tuple[Seen, Moment]]) -> Iterator[tuple[State, Outcome]]:
    """What comes of each picture, which nobody has looked at before."""
    for picture, now in stream:
        state, outcome = evaluate(program, state, dataclasses.replace(picture, given={}), now)
        yield state, outcome
