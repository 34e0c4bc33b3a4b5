"""What a skill looks at: one frame of one camera, with what each model found in it, and when that was."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from edge_common.detections import Detection, Result
from edge_common.geometry import Box

Look = Callable[[str, Box], tuple[Detection, ...]]
"""What a model, by its id, finds in a part of the frame, best first: boxes as shares of the whole picture, none from a
model that speaks for whole pictures. It looks at nothing else of the frame. Empty when it cannot look."""


class Moment(NamedTuple):
    """When a frame was taken."""

    steady_s: float
    """Goes on by a second each second, over restarts too; clocks that are set do not move it."""
    utc_s: float
    """Seconds since 1970 by the device's clock: for opening hours and for what people read."""


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """Of the models that a skill runs on whole pictures each has its result here; one for all skills that look."""

    camera: str
    frame_id: str
    results: Mapping[str, Result]
    """By model id."""
    look: Look
    given: dict[str, Any] = field(default_factory=dict, repr=False)
    """What steps gave that look at this, by all that they do (`running`): worked out once for all skills."""
