"""Messages to the cloud, held against their published schemas, and small ones for tests that are about other things."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from edge_common.skills.told import SkillEvent
from edge_common.telemetry import Alert, alert
from edge_common.telemetry_events import CameraEvent

SCHEMAS = Path(__file__).parents[1] / "docs" / "telemetry"
OUTPUTS = ("alerts", "events", "detections")


@cache
def validator(output: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{output}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def problems(output: str, body: object) -> list[str]:
    """What is wrong with a message at one of our outputs, with the place of each; at another, nothing can be."""
    if output not in OUTPUTS:
        return []
    found = []
    for error in validator(output).iter_errors(body):
        # Of the branches of a choice, the one that is meant is the one whose kind of event fits.
        below = [one for one in error.context or () if not (len(one.absolute_path) and one.absolute_path[0] == "event")]
        found += [f"{output}: {one.json_path}: {one.message[:300]}" for one in below or [error]]
    return found


def json_lines(path: Path) -> list[Any]:
    """What each whole line of a file holds, oldest first; one that is just being written is none yet."""
    whole = path.read_text().rpartition("\n")[0] if path.exists() else ""
    return [json.loads(line) for line in whole.splitlines()]


def sent(folder: Path) -> list[dict[str, Any]]:
    """The bodies of what a `LocalHub` of this folder was given, oldest first, each held against its schema."""
    messages = json_lines(folder / "messages.jsonl")
    wrong = [problem for one in messages for problem in problems(one["output"], one["body"])]
    assert not wrong, wrong
    return [one["body"] for one in messages]


def numbered(number: int) -> CameraEvent:
    """An event that a test knows again."""
    return CameraEvent(event="camera lost", camera="till", reason=str(number))


def numbered_alert(number: int) -> Alert:
    return alert(skill_event(), severity="warning", text=str(number), models={})


def skill_event(**changes: Any) -> SkillEvent:
    """Low stock at the till, or something like it."""
    given = {"id": "low-stock.low.1-1", "skill": "low-stock", "name": "Low stock", "camera": "till", "step": "low"}
    when = {"phase": "raised", "time": "2026-11-26T22:53:42Z", "since": "2026-11-26T22:52:42Z", "text": "Low stock"}
    return SkillEvent(**given | when | {"numbers": {"bottles": 2.0}, "frame_id": "17-1"} | changes)
