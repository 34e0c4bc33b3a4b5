"""How good a model is, in values that packages, twins and pages share: scores, comparisons, tags in doubt."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

DoubtKind = Literal["other tag", "not seen", "not tagged"]


class Rate(BaseModel):
    """A share of what was counted, and where it lies on as many new images in 9 of 10 cases."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float = Field(ge=0, le=1)
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)


class WrongImage(BaseModel):
    """An image held back in which the model was wrong."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: str = Field(description="sha256 of the image file")
    missed: int = Field(ge=0, description="tagged things that it did not find")
    false: int = Field(ge=0, description="things that it found where none is tagged")


class Score(BaseModel):
    """How good the model is on images that it was not trained on, and how that was measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["ap50", "accuracy", "mean_ap"] = Field(
        description="of boxes, of one tag for a picture, of several tags for a picture"
    )
    value: float = Field(ge=0, le=1)
    interval: tuple[float, float] | None = Field(
        default=None, description="on as many new images it lies here in 9 of 10 cases"
    )
    precision: Rate | None = Field(default=None, description="at the recommended thresholds: of what it finds, right")
    recall: Rate | None = Field(default=None, description="at the recommended thresholds: of what is there, found")
    none_right: Rate | None = Field(
        default=None,
        description="classification: of images of a tag as if it had not been taught, named none of the others",
    )
    label_precision: dict[str, Rate] = Field(default={}, description="the same for each label")
    label_recall: dict[str, Rate] = Field(default={}, description="the same for each label")
    wrong: tuple[WrongImage, ...] = Field(default=(), description="where it was wrong, worst first, at most 20")
    per_label: dict[str, float] = Field(description="the same figure for each label")
    protocol: str = Field(description="how it was measured, in words")


class Comparison(BaseModel):
    """A new version and the live one on the same images, neither asked about an image that it had learned from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    live_version: str
    images: int = Field(ge=1)
    value: float = Field(ge=0, le=1, description="the new version's figure, the one that its score names")
    live_value: float = Field(ge=0, le=1)
    difference: tuple[float, float] = Field(
        description="new less live: in 9 of 10 cases it lies here when the images are drawn again"
    )

    @property
    def worse(self) -> bool:
        """The new version is worse beyond what the choice of images explains."""
        return self.difference[1] < 0


class Int8(BaseModel):
    """The same model with its backbones in 8-bit whole numbers, and what was measured of both on the same images."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kept: bool = Field(description="the package has it: it is as good and faster where it was trained")
    why: str = Field(description="why it was kept or not")
    value: float | None = Field(default=None, ge=0, le=1, description="its score, measured as the package's own")
    interval: tuple[float, float] | None = Field(default=None, description="of that, as the score's")
    difference: tuple[float, float] | None = Field(
        default=None, description="its score less the other's: in 9 of 10 cases here when the images are drawn again"
    )
    ms: float | None = Field(default=None, ge=0, description="median for an image by ONNX Runtime")
    float_ms: float | None = Field(default=None, ge=0, description="the same of the model in floating point")


class Doubt(BaseModel):
    """A tag that the model, asked about the image while it was held back, would have set otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: str = Field(description="sha256 of the image file")
    kind: DoubtKind
    tag: str | None = Field(description="as tagged; none where nothing is tagged")
    seen: str | None = Field(description="what the model sees there; none where it sees nothing")
    box: tuple[float, float, float, float] | None = Field(description="x0, y0, x1, y1 in 0-1 of the picture")
    loss: float = Field(ge=0, description="surprise: -log of the probability that the model gave to what is tagged")
