"""What passes between the page and a rehearsal's own process: one JSON request in, JSON lines out."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from edge_common.errors import LearningError
from edge_common.skills.document import Skill

Corners = tuple[float, float, float, float]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Request(_Message):
    """What to try on what."""

    video: Path
    camera: str = Field(description="whose zones count")
    skill: Skill
    packages: Path
    pictures: Path = Field(description="folder for the pictures of changes")
    frames_per_s: float = Field(default=10.0, gt=0, le=60)
    threads: int = Field(default=2, ge=1, le=16)


class Second(_Message):
    """How numbers and conditions stood, about once a second."""

    kind: Literal["second"] = "second"
    at_s: float
    share: float = Field(ge=0, le=1, description="of the video that is behind it")
    numbers: dict[str, float]
    conditions: dict[str, bool]


class Changed(_Message):
    """A condition that something would be done about became true or false."""

    kind: Literal["changed"] = "changed"
    step: str
    phase: Literal["raised", "cleared"]
    at_s: float
    numbers: dict[str, float]
    boxes: tuple[Corners, ...] = Field(description="that the condition was made of")
    picture: str = Field(description="file name below the folder for pictures")


class Done(_Message):
    """All of it was looked at."""

    kind: Literal["done"] = "done"
    frames: int
    length_s: float


class Failed(_Message):
    """Why it ended before."""

    kind: Literal["failed"] = "failed"
    message: str


Message = Annotated[Second | Changed | Done | Failed, Field(discriminator="kind")]
_MESSAGES: TypeAdapter[Second | Changed | Done | Failed] = TypeAdapter(Message)


def decode_message(line: bytes) -> Second | Changed | Done | Failed:
    """Raises LearningError that shows the line."""
    try:
        return _MESSAGES.validate_json(line)
    except ValidationError as error:
        raise LearningError(f"the test said something that is no message: {line[:200]!r}") from error
