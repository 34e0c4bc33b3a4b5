"""What fields of a skill hold: names, shares, seconds, outlines, times of day; each checked by itself."""

import zoneinfo
from functools import cache
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from edge_common.setting_groups import ModelId

StepId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
ZoneId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
Above = Annotated[StepId, Field(description="the step above that it takes from")]
Looking = Annotated[ModelId, Field(description="a model of this device")]
Phases = Literal["raised", "cleared", "both"]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
Point = tuple[Share, Share]
"""Across and down, as shares of the picture's width and height."""
Outline = Annotated[tuple[Point, ...], Field(min_length=2, max_length=32)]
"""Two points are a line, from the first to the second; three or more an area."""
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


@cache
def _names() -> frozenset[str]:
    # Each call reads hundreds of files.
    return frozenset(zoneinfo.available_timezones())


def _known(name: str) -> str:
    # The set first: looking one up by any text would reach for files by that name.
    if name not in _names():
        raise ValueError("the IANA name of a time zone expected, such as Europe/Berlin")
    return name


TimeZone = Annotated[str, Field(max_length=64), AfterValidator(_known)]
