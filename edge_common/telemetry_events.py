"""Bodies of messages at the output `events`, told apart by `event`: what became of cameras, models and trainings."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from edge_common.scores import Comparison, Int8, Score
from edge_common.telemetry import Body, Number, Output, Words

MOST_NAMED = 20
"""Of a list that may be long."""
Url = Annotated[str, Field(max_length=2048)]


class CameraEvent(Body):
    """A camera stopped giving frames, or gives them again."""

    output: ClassVar[Output] = "events"

    event: Literal["camera lost", "camera back"]
    camera: str
    reason: Words = Field(description="why it was lost; empty when it is back")


class AboutModel(Body):
    """What every event of a model tells."""

    output: ClassVar[Output] = "events"

    model_id: str
    attributes: dict[str, str] = Field(default={}, description="of the model, by which operations sort models")


ModelNews = Literal["model live", "model refused", "model gone", "vpu lost", "vpu back"]


class ModelEvent(AboutModel):
    """Of a model that inference runs, or should run."""

    event: ModelNews
    message: Words = Field(description="why it was refused or the VPU is lost; which VPU is back; else empty")


class VersionEvent(AboutModel):
    """Something was done to a model that needs no more words."""

    event: Literal["put live", "attributes changed", "training cancelled"]


class Trained(AboutModel):
    """A training gave a version."""

    event: Literal["trained"] = "trained"
    model_version: str
    kept_back: Words = Field(description="why it is kept as a candidate; empty when it went live")
    score: Score | None
    comparison: Comparison | None = Field(description="with the version that was live; null where there was none")
    int8: Int8 | None = Field(description="of the model in whole numbers; null where none was tried")
    images: int = Field(ge=0)
    boxes: int = Field(ge=0)
    left_out: dict[str, Words] = Field(
        description=f"images not used, by name, and why: the first {MOST_NAMED}", max_length=MOST_NAMED
    )
    left_out_images: int = Field(ge=0, description="how many were not used")
    seconds: Number = Field(ge=0)


class TrainingFailed(AboutModel):
    """A training gave no version; what ran before still does."""

    event: Literal["training failed"] = "training failed"
    code: str = Field(description="the kind of fault")
    message: Words


class ModelZipReady(AboutModel):
    """A version can be fetched by azureeyemodule."""

    event: Literal["model zip ready"] = "model zip ready"
    model_version: str
    url: Url = Field(description="to be set as azureeyemodule's ModelZipUrl")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="of the zip")
    size: int = Field(ge=0, description="of the zip, in bytes")
    blob: bool = Field(description="whether it carries the compiled model, too")
    message: Words = Field(description="what is worth a note about it; else empty")


class ModelZipRefused(AboutModel):
    """A version cannot run on azureeyemodule."""

    event: Literal["model zip refused"] = "model zip refused"
    message: Words


Event = Annotated[
    CameraEvent | ModelEvent | VersionEvent | Trained | TrainingFailed | ModelZipReady | ModelZipRefused,
    Field(discriminator="event"),
]


def first_named(left_out: Mapping[str, str]) -> dict[str, str]:
    """As many of them as an event takes."""
    return dict(list(left_out.items())[:MOST_NAMED])
