"""Which fields the cards of a skill's steps and actions have, and what they are called."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from edge_common.sentences import marked

FieldKind = Literal[
    "choice",
    "duration",
    "flag",
    "from",
    "from_many",
    "model",
    "number",
    "percent",
    "tags",
    "text",
    "time",
    "zone",
    "days",
]


@dataclass(frozen=True)
class Field:
    """One input."""

    name: str
    """In the document."""
    kind: FieldKind
    label: str
    more: bool = False
    """Shown when asked for."""
    choices: tuple[tuple[str, str], ...] = ()
    empty: str = ""
    """May be left empty, which means this."""
    low: float = 0
    high: float = 1_000_000
    help: str = ""


@dataclass(frozen=True)
class CardKind:
    """What is the same of every card of a kind."""

    title: str
    about: str
    icon: str
    fields: tuple[Field, ...]


_OF = Field("of", "from", marked("Goes on from"), more=True)
_WHEN = Field("when", "from", marked("When"), more=True)
_ON = Field(
    "on",
    "choice",
    marked("At"),
    more=True,
    choices=(
        ("raised", marked("its beginning")),
        ("cleared", marked("its end")),
        ("both", marked("its beginning and its end")),
    ),
)
_TEXT = Field("text", "text", marked("Says"), empty=marked("the skill's name"), high=200)

STEPS: Mapping[str, CardKind] = {
    "model": CardKind(
        marked("Look with a model"),
        marked("Finds what it knows in the whole picture."),
        "eye",
        (Field("model", "model", marked("Model")),),
    ),
    "keep": CardKind(
        marked("Keep only what matters"),
        marked("Lets through the things that are wanted, where they are wanted."),
        "filter",
        (
            Field("tags", "tags", marked("Things"), help=marked("None chosen: all of them.")),
            Field("zone", "zone", marked("Only in"), empty=marked("the whole picture")),
            Field("minimum_confidence", "percent", marked("The model is at least so sure"), more=True, high=100),
            Field(
                "inside",
                "choice",
                marked("In the zone counts"),
                more=True,
                choices=(
                    ("centre", marked("whose middle is in it")),
                    ("foot", marked("who stands in it")),
                    ("half", marked("of which half is in it")),
                ),
            ),
            Field("smallest", "percent", marked("At least so much of the picture"), more=True, high=100),
            Field("largest", "percent", marked("At most so much of the picture"), more=True, high=100),
            _OF,
        ),
    ),
    "crop": CardKind(
        marked("Look closer with a second model"),
        marked("Shows each thing by itself to another model."),
        "zoom",
        (
            Field("model", "model", marked("Model")),
            Field("margin", "percent", marked("Looked at around each thing"), more=True, high=100),
            Field("most", "number", marked("Things in a picture, at most"), more=True, low=1, high=32),
            _OF,
        ),
    ),
    "track": CardKind(
        marked("Follow each thing"),
        marked("Knows it again from picture to picture."),
        "track",
        (
            Field("lost_after_s", "duration", marked("Lost when not seen for"), more=True),
            Field("overlap", "percent", marked("Overlaps where it is expected by"), more=True, high=100),
            _OF,
        ),
    ),
    "stay": CardKind(
        marked("Keep what stays"),
        marked("Lets through what has been there for a while."),
        "clock",
        (
            Field("for_s", "duration", marked("There for at least")),
            Field("still", "flag", marked("It did not move away from where it was first")),
            _OF,
        ),
    ),
    "count": CardKind(marked("Count"), marked("How many things come through."), "count", (_OF,)),
    "crossings": CardKind(
        marked("Count who crosses a line"),
        marked("How many have crossed it lately."),
        "line",
        (
            Field("zone", "zone", marked("Line")),
            Field(
                "direction",
                "choice",
                marked("Direction"),
                choices=(
                    ("either", marked("both ways")),
                    ("leftwards", marked("to the left, looking from 1 to 2")),
                    ("rightwards", marked("to the right, looking from 1 to 2")),
                ),
            ),
            Field("over_s", "duration", marked("In the last")),
            _OF,
        ),
    ),
    "covered": CardKind(
        marked("Measure how much is covered"),
        marked("The share of an area that things cover."),
        "cover",
        (Field("zone", "zone", marked("Area"), empty=marked("the whole picture")), _OF),
    ),
    "change": CardKind(
        marked("Compare with what is usual"),
        marked("By how much it is more than usual; less is a number below 0."),
        "chart",
        (
            Field("over_s", "duration", marked("Usual is the mean of the last")),
            Field("reference", "number", marked("Or usual is"), more=True, low=-1_000_000, empty=marked("the mean")),
            Field("relative", "flag", marked("As a share: 0.5 is half as much again"), more=True),
            _OF,
        ),
    ),
    "compare": CardKind(
        marked("Is it too few, or too many?"),
        marked("Holds a number against another one."),
        "scale",
        (
            Field(
                "how",
                "choice",
                marked("It is"),
                choices=(
                    ("fewer", marked("fewer than")),
                    ("at_most", marked("at most")),
                    ("at_least", marked("at least")),
                    ("more", marked("more than")),
                ),
            ),
            Field("than", "number", marked("Number"), low=-1_000_000),
            _OF,
        ),
    ),
    "combine": CardKind(
        marked("Combine"),
        marked("Takes several conditions together."),
        "merge",
        (
            Field(
                "how",
                "choice",
                marked("True are"),
                choices=(
                    ("all", marked("all of them")),
                    ("any", marked("any of them")),
                    ("none", marked("none of them")),
                ),
            ),
            Field("of", "from_many", marked("Conditions")),
        ),
    ),
    "hold": CardKind(
        marked("Only if it lasts"),
        marked("A moment is no reason for an alert."),
        "clock",
        (
            Field("for_s", "duration", marked("For at least")),
            Field("of_last_s", "duration", marked("Of the last"), more=True, empty=marked("without a break")),
            Field("clear_for_s", "duration", marked("Over when it is over for"), more=True, empty=marked("as long")),
            Field("cool_down_s", "duration", marked("Then quiet for at least"), more=True),
            _OF,
        ),
    ),
    "schedule": CardKind(
        marked("Only at certain hours"),
        marked("Counts within these hours, and never outside."),
        "calendar",
        (
            Field("days", "days", marked("Days")),
            Field("start", "time", marked("From")),
            Field("end", "time", marked("To")),
            Field("time_zone", "text", marked("Time zone"), more=True, high=64),
            _OF,
        ),
    ),
}

ACTIONS: Mapping[str, CardKind] = {
    "alert": CardKind(
        marked("Alert to the cloud"),
        marked("Sends a message to whoever runs the devices."),
        "bell",
        (
            _TEXT,
            Field(
                "severity",
                "choice",
                marked("How grave"),
                choices=(
                    ("info", marked("for information")),
                    ("warning", marked("warning")),
                    ("critical", marked("critical")),
                ),
            ),
            _ON,
            _WHEN,
        ),
    ),
    "event": CardKind(marked("Note on the page"), marked("Shows it here under Skills."), "page", (_TEXT, _ON, _WHEN)),
    "picture": CardKind(
        marked("Keep the picture"),
        marked("With its boxes; the oldest makes room."),
        "picture",
        (Field("most", "number", marked("Pictures, at most"), low=1, high=1000), _ON, _WHEN),
    ),
    "post": CardKind(
        marked("Send to an address"),
        marked("An HTTP POST to a server that whoever runs this device has allowed."),
        "send",
        (Field("url", "text", marked("Address"), high=500), _ON, _WHEN),
    ),
    "publish": CardKind(
        marked("Publish by MQTT"),
        marked("To the broker that whoever runs this device has named."),
        "send",
        (Field("topic", "text", marked("Topic"), high=200), _ON, _WHEN),
    ),
    "ask": CardKind(
        marked("Ask staff to check"),
        marked("Puts the picture under To check of a model."),
        "check",
        (Field("model", "model", marked("Model")), _ON, _WHEN),
    ),
}
