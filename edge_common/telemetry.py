"""Messages to the cloud at the outputs `alerts`, `events` and `detections`: their envelope, and bodies of two of them.

A module gives a body; its line to the hub adds the stamp, so that every message tells the same of where it comes from.
Bodies of `events` are in `telemetry_events`; docs/telemetry/ holds the JSON Schemas of all.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from edge_common.detections import Detection, ModelKind
from edge_common.geometry import Box
from edge_common.skills.told import SkillEvent

Output = Literal["alerts", "events", "detections"]
Severity = Literal["info", "warning", "critical"]

MOST_LETTERS = 1000
MOST_SHOWN = 20
"""Detections in a message, so that one fits a block of 4 KB: what it cost is told by `metering`."""


def shortened(value: object) -> object:
    """A text cut to its first thousand letters: nobody should miss a fault because its reason is long."""
    return value[: MOST_LETTERS - 1] + "…" if isinstance(value, str) and len(value) > MOST_LETTERS else value


Words = Annotated[str, BeforeValidator(shortened), Field(max_length=MOST_LETTERS)]
Utc = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|\+00:00)$")]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class Told(BaseModel):
    """A frozen value of a message; what is not known of it is null, and nothing is left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_serialization_defaults_required=True)


class Stamp(Told):
    """What the line to the hub adds to every message."""

    schema_version: Literal[1] = Field(
        default=1, description="another one where a field has gone or means other things"
    )
    message_id: str = Field(pattern="^[0-9a-f]{32}$", description="the same when the message comes again")
    time: Utc = Field(description="when it was sent: UTC, RFC 3339")
    sequence: int = Field(
        ge=1,
        description="counts the module's messages over all outputs, restarts too: one that is missing was given up; "
        "from 1 again on a new disk",
    )
    device: str = Field(min_length=1, description="as IoT Hub names it; without a hub the machine's name")
    module: str = Field(min_length=1, description="as IoT Hub names it")


class Body(Told):
    """What every message tells of what it is about."""

    output: ClassVar[Output]

    camera: str | None = Field(default=None, description="by id; null where it is about none, or about all")
    frame_id: str | None = Field(default=None, description="of the frame that it is about, unique for the camera")
    model_id: str | None = Field(default=None)
    model_version: str | None = Field(default=None)


@dataclass(frozen=True)
class Source:
    """Whose messages they are."""

    device: str
    module: str

    def sealed(self, body: Body, message_id: str, sequence: int) -> bytes:
        """A whole message as it goes out: one JSON object in UTF-8, the stamp first."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        stamp = Stamp(message_id=message_id, time=now, sequence=sequence, device=self.device, module=self.module)
        values = stamp.model_dump(mode="json") | body.model_dump(mode="json")
        return json.dumps(values, ensure_ascii=False, allow_nan=False).encode()


class Found(Told):
    """One thing that a model found."""

    label: str
    confidence: Share
    box: tuple[Number, Number, Number, Number] | None = Field(
        description="x0, y0, x1, y1 as shares of the picture; null: of the whole picture"
    )


class Alert(Body):
    """A skill's condition became true, or is true no longer."""

    output: ClassVar[Output] = "alerts"

    alert_id: str = Field(min_length=1, max_length=128, description="the same for raised and cleared")
    phase: Literal["raised", "cleared"]
    severity: Severity
    skill_id: str = Field(min_length=1)
    skill_name: str = Field(description="as staff know it")
    since: Utc = Field(description="when it was raised: UTC, RFC 3339")
    text: Words = Field(description="for people")
    numbers: dict[str, Number] = Field(
        description="what made it so: the numbers of the skill's steps as they stood, by step", max_length=64
    )
    detections: tuple[Found, ...] = Field(
        description="those that count, the surest first, and the first of many", max_length=MOST_SHOWN
    )


class DetectionsSeen(Body):
    """What one model saw in one frame of one camera: a sample, at most one in each interval."""

    output: ClassVar[Output] = "detections"

    taken: Utc = Field(description="when the frame was taken: UTC, RFC 3339")
    kind: ModelKind
    counts: dict[str, int] = Field(description="how many of each label; empty where it saw nothing")
    detections: tuple[Found, ...] = Field(description="the surest first", max_length=MOST_SHOWN)
    detections_left_out: int = Field(ge=0, description="more that are counted but not listed")
    inference_ms: Number = Field(ge=0, description="0 where another program looked and does not say")


def alert(event: SkillEvent, *, severity: Severity, text: str, models: Mapping[str, str]) -> Alert:
    """What the cloud is told of a skill's event.

    text: for people; the event's own when empty. models: version by id, of those whose results made it so; the first
    is named.
    """
    model_id, model_version = next(iter(models.items()), (None, None))
    return Alert(
        camera=event.camera,
        frame_id=event.frame_id or None,
        model_id=model_id,
        model_version=model_version,
        alert_id=event.id,
        phase=event.phase,
        severity=severity,
        skill_id=event.skill,
        skill_name=event.name,
        since=event.since,
        text=text or event.text,
        numbers=event.numbers,
        detections=tuple(Found(label=one.label, confidence=one.confidence, box=one.box) for one in event.boxes),
    )


def surest(detections: Sequence[Detection]) -> tuple[Found, ...]:
    """As many as a message takes, rounded to what a model can tell: boxes to 1/10000 of the picture."""
    best = sorted(detections, key=lambda one: -one.confidence)[:MOST_SHOWN]
    return tuple(
        Found(
            label=one.label,
            confidence=round(one.confidence, 4),
            box=None if one.box is None else _corners(one.box),
        )
        for one in best
    )


def _corners(box: Box) -> tuple[float, float, float, float]:
    return round(box.x0, 4), round(box.y0, 4), round(box.x1, 4), round(box.y1, 4)
