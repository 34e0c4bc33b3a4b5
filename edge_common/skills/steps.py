"""What a skill is made of: steps that turn results into conditions, and what is done about them, as frozen values.

What they mean is in `program`; whether they fit together is in `fitting`. Nothing in them is ever run as code.
"""

from typing import Annotated, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from edge_common.setting_groups import CameraId, Settings
from edge_common.skills.fields import (
    Above,
    Day,
    Looking,
    Outline,
    Phases,
    Seconds,
    Share,
    StepId,
    Tag,
    TimeOfDay,
    TimeZone,
    ZoneId,
)

MOST_STEPS = 24
MOST_ACTIONS = 8
MOST_ZONES = 8
_ON = "it became true, false, or either"


class Step(Settings):
    """What every step has."""

    id: StepId = Field(description="by which steps and actions name it")


class ModelStep(Step):
    """Boxes: what a model finds in the picture. One that speaks for whole pictures gives the picture, once a label."""

    do: Literal["model"] = "model"
    model: Looking


class KeepStep(Step):
    """Boxes: those of another step that are what is wanted, where it is wanted."""

    do: Literal["keep"] = "keep"
    of: Above
    tags: tuple[Tag, ...] = Field(default=(), max_length=64, description="none named: every tag")
    minimum_confidence: Share = Field(default=0.0, description="at least so sure")
    smallest: Share = Field(default=0.0, description="share of the picture's area, at least")
    largest: Share = Field(default=1.0, description="share of the picture's area, at most")
    zone: ZoneId | None = Field(default=None, description="an area; null: the whole picture")
    inside: Literal["centre", "foot", "half"] = Field(
        default="centre",
        description="what of a box lies in the zone: its centre, the middle of its lower edge, or half of its area",
    )


class CropStep(Step):
    """Boxes: what a second model says of each box of another step, looking at nothing else.

    One that speaks for whole pictures renames the box to what it is surest of, and drops it when it is sure of nothing;
    one that finds boxes gives those, where they are in the picture.
    """

    do: Literal["crop"] = "crop"
    of: Above
    model: Looking
    margin: Share = Field(default=0.1, description="looked at around each box, as a share of its sides")
    most: int = Field(default=8, ge=1, le=32, description="boxes looked at in a picture, the surest first")


class TrackStep(Step):
    """Things: boxes of another step, each known again from picture to picture, even under another label."""

    do: Literal["track"] = "track"
    of: Above
    overlap: Share = Field(
        default=0.2, description="IoU with where it is expected, at least; what is left is tried with doubled boxes"
    )
    lost_after_s: Seconds = Field(default=2.0, description="not seen for so long, it is another one when it comes back")


class StayStep(Step):
    """Things: those of another step that have been there for a while.

    Counted from when that step first gave them: after `keep` with a zone, from when they came into the zone. One that
    was gone for longer than its tracker waits begins anew. Time without results does not count.
    """

    do: Literal["stay"] = "stay"
    of: Above
    for_s: Seconds = Field(description="there at least so long")
    still: bool = Field(
        default=False,
        description="true: its centre stayed in the box that it had at first; what moves away begins anew there",
    )


class CountStep(Step):
    """A number: how many boxes another step gives."""

    do: Literal["count"] = "count"
    of: Above


class CrossingsStep(Step):
    """A number: how many things of another step have crossed a line lately.

    The centre of the box counts, and only once a tenth of the box around it is across; who turns round counts again.
    """

    do: Literal["crossings"] = "crossings"
    of: Above
    zone: ZoneId = Field(description="a line")
    direction: Literal["either", "leftwards", "rightwards"] = Field(
        default="either", description="as seen looking from the line's first point to its second"
    )
    over_s: Seconds = Field(default=60.0, description="counted over the last seconds")


class CoveredStep(Step):
    """A number from 0 to 1: the share of an area that boxes of another step cover, together; right to about 0.01."""

    do: Literal["covered"] = "covered"
    of: Above
    zone: ZoneId | None = Field(default=None, description="an area; null: the whole picture")


class ChangeStep(Step):
    """A number: by how much another number is more than its reference; below 0 when it is less.

    Of a mean, the number of each result counts until the next one; without any before, the change is 0.
    """

    do: Literal["change"] = "change"
    of: Above
    reference: float | None = Field(
        default=None, ge=-1e6, le=1e6, allow_inf_nan=False, description="null: its mean over the last seconds"
    )
    over_s: Seconds = Field(default=3600.0, description="of that mean")
    relative: bool = Field(default=False, description="true: as a share of the reference; of none it is the number")


class CompareStep(Step):
    """A condition: whether a number is more or less than another."""

    do: Literal["compare"] = "compare"
    of: Above
    how: Literal["more", "fewer", "at_least", "at_most"] = Field(description="it has to be")
    than: float = Field(ge=-1e6, le=1e6, allow_inf_nan=False, description="the number that it is compared with")


class CombineStep(Step):
    """A condition: whether all, any or none of some conditions are true."""

    do: Literal["combine"] = "combine"
    of: tuple[StepId, ...] = Field(min_length=1, max_length=8, description="the steps above that it takes from")
    how: Literal["all", "any", "none"] = Field(default="all", description="how many of them have to be true")


class HoldStep(Step):
    """A condition: becomes true when another one was true for long enough, and false when it was false for as long.

    Time without results counts as neither: a camera that is lost is no empty shelf. A result stands for the time until
    the next one, two seconds at most; what counted before a gap counts after it. What is true for long enough during
    the cool-down is true at its end. Once it became false, looking back at the last seconds begins anew.
    """

    do: Literal["hold"] = "hold"
    of: Above
    for_s: Seconds = Field(description="true at least so long")
    of_last_s: Seconds | None = Field(default=None, description="of the last seconds; null: without a break")
    clear_for_s: Seconds | None = Field(
        default=None, description="false at least so long without a break, to become false; null: as `for_s`"
    )
    cool_down_s: Seconds = Field(default=0.0, description="once it became false, it stays so at least so long")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.of_last_s is not None and self.of_last_s < self.for_s:
            raise ValueError(f"of_last_s: at least for_s ({self.for_s:g}) expected")
        return self


class ScheduleStep(Step):
    """A condition: whether another one is true within opening hours, by the clock of the place."""

    do: Literal["schedule"] = "schedule"
    of: Above
    days: tuple[Day, ...] = Field(default=get_args(Day), min_length=1, max_length=7, description="on which it begins")
    start: TimeOfDay = Field(default="00:00", description="hours and minutes")
    end: TimeOfDay = Field(default="00:00", description="not after `start`: on the next day")
    time_zone: TimeZone = Field(default="UTC", description="by its IANA name, such as Europe/Berlin")


AnyStep = Annotated[
    ModelStep
    | KeepStep
    | CropStep
    | TrackStep
    | StayStep
    | CountStep
    | CrossingsStep
    | CoveredStep
    | ChangeStep
    | CompareStep
    | CombineStep
    | HoldStep
    | ScheduleStep,
    Field(discriminator="do"),
]


class Action(Settings):
    """What every action has."""

    when: StepId = Field(description="a condition")
    on: Phases = Field(default="raised", description=_ON)


class AlertAction(Action):
    """A message at the output `alerts`, to the cloud."""

    do: Literal["alert"] = "alert"
    on: Phases = Field(default="both", description=_ON)
    text: str = Field(default="", max_length=200, description="the skill's name when empty")
    severity: Literal["info", "warning", "critical"] = Field(default="warning", description="for whoever sorts alerts")


class EventAction(Action):
    """A line on the page."""

    do: Literal["event"] = "event"
    on: Phases = Field(default="both", description=_ON)
    text: str = Field(default="", max_length=200, description="the skill's name when empty")


class PictureAction(Action):
    """The picture is kept, with its boxes."""

    do: Literal["picture"] = "picture"
    most: int = Field(default=50, ge=1, le=1000, description="of this skill; the oldest goes first")


class PostAction(Action):
    """An HTTP POST to a host that the operator has allowed (inference's setting `actions`)."""

    do: Literal["post"] = "post"
    url: str = Field(
        max_length=500,
        pattern=r"^https?://[A-Za-z0-9.-]+(:[1-9][0-9]{0,4})?(/[^\s#]*)?$",
        description="where to, such as https://example.org/alerts",
    )

    @field_validator("url")
    @classmethod
    def _port(cls, url: str) -> str:
        # Raises ValueError for one that is too high.
        urlsplit(url).port  # noqa: B018
        return url


class PublishAction(Action):
    """A message to the MQTT broker that the operator has named (inference's setting `actions`)."""

    do: Literal["publish"] = "publish"
    topic: str = Field(min_length=1, max_length=200, pattern=r"^[^#+\x00]+$", description="such as shop/alerts")


class AskAction(Action):
    """The picture goes to To check of a model."""

    do: Literal["ask"] = "ask"
    model: Looking


AnyAction = Annotated[
    AlertAction | EventAction | PictureAction | PostAction | PublishAction | AskAction, Field(discriminator="do")
]


class Chain(Settings):
    """Steps and actions on some cameras, each field right by itself; a `Skill` is one whose parts fit together."""

    cameras: tuple[CameraId, ...] = Field(min_length=1, max_length=16, description="each is judged by itself")
    zones: dict[ZoneId, dict[CameraId, Outline]] = Field(
        default={}, max_length=MOST_ZONES, description="areas and lines, drawn on each camera's picture"
    )
    steps: tuple[AnyStep, ...] = Field(
        min_length=1, max_length=MOST_STEPS, description="each takes from those above; their kind is `do`"
    )
    actions: tuple[AnyAction, ...] = Field(
        default=(), max_length=MOST_ACTIONS, description="what is done about conditions; their kind is `do`"
    )
