"""What evaluating skills costs: share of a core, and percentiles of one evaluation, for so many skills and cameras.

`python -m bench.skills [--skills 20] [--cameras 4] [--rate 10] [--seconds 30] [--apart] [--spread] [--json]`

Every skill looks at every camera (with `--spread` each at one of them), and each result of each camera is one
evaluation of each skill. The skills are the page's templates in turn, long chains among them, each with a zone of its
own; people who walk, stand and are missed now and then are made up from a seed. Skills that began together track
together; with `--apart` each began at another time and tracks for itself. Time is simulated, so it runs as fast as it
can: a share is processor time by simulated time. Processor time, too, grows when others are busy on the same cores, so
each simulated second is measured by itself, and the share of the quietest tenth is told beside that of all.
"""

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from edge_common.detections import Detection, Result
from edge_common.geometry import Box
from edge_common.skills.document import Skill, parse_skill
from edge_common.skills.program import Program, State, compile_skill, evaluate
from edge_common.skills.seen import Moment, Seen
from edge_common.version import VERSION

MODEL = "model"
BOXES = (5, 10, 20, 50, 100)
_AREA = ((0.1, 0.1), (0.9, 0.15), (0.85, 0.9), (0.5, 0.95), (0.1, 0.8))
_LINE = ((0.5, 0.0), (0.5, 1.0))
_PEOPLE: list[dict[str, Any]] = [
    {"do": "model", "id": "found", "model": MODEL},
    {"do": "keep", "id": "sure", "of": "found", "tags": ["person"], "minimum_confidence": 0.3, "smallest": 0.001},
    {"do": "track", "id": "people", "of": "sure"},
]
_ALARM: list[dict[str, Any]] = [
    {"do": "hold", "id": "held", "of": "compared", "for_s": 20, "of_last_s": 30, "clear_for_s": 10, "cool_down_s": 60},
    {"do": "schedule", "id": "open", "of": "held", "start": "08:00", "end": "20:00", "time_zone": "Europe/Berlin"},
]
CHAINS: dict[str, list[dict[str, Any]]] = {
    "low stock": [
        *_PEOPLE[:2],
        {"do": "keep", "id": "on-shelf", "of": "sure", "zone": "area"},
        {"do": "count", "id": "number", "of": "on-shelf"},
        {"do": "compare", "id": "compared", "of": "number", "how": "fewer", "than": 4},
    ],
    "shelf covered": [
        *_PEOPLE[:2],
        {"do": "covered", "id": "number", "of": "sure", "zone": "area"},
        {"do": "change", "id": "changed", "of": "number", "relative": True},
        {"do": "compare", "id": "compared", "of": "changed", "how": "fewer", "than": -0.3},
    ],
    "queue too long": [
        *_PEOPLE,
        {"do": "keep", "id": "queueing", "of": "people", "zone": "area", "inside": "foot"},
        {"do": "stay", "id": "waiting", "of": "queueing", "for_s": 20},
        {"do": "count", "id": "number", "of": "waiting"},
        {"do": "compare", "id": "compared", "of": "number", "how": "more", "than": 3},
    ],
    "someone in a zone": [
        *_PEOPLE,
        {"do": "keep", "id": "inside", "of": "people", "zone": "area", "inside": "half"},
        {"do": "count", "id": "number", "of": "inside"},
        {"do": "compare", "id": "compared", "of": "number", "how": "at_least", "than": 1},
    ],
    "left behind": [
        *_PEOPLE,
        {"do": "keep", "id": "inside", "of": "people", "zone": "area"},
        {"do": "stay", "id": "still", "of": "inside", "for_s": 60, "still": True},
        {"do": "count", "id": "number", "of": "still"},
        {"do": "compare", "id": "compared", "of": "number", "how": "at_least", "than": 1},
    ],
    "walked past": [
        *_PEOPLE,
        {"do": "crossings", "id": "number", "of": "people", "zone": "line", "direction": "rightwards", "over_s": 300},
        {"do": "compare", "id": "compared", "of": "number", "how": "more", "than": 20},
    ],
}


def skills(number: int, cameras: Sequence[str], *, spread: bool = False) -> list[Skill]:
    """So many, each on all cameras, or on one of them."""
    names = list(CHAINS)
    of = [cameras[one % len(cameras) :][:1] if spread else cameras for one in range(number)]
    return [_skill(one, names[one % len(names)], of[one]) for one in range(number)]


def _skill(number: int, name: str, cameras: Sequence[str]) -> Skill:
    steps = [*CHAINS[name], *_ALARM]
    # No two skills have the same zone.
    zones = {
        zone: [(x + 0.001 * number, y) for x, y in outline] for zone, outline in (("area", _AREA), ("line", _LINE))
    }
    used = {
        zone: dict.fromkeys(cameras, zones[zone]) for zone in zones if any(one.get("zone") == zone for one in steps)
    }
    actions = [{"do": "alert", "when": "open"}, {"do": "picture", "when": "open"}]
    return parse_skill({"name": name, "cameras": cameras, "zones": used, "steps": steps, "actions": actions})


def stream(camera: str, boxes: int, rate: float, seconds: float, seed: int) -> Iterator[tuple[Seen, Moment]]:
    """Results of a camera: that many people, half of them standing, each found nine times out of ten."""
    dice = random.Random(seed)
    people = [(dice.random(), dice.random(), 0.0 if one % 2 else dice.uniform(-0.2, 0.2)) for one in range(boxes)]
    side = min(0.15, 0.7 / boxes**0.5)
    for number in range(int(rate * seconds)):
        passed_s = number / rate
        found = []
        for x, y, speed in people:
            if dice.random() < 0.9:
                left = ((x + speed * passed_s) % 1.0 + dice.gauss(0, 0.003)) * (1 - side)
                top = (y + dice.gauss(0, 0.003)) * (1 - 2 * side)
                box = Box(left, top, left + side, top + 2 * side)
                found.append(Detection("person", dice.uniform(0.4, 1.0), box))
        found.sort(key=lambda one: -one.confidence)
        result = Result(camera, str(number), 0, MODEL, "1", "detection", tuple(found), 0.0)
        yield Seen(camera, str(number), {MODEL: result}, lambda _model, _box: ()), Moment(passed_s, 1.8e9 + passed_s)


def begun(program: Program, number: int) -> State:
    """A state that remembers to have seen so many people, a while ago."""
    (seen, _), *_ = stream(program.camera, 2 * number + 1, 1, 1, number)
    return evaluate(program, program.start, seen, Moment(-60.0, 1.8e9 - 60))[0]


def measure(
    chosen: Sequence[Skill], names: Sequence[str], boxes: int, rate: float, seconds: float, *, apart: bool
) -> dict[str, Any]:
    """The figures for these skills on cameras of these names, with so many boxes in each picture."""
    streams = [list(stream(name, boxes, rate, seconds, seed)) for seed, name in enumerate(names)]
    programs = [[compile_skill(skill, name) for skill in chosen if name in skill.cameras] for name in names]
    states = [[begun(program, one if apart else 0) for one, program in enumerate(of_camera)] for of_camera in programs]
    took_ns: list[int] = []
    changes = 0
    each_s = [time.process_time()]
    for turn, results in enumerate(zip(*streams, strict=True), 1):
        for camera, (seen, now) in enumerate(results):
            for one, program in enumerate(programs[camera]):
                began_ns = time.perf_counter_ns()
                states[camera][one], outcome = evaluate(program, states[camera][one], seen, now)
                took_ns.append(time.perf_counter_ns() - began_ns)
                changes += len(outcome.changes)
        if turn % max(round(rate), 1) == 0:
            each_s.append(time.process_time())
    processor_s = each_s[-1] - each_s[0]
    quiet_s = float(np.percentile(np.diff(each_s), 10)) if len(each_s) > 1 else processor_s
    took_us = np.array(took_ns) / 1e3
    return {
        "boxes": boxes,
        "evaluations": len(took_ns),
        "share_of_core": round(processor_s / seconds, 4),
        "share_of_core_when_quiet": round(quiet_s, 4),
        "mean_us": round(processor_s / len(took_ns) * 1e6, 1),
        "p50_us": round(float(np.percentile(took_us, 50)), 1),
        "p95_us": round(float(np.percentile(took_us, 95)), 1),
        "p99_us": round(float(np.percentile(took_us, 99)), 1),
        "worst_us": round(float(took_us.max()), 1),
        "changes": changes,
    }


def main(words: Sequence[str] | None = None) -> None:
    """Command line; `words` in place of the process's own."""
    parser = argparse.ArgumentParser(prog="bench.skills", description=__doc__)
    parser.add_argument("--skills", type=int, default=20)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--rate", type=float, default=10.0, help="results a second of each camera")
    parser.add_argument("--seconds", type=float, default=30.0, help="simulated, of each row")
    parser.add_argument("--boxes", type=int, nargs="*", default=BOXES, help="in each picture; a row each")
    parser.add_argument("--apart", action="store_true", help="each skill began at another time, and tracks for itself")
    parser.add_argument("--spread", action="store_true", help="each skill looks at one of the cameras")
    parser.add_argument("--json", action="store_true", help="print one JSON object only")
    chosen = parser.parse_args(words)
    names = [f"camera-{one}" for one in range(chosen.cameras)]
    measured = skills(chosen.skills, names, spread=chosen.spread)
    rows = []
    for boxes in chosen.boxes:
        rows.append(measure(measured, names, boxes, chosen.rate, chosen.seconds, apart=chosen.apart))
        if not chosen.json:
            print(rows[-1], flush=True)
    whole = {name: getattr(chosen, name) for name in ("skills", "cameras", "rate", "seconds", "apart", "spread")}
    print(json.dumps({"program_version": VERSION} | whole | {"rows": rows}))


if __name__ == "__main__":
    main()
