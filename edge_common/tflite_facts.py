"""What a manifest tells of its package's model.tflite, so that whoever runs it has nothing to guess.

A TFLite file is the one that its makers published. It says how its tensors are laid out, but not what their numbers
mean: which colour comes first, how large white is, what boxes are told from.
"""

from collections.abc import Sequence
from typing import Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge_common.geometry import Boxes


class AnchorMap(BaseModel):
    """Anchors at each place of a square grid over the picture."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    places: int = Field(ge=1, le=4096, description="a side")
    sizes: tuple[tuple[float, float], ...] = Field(min_length=1, description="width, height of each, in 0-1")


class TfliteOutput(BaseModel):
    """Where an output of the model contract comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tensor: str
    values: Literal["as they are", "logits", "encodings"] = Field(
        description="logits: of each label by itself; encodings: ty, tx, th, tw from anchors, TensorFlow's box coder"
    )


class TfliteFacts(BaseModel):
    """From image and outputs of the model contract to those of one TFLite file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    colours: Literal["bgr", "rgb"]
    scale: float = Field(allow_inf_nan=False, description="what 0-255 is multiplied by")
    offset: float = Field(allow_inf_nan=False, description="what is added then")
    outputs: dict[Literal["raw_boxes", "raw_probs", "probs"], TfliteOutput] = Field(min_length=1)
    anchors: tuple[AnchorMap, ...] = Field(default=(), description="in the order of the encodings")
    centre_scale: float = Field(default=10.0, gt=0, description="of ty and tx")
    size_scale: float = Field(default=5.0, gt=0, description="of th and tw")
    most_growth: float = Field(default=4.0, gt=0, description="th and tw, divided by their scale, are held within this")

    @model_validator(mode="after")
    def _with_anchors(self) -> Self:
        if not self.anchors and any(output.values == "encodings" for output in self.outputs.values()):
            raise ValueError("encodings need anchors")
        return self


def anchor_boxes(maps: Sequence[AnchorMap]) -> Boxes:
    """cx, cy, w, h in 0-1, float32 [anchors, 4]: map by map, row by row, place by place."""
    levels = []
    for one in maps:
        middles = (np.arange(one.places, dtype=np.float32) + 0.5) / one.places
        grid = np.empty((one.places, one.places, len(one.sizes), 4), dtype=np.float32)
        grid[..., 0] = middles[None, :, None]
        grid[..., 1] = middles[:, None, None]
        grid[..., 2:] = one.sizes
        levels.append(grid.reshape(-1, 4))
    return np.concatenate(levels)
