import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_common.reported_section import MOST_BYTES, fitted, patches
from edge_common.setting_groups import merge_patch
from tests.edge.twins import Twin

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
SECTIONS = st.dictionaries(
    st.text(max_size=8),
    st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner), max_leaves=10),
)


def nested(depth: int) -> dict[str, Any]:
    return {"a": nested(depth - 1)} if depth > 1 else {"a": 1}


def taken(section: dict[str, Any]) -> dict[str, Any]:
    """What a hub has after a report; fails when it refuses."""
    twin = Twin()
    twin.report(json.dumps(section).encode())
    return twin.reported.values


@settings(max_examples=40)
@given(SECTIONS)
def test_whatever_is_reported_is_taken_by_a_hub(section: dict[str, Any]) -> None:
    fitting = fitted(section)

    assert taken(fitting) == fitting


@settings(max_examples=40)
@given(SECTIONS, SECTIONS)
def test_patches_lead_from_any_section_to_any_other(old: dict[str, Any], new: dict[str, Any]) -> None:
    old, new = fitted(old), fitted(new)

    has = old
    for patch in patches(old, new):
        has = merge_patch(has, patch)

    assert json.dumps(has, sort_keys=True) == json.dumps(new, sort_keys=True)
    assert patches(new, new) == []


def test_what_fits_stays_as_it_is() -> None:
    section = {**nested(10), "text": "x" * 4096, "list": [1, "a", 0.5, True], "n": -(2**52) + 1}

    assert fitted(section) == section


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        pytest.param({"a": {"b": "ü" * 3000}}, {"a": {"b": "ü" * 2046 + "…"}}, id="long string"),
        pytest.param({"a b.c": 1}, {"a_b_c": 1}, id="a name"),
        pytest.param({"a": [1, None]}, {"a": [1]}, id="null in a list"),
    ],
)
def test_what_is_cut_is_noted(section: dict[str, Any], expected: dict[str, Any]) -> None:
    fitting = fitted(section)

    note = fitting.pop("cut")
    assert fitting == expected
    assert note["count"] == 1
    assert note["first"] in ("a.b", "a b.c", "a")


def test_of_too_much_the_largest_goes_first() -> None:
    section = {"state": {"cameras": "fine"}, "settings": {str(n): {"ad": "x" * (3000 + n)} for n in range(12)}}

    fitting = fitted(section)

    assert fitting["state"] == {"cameras": "fine"}
    assert fitting["cut"] == {"count": 2, "first": "settings.11.ad"}
    assert len(json.dumps(fitting)) <= MOST_BYTES
    taken(fitting)


def test_letters_beyond_ascii_count_as_they_are_written() -> None:
    taken(fitted({str(n): "ü" * 1000 for n in range(10)}))


def test_one_full_section_becomes_another_in_patches_that_a_hub_takes() -> None:
    old, new = ({f"{name}{n}": "x" * 2900 for n in range(10)} for name in "ab")
    twin = Twin()
    twin.report(json.dumps(old).encode())

    for patch in patches(old, new):
        twin.report(json.dumps(patch).encode())

    assert twin.reported.values == new
