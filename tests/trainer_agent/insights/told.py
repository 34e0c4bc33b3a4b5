"""Traces and events as inference tells them, for tests."""

from datetime import UTC, datetime
from typing import Any

from edge_common.detections import Result
from edge_common.skills.told import SkillEvent, SkillTrace, StepState

NOON = int(datetime(2026, 11, 26, 12, tzinfo=UTC).timestamp())
"""Seconds since 1970."""


def trace(second: float, *, skill: str = "low-stock", camera: str = "aisle-4", **steps: float | bool) -> SkillTrace:
    """How steps stand so many seconds after noon; `milk_count` is the step `milk-count`."""
    states = {
        name.replace("_", "-"): StepState(condition=value) if isinstance(value, bool) else StepState(number=value)
        for name, value in steps.items()
    }
    taken_ns = round((NOON + second) * 1e9)
    return SkillTrace(skill=skill, draft=False, camera=camera, frame_id="1", taken_ns=taken_ns, steps=states)


def event(number: int, phase: str, second: float, since: float | None = None, **values: Any) -> SkillEvent:
    """An alert that was raised or cleared so many seconds after noon."""
    about: dict[str, Any] = {
        "id": f"low-stock.aisle-4.low.{number}",
        "skill": "low-stock",
        "name": "Low stock",
        "camera": "aisle-4",
        "step": "low",
        "phase": phase,
        "time": utc(second),
        "since": utc(second if since is None else since),
        "text": "Few bottles",
        "severity": "warning",
        "numbers": {"count": 1.0},
        "frame_id": "aisle-4-1",
    }
    return SkillEvent(**{**about, **values})


def utc(second: float) -> str:
    return datetime.fromtimestamp(NOON + second, UTC).isoformat()


def result(model: str = "shelf", camera: str = "aisle-4", ms: float = 20.0, taken_ns: int = 0) -> Result:
    """Of a model that found nothing."""
    return Result(camera, "1", taken_ns, model, "1", "detection", (), ms)
