"""Skills to start from: each template makes a whole skill of cameras, a model, its tags and a number or two. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import ValidationError

from edge_common.errors import ConfigError, NotFound
from edge_common.sentences import marked
from edge_common.setting_groups import problem_of
from edge_common.skills.document import Skill
from edge_common.skills.fields import Point
from edge_common.skills.steps import (
    AlertAction,
    AnyAction,
    AnyStep,
    CompareStep,
    CountStep,
    CrossingsStep,
    EventAction,
    HoldStep,
    KeepStep,
    ModelStep,
    PictureAction,
    StayStep,
    TrackStep,
)

AREA: tuple[Point, ...] = ((0.15, 0.15), (0.85, 0.15), (0.85, 0.85), (0.15, 0.85))
"""Where a zone on a shelf is until somebody draws it."""
FLOOR: tuple[Point, ...] = ((0.1, 0.4), (0.9, 0.4), (0.95, 0.98), (0.05, 0.98))
"""Where one on a floor is: what stands there has its feet low in the picture."""
LINE: tuple[Point, ...] = ((0.15, 0.5), (0.85, 0.5))
PERSON = "Person"
"""As the ready-made detector calls it."""


@dataclass(frozen=True)
class Wish:
    """What staff chose."""

    name: str
    cameras: tuple[str, ...]
    model: str
    tags: tuple[str, ...] = ()
    """None: whatever the model finds."""
    number: int = 1
    seconds: float = 10.0
    gaps: bool = False
    """The tags are for empty places, so more of them mean less stock."""


@dataclass(frozen=True)
class Template:
    """A way to start, with the questions that it asks."""

    name: str
    """In addresses."""
    title: str
    about: str
    build: Callable[[Wish], Skill]
    number: str = ""
    """What the number is; empty where none is asked for."""
    usual_number: int = 1
    seconds: str = ""
    usual_seconds: int = 10
    people: bool = False
    """It is about people, whom a ready-made model finds."""
    gaps: str = ""
    """What the number is where tags are for empty places; empty where that makes no difference."""


def template(name: str) -> Template:
    """Raises NotFound."""
    for one in TEMPLATES:
        if one.name == name:
            return one
    raise NotFound(f"There is no template '{name[:40]}'.")


def built(one: Template, wish: Wish) -> Skill:
    """What a template makes of a wish; raises ConfigError."""
    try:
        return one.build(wish)
    except ValidationError as error:
        raise ConfigError([problem_of(dict(item)) for item in error.errors()]) from error


def low_stock(wish: Wish) -> Skill:
    """Fewer than so many things in a zone, or of gaps so many and more."""
    how = CompareStep(id="few", of="count", how="fewer", than=wish.number)
    if wish.gaps:
        how = CompareStep(id="few", of="count", how="at_least", than=wish.number)
    return _counted(wish, "shelf", "centre", how, HoldStep(id="lasting", of="few", for_s=wish.seconds))


def out_of_stock(wish: Wish) -> Skill:
    """Nothing left in a zone."""
    none = CompareStep(id="none", of="count", how="at_most", than=0)
    return _counted(wish, "shelf", "centre", none, HoldStep(id="lasting", of="none", for_s=wish.seconds))


def queue_too_long(wish: Wish) -> Skill:
    """More than so many people in a zone, most of the time: a queue moves, and people hide one another."""
    many = CompareStep(id="many", of="count", how="more", than=wish.number)
    lasting = HoldStep(id="lasting", of="many", for_s=0.8 * wish.seconds, of_last_s=wish.seconds, clear_for_s=10)
    return _counted(wish, "queue", "foot", many, lasting)


def someone_in_zone(wish: Wish) -> Skill:
    """Anybody in a zone."""
    any_one = CompareStep(id="anyone", of="count", how="at_least", than=1)
    lasting = HoldStep(id="lasting", of="anyone", for_s=wish.seconds, clear_for_s=max(5.0, wish.seconds))
    return _counted(wish, "zone", "foot", any_one, lasting)


def left_behind(wish: Wish) -> Skill:
    """Something that came and does not move away."""
    steps = (
        ModelStep(id="model", model=wish.model),
        KeepStep(id="keep", of="model", tags=wish.tags, zone="floor", inside="foot"),
        TrackStep(id="track", of="keep"),
        StayStep(id="stay", of="track", for_s=wish.seconds, still=True),
        CountStep(id="count", of="stay"),
        CompareStep(id="left", of="count", how="at_least", than=1),
        HoldStep(id="lasting", of="left", for_s=1, clear_for_s=10),
    )
    return _skill(wish, "floor", steps, _told("lasting"))


def passing(wish: Wish) -> Skill:
    """How many cross a line, to be looked at under Insights; nobody is alerted."""
    steps = (
        ModelStep(id="model", model=wish.model),
        KeepStep(id="keep", of="model", tags=wish.tags),
        TrackStep(id="track", of="keep"),
        CrossingsStep(id="crossed", of="track", zone="line", over_s=wish.seconds),
    )
    return Skill(name=wish.name, cameras=wish.cameras, zones={"line": dict.fromkeys(wish.cameras, LINE)}, steps=steps)


def empty_chain(wish: Wish) -> Skill:
    """A model and a count, to go on from."""
    steps = (ModelStep(id="model", model=wish.model), CountStep(id="count", of="model"))
    return Skill(name=wish.name, cameras=wish.cameras, steps=steps)


def _counted(wish: Wish, zone: str, inside: str, compare: CompareStep, hold: HoldStep) -> Skill:
    keep = KeepStep.model_validate(
        {"id": "keep", "of": "model", "tags": wish.tags, "zone": zone, "inside": inside},
    )
    steps = (ModelStep(id="model", model=wish.model), keep, CountStep(id="count", of="keep"), compare, hold)
    return _skill(wish, zone, steps, _told(hold.id))


def _told(when: str) -> tuple[AnyAction, ...]:
    return (AlertAction(when=when), EventAction(when=when), PictureAction(when=when))


def _skill(wish: Wish, zone: str, steps: tuple[AnyStep, ...], actions: tuple[AnyAction, ...]) -> Skill:
    zones = {zone: dict.fromkeys(wish.cameras, AREA if zone == "shelf" else FLOOR)}
    return Skill(name=wish.name, cameras=wish.cameras, zones=zones, steps=steps, actions=actions)


TEMPLATES = (
    Template(
        "low-stock",
        marked("Low stock"),
        marked("Tells when there is little left on a shelf."),
        low_stock,
        number=marked("Low is fewer than"),
        usual_number=3,
        seconds=marked("For at least, in seconds"),
        usual_seconds=10,
        gaps=marked("Low is this many, or more"),
    ),
    Template(
        "out-of-stock",
        marked("Out of stock"),
        marked("Tells when nothing is left on a shelf."),
        out_of_stock,
        seconds=marked("For at least, in seconds"),
        usual_seconds=30,
    ),
    Template(
        "queue",
        marked("Queue too long"),
        marked("Tells when too many people wait."),
        queue_too_long,
        number=marked("Too long is more than"),
        usual_number=4,
        seconds=marked("For most of, in seconds"),
        usual_seconds=60,
        people=True,
    ),
    Template(
        "someone",
        marked("Someone in a zone"),
        marked("Tells when somebody is where nobody should be."),
        someone_in_zone,
        seconds=marked("For at least, in seconds"),
        usual_seconds=2,
        people=True,
    ),
    Template(
        "left-behind",
        marked("Object left behind"),
        marked("Tells when something is put down and stays."),
        left_behind,
        seconds=marked("Left for at least, in seconds"),
        usual_seconds=120,
    ),
    Template(
        "passing",
        marked("Count who passes"),
        marked("Counts who or what crosses a line. No alert, only numbers."),
        passing,
        seconds=marked("Counted over the last, in seconds"),
        usual_seconds=3600,
        people=True,
    ),
    Template(
        "empty",
        marked("Empty chain"),
        marked("A model and a count; everything else is yours."),
        empty_chain,
    ),
)
