"""What passes between the agent and a training's own process: one JSON request in, JSON lines out."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_common import telemetry_events
from edge_common.errors import LearningError
from edge_common.scores import Comparison, Int8, Score
from modules.trainer_agent.annotations import TrainingSet


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Progress(_Message):
    """How far the training is."""

    stage: str = Field(description="what it is doing, in words for staff")
    fraction: Annotated[float, Field(ge=0, le=1)]
    seconds_left: Annotated[float, Field(ge=0)] | None


class Trained(_Message):
    """The package that was written and verified, not active yet."""

    version: str
    score: Score | None
    comparison: Comparison | None = Field(default=None, description="with the version that was live")
    int8: Int8 | None = Field(default=None, description="of the model in whole numbers; null where none was tried")
    images: int
    boxes: int
    left_out: Mapping[str, str] = Field(description="images not used, by name, and why")
    seconds: float

    def event(self, model_id: str, kept_back: str) -> telemetry_events.Trained:
        """What the cloud is told of it."""
        return telemetry_events.Trained(
            model_id=model_id,
            model_version=self.version,
            kept_back=kept_back,
            score=self.score,
            comparison=self.comparison,
            int8=self.int8,
            images=self.images,
            boxes=self.boxes,
            left_out=telemetry_events.first_named(self.left_out),
            left_out_images=len(self.left_out),
            seconds=self.seconds,
        )


class Failed(_Message):
    """Why there is no package."""

    code: str
    message: str


Message = Progress | Trained | Failed


def encode_request(
    chosen: TrainingSet,
    *,
    data: Path,
    packages: Path,
    zoo: Path,
    threads: int,
    parent_version: str | None,
    int8: bool = False,
    look: bool = False,
) -> bytes:
    """One line of UTF-8 JSON."""
    request = {
        "data": str(data),
        "packages": str(packages),
        "zoo": str(zoo),
        "model_id": chosen.model.id,
        "model_name": chosen.model.name,
        "kind": chosen.model.kind,
        "several": chosen.model.several,
        "tags": [tag.name for tag in chosen.model.tags],
        "attributes": dict(chosen.model.attributes),
        "images": [
            {
                "path": str(image.path),
                "digest": image.digest,
                "name": image.name,
                "boxes": [{"tag": index, "box": box.to_list()} for index, box in image.boxes],
                "tags": list(image.tags),
            }
            for image in chosen.images
        ],
        "threads": threads,
        "seed": 0,
        "parent_version": parent_version,
        "int8": int8,
        "look": look,
    }
    return json.dumps(request, ensure_ascii=False).encode() + b"\n"


def decode_message(line: bytes) -> Message:
    """The message in one line of the training's output; raises LearningError that shows the line."""
    try:
        body: Any = json.loads(line)
        if isinstance(body, dict) and "trained" in body:
            return Trained.model_validate(body["trained"])
        if isinstance(body, dict) and "failed" in body:
            return Failed.model_validate(body["failed"])
        return Progress.model_validate(body)
    except (ValidationError, ValueError) as error:
        raise LearningError(f"training said something that is no message: {line[:200]!r}") from error
