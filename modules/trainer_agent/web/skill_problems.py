"""What is wrong with a skill, each problem at the card and the field it belongs to, in words for staff."""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from modules.trainer_agent.web.language import _
from modules.trainer_agent.web.names import camera_called

_GOT = re.compile(r", got .*$", re.DOTALL)


@dataclass(frozen=True)
class Problem:
    place: str
    """As `steps.2.than`, `zones.shelf.aisle-4`, `name`."""
    text: str


def problems_json(problems: Sequence[str]) -> list[dict[str, str]]:
    return [asdict(in_words(problem)) for problem in problems]


def in_words(problem: str) -> Problem:
    """A problem as `parse_skill` or `missing` tells it."""
    place, _colon, why = problem.partition(": ")
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", place):
        place, why = "", problem
    # What a whole step says of one of its fields is that field's.
    inner = re.match(r"(?:Value error, )?(\w+): (.*)", why)
    if inner and place.startswith("steps."):
        place, why = f"{place}.{inner[1]}", inner[2]
    for pattern, say in _WORDS:
        if found := re.search(pattern, why):
            return Problem(place, say(found, place))
    return Problem(place, _("This does not fit: %(why)s.", why=_GOT.sub("", why).rstrip(".")))


def _camera(place: str) -> str:
    return camera_called(place.split(".")[-1])


_WORDS: Sequence[tuple[str, Callable[[re.Match[str], str], str]]] = (
    (r"a step that goes on from", lambda found, at: _("Nothing goes on from this step yet.")),
    (r"a step above this one", lambda found, at: _("It must go on from a step above it.")),
    (r"the id of a step expected", lambda found, at: _("Choose the step that it goes on from.")),
    (r"a step that gives boxes", lambda found, at: _("It needs things; choose a step that lets things through.")),
    (
        r"a step that gives tracked things",
        lambda found, at: _("It needs things that are followed: add that step above."),
    ),
    (r"a step that gives a number", lambda found, at: _("It needs a number: add a count above.")),
    (
        r"a step that gives a condition",
        lambda found, at: _("It needs a yes or no: add “Is it too few, or too many?” above."),
    ),
    (r"a name that no other step has", lambda found, at: _("Two steps have the same name.")),
    (r"one of the skill's zones", lambda found, at: _("Choose a zone, or draw a new one.")),
    (
        r"to be drawn on camera '([^']*)'",
        lambda found, at: _("Draw it on %(camera)s, too.", camera=camera_called(found[1])),
    ),
    (r"a line of two points", lambda found, at: _("A line of two points is needed on %(camera)s.", camera=_camera(at))),
    (
        r"an area of three points",
        lambda found, at: _("An area of three points or more is needed on %(camera)s.", camera=_camera(at)),
    ),
    (r"a step that uses it", lambda found, at: _("No step uses this zone.")),
    (
        r"a model of this device expected, got '([^']+)'",
        lambda found, at: _("The model '%(model)s' is not on this device.", model=found[1]),
    ),
    (r"a model of this device expected", lambda found, at: _("Choose a model.")),
    (r"of .* expected, got (.*)$", lambda found, at: _("This model does not know: %(tags)s.", tags=found[1])),
    (r"greater than or equal to ([-\d.]+)", lambda found, at: _("At least %(least)s.", least=_shown(found[1], at))),
    (r"less than or equal to ([-\d.]+)", lambda found, at: _("At most %(most)s.", most=_shown(found[1], at))),
    (r"valid (number|integer)|finite number", lambda found, at: _("Type a number.")),
    (r"at least for_s", lambda found, at: _("It must be at least as long as the time above.")),
    (r"IANA", lambda found, at: _("The name of a time zone is needed, such as Europe/Berlin.")),
    (r"\(\[01\]", lambda found, at: _("A time is needed, such as 08:30.")),
    (r"\^https", lambda found, at: _("An address is needed that begins with http:// or https://.")),
    (r"\[\^#\+", lambda found, at: _("A topic has no # and no +.")),
    (r"\^\[A-Za-z0-9\]", lambda found, at: _("Choose a model.")),
    (r"should match pattern", lambda found, at: _nothing_chosen(at)),
    (r"at least 1 (character|item)", lambda found, at: _nothing_chosen(at)),
    (r"Tuple should have at least", lambda found, at: _nothing_chosen(at)),
    (r"at most (\d+) (characters|items)", lambda found, at: _("At most %(most)s.", most=found[1])),
    (r"Field required", lambda found, at: _nothing_chosen(at)),
)


def _nothing_chosen(place: str) -> str:
    if place == "name":
        return _("Give it a name.")
    if place == "cameras":
        return _("Choose a camera.")
    if place == "steps":
        return _("Add a first step.")
    return _("Something is needed here.")


def _shown(number: str, place: str) -> str:
    """A bound as the field shows it: shares as percent."""
    shares = ("minimum_confidence", "smallest", "largest", "margin", "overlap")
    return f"{float(number) * 100:g} %" if place.split(".")[-1] in shares else number
