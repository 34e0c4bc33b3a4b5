import pytest

from edge_common.skills.document import parse_skill
from modules.trainer_agent.web.insight_words import is_share, step_called

AREA = [[0, 0], [1, 0], [1, 1]]
SKILL = parse_skill(
    {
        "name": "All of it",
        "cameras": ["till-1"],
        "zones": {"door": {"till-1": [[0, 0], [1, 1]]}, "counter": {"till-1": AREA}},
        "steps": [
            {"id": "seen", "do": "model", "model": "people"},
            {"id": "there", "do": "keep", "of": "seen", "tags": ["person", "child"], "zone": "counter"},
            {"id": "known", "do": "track", "of": "there"},
            {"id": "waiting", "do": "stay", "of": "known", "for_s": 120},
            {"id": "queue", "do": "count", "of": "waiting"},
            {"id": "every", "do": "count", "of": "seen"},
            {"id": "in", "do": "crossings", "of": "known", "zone": "door", "over_s": 600},
            {"id": "full", "do": "covered", "of": "there", "zone": "counter"},
            {"id": "all", "do": "covered", "of": "seen"},
            {"id": "more", "do": "change", "of": "queue"},
            {"id": "much-more", "do": "change", "of": "queue", "relative": True},
            {"id": "long", "do": "compare", "of": "queue", "how": "at_least", "than": 4},
            {"id": "half", "do": "compare", "of": "full", "how": "more", "than": 0.5},
            {"id": "both", "do": "combine", "of": ["long", "half"], "how": "any"},
            {"id": "neither", "do": "combine", "of": ["long", "half"], "how": "none"},
            {"id": "held", "do": "hold", "of": "long", "for_s": 60},
            {"id": "open", "do": "schedule", "of": "held", "start": "08:00", "end": "20:00"},
        ],
    }
)
QUEUE = "umber of person or child in Counter there for 2 minutes"


@pytest.mark.parametrize(
    ("step", "called"),
    [
        ("queue", f"N{QUEUE}"),
        ("every", "Number of things"),
        ("in", "Crossings of Door in 10 minutes: person or child in Counter"),
        ("full", "Share of Counter covered by person or child in Counter"),
        ("all", "Share of the picture covered by things"),
        ("more", f"Change of: n{QUEUE}"),
        ("long", f"N{QUEUE}: 4 or more"),
        ("half", "Share of Counter covered by person or child in Counter: more than 50 %"),
        ("both", f"N{QUEUE}: 4 or more or share of Counter covered by person or child in Counter: more than 50 %"),
        (
            "neither",
            f"None of: n{QUEUE}: 4 or more, share of Counter covered by person or child in Counter: more than 50 %",
        ),
        ("held", f"N{QUEUE}: 4 or more, for 60 seconds"),
        ("open", f"N{QUEUE}: 4 or more, for 60 seconds (08:00\N{EN DASH}20:00)"),
        ("gone-step", "Gone step"),
    ],
)
def test_a_step_is_called_by_what_it_counts_and_where(step, called):
    assert step_called(SKILL, step) == called


def test_without_its_skill_a_step_is_called_by_its_id():
    assert step_called(None, "milk-count") == "Milk count"
    assert step_called(None, "ms") == "Milliseconds for a picture"


def test_shares_are_told_apart_from_counts():
    assert {step.id for step in SKILL.steps if is_share(SKILL, step.id)} == {"full", "all", "much-more"}
