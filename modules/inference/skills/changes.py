"""From a change of a condition to what is told of it, and what is to be done about it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from edge_common.detections import Detection
from edge_common.skills.document import Skill
from edge_common.skills.program import Change
from edge_common.skills.seen import Moment
from edge_common.skills.steps import AlertAction, AnyAction, EventAction, PostAction, PublishAction
from edge_common.skills.told import MOST_BOXES, Shown, SkillEvent
from modules.inference.skills.ledger import Task, TaskKind

_KINDS: Mapping[str, TaskKind] = {"alert": "alert", "post": "post", "publish": "publish"}
"""What is done by itself, by the action that asks for it; all else is done where the event is told."""
_SEVERITIES = ("info", "warning", "critical")


class Job(BaseModel):
    """What a task holds: JSON, since it may have to wait for the next start."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    event: SkillEvent
    actions: tuple[AnyAction, ...]
    models: dict[str, str] = {}
    """Version by id, of those whose results made it so."""
    taken_ns: int = 0
    """When the frame was taken; 0 where no frame made it so."""


def actions_of(skill: Skill, step: str, phase: str) -> tuple[AnyAction, ...]:
    """What is done when the step's condition becomes so."""
    return tuple(action for action in skill.actions if action.when == step and action.on in (phase, "both"))


def event_of(
    skill_id: str,
    skill: Skill,
    camera: str,
    series: str,
    change: Change,
    now: Moment,
    *,
    numbers: Mapping[str, float],
    frame_id: str,
    boxes: Sequence[Detection],
) -> SkillEvent:
    """What is told of a change. boxes: those that made it so, any number."""
    about = [action for action in skill.actions if action.when == change.step]
    told = [action for action in about if isinstance(action, AlertAction | EventAction)]
    alerts = [action.severity for action in told if isinstance(action, AlertAction)]
    done = actions_of(skill, change.step, change.phase)
    return SkillEvent(
        id=f"{skill_id}.{change.step}.{series}-{change.number}",
        skill=skill_id,
        name=skill.name,
        camera=camera,
        step=change.step,
        phase=change.phase,
        time=in_utc(now.utc_s),
        since=in_utc(change.since.utc_s),
        text=next((action.text for action in told if action.text), skill.name),
        severity=max(alerts, key=_SEVERITIES.index, default="info"),
        numbers=dict(numbers),
        frame_id=frame_id,
        boxes=shown(boxes),
        actions=tuple(dict.fromkeys(action.do for action in done)),
    )


def tasks_of(event: SkillEvent, skill: Skill, models: Mapping[str, str], taken_ns: int) -> list[Task]:
    """All that is to be done; to tell the event comes first."""
    done = actions_of(skill, event.step, event.phase)
    beside = tuple(action for action in done if action.do not in _KINDS)
    jobs: list[tuple[TaskKind, tuple[AnyAction, ...]]] = [("tell", beside)]
    jobs += [(_KINDS[action.do], (action,)) for action in done if action.do in _KINDS]
    return [
        Task(kind, _destination(actions), _job(event, actions, models, taken_ns).model_dump_json())
        for kind, actions in jobs
    ]


def in_utc(utc_s: float) -> str:
    """Seconds since 1970 as RFC 3339."""
    return datetime.fromtimestamp(utc_s, UTC).isoformat(timespec="milliseconds")


def shown(boxes: Iterable[Detection]) -> tuple[Shown, ...]:
    """The surest, as many as an event takes."""
    best = sorted(boxes, key=lambda one: -one.confidence)[:MOST_BOXES]
    return tuple(
        Shown(
            label=one.label,
            confidence=round(one.confidence, 4),
            box=None
            if one.box is None
            else (round(one.box.x0, 4), round(one.box.y0, 4), round(one.box.x1, 4), round(one.box.y1, 4)),
        )
        for one in best
    )


def _job(event: SkillEvent, actions: tuple[AnyAction, ...], models: Mapping[str, str], taken_ns: int) -> Job:
    return Job(event=event, actions=actions, models=dict(models), taken_ns=taken_ns)


def _destination(actions: tuple[AnyAction, ...]) -> str:
    match actions:
        case (PostAction() as post,):
            return host_of(post.url)
        case (PublishAction(),):
            return "broker"
    return ""


def host_of(url: str) -> str:
    """The host of a URL in small letters, with the port where it is not the usual one."""
    parts = urlsplit(url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    host = (parts.hostname or "").lower()
    return host if parts.port in (None, usual) else f"{host}:{parts.port}"
