"""What is told of skills while they look: how each step stands, and what became true or false.

Inference publishes both with its results (`skill_feed`); the page shows them, Insights counts them. How each skill
stands as a whole is a part of inference's own state.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Corner = tuple[float, float, float, float]
MOST_BOXES = 20
"""Of an event, so that many events fit a disk and a message."""
MOST_SHOWN = 50
"""Boxes of a step that are told; its number tells how many there are."""


class Told(BaseModel):
    """A frozen message; unknown keys are problems."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    version: Literal[1] = 1


class Shown(BaseModel):
    """A box that a step lets through."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    label: str
    confidence: float = Field(ge=0, le=1)
    box: Corner | None = Field(description="x0, y0, x1, y1 as shares of the picture; null: the whole picture")
    thing: int | None = Field(default=None, description="by which a tracked thing is known again")


class StepState(BaseModel):
    """How a step stands: one of these is not null."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    boxes: tuple[Shown, ...] | None = None
    number: float | None = Field(default=None, allow_inf_nan=False, description="of boxes: how many there are")
    condition: bool | None = None


class SkillTrace(Told):
    """How every step of a skill stands on one camera, after one frame."""

    skill: str
    draft: bool = Field(description="being made on the page: it is watched, nothing is done about it")
    camera: str
    frame_id: str
    taken_ns: int
    steps: dict[str, StepState]


class SkillEvent(Told):
    """A condition that something is done about became true or false."""

    id: str = Field(description="the same for raised and cleared, and after a restart; fit for a file name")
    skill: str
    name: str = Field(description="of the skill, as staff know it")
    camera: str
    step: str = Field(description="whose condition it is")
    phase: Literal["raised", "cleared"]
    time: str = Field(description="UTC, RFC 3339")
    since: str = Field(description="when it was raised, the same way")
    text: str
    severity: Literal["info", "warning", "critical"] = "info"
    numbers: dict[str, float] = Field(description="of the steps that give numbers, as they stood")
    frame_id: str = Field(description="of the frame that made it so")
    picture: str = Field(default="", description="file name of the picture that was kept; empty: none")
    boxes: tuple[Shown, ...] = Field(default=(), max_length=MOST_BOXES, description="that made it so, the surest first")
    actions: tuple[str, ...] = Field(default=(), description="what is done about it: the kinds of the skill's actions")


CameraPhase = Literal["waiting", "watching", "raised"]


class CameraStanding(BaseModel):
    """How a skill stands on one of its cameras."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    phase: CameraPhase = Field(
        description="waiting: for a model or for the camera; raised: one of its conditions is true"
    )
    raised: dict[str, str] = Field(default={}, description="steps whose condition is true, since when: UTC, RFC 3339")


class SkillStanding(BaseModel):
    """How a skill stands."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: str
    name: str
    own: bool = Field(description="it was made on the device's page and can be changed there")
    state: Literal["live", "waiting", "off"] = Field(
        description="waiting: a model is missing, or knows none of what is asked for; off: it is not enabled"
    )
    problems: tuple[str, ...] = Field(default=(), description="what is missing, each with its place in the document")
    cameras: dict[str, CameraStanding] = Field(default={}, description="by id")
