import json
from typing import Any

import pytest

from tests.edge.twins import Refused, Twin


def nested(depth: int) -> dict[str, Any]:
    return {"a": nested(depth - 1)} if depth > 1 else {"a": 1}


def test_a_report_is_laid_over_the_section_and_null_deletes() -> None:
    twin = Twin()
    twin.report(b'{"a": {"b": 1, "c": 2}, "d": 3}')

    version = twin.report(b'{"a": {"b": null}, "d": {"e": 4}}')

    assert (version, twin.reported.values) == (3, {"a": {"c": 2}, "d": {"e": 4}})


@pytest.mark.parametrize(
    ("report", "status"),
    [
        pytest.param(b"{", 400, id="no JSON"),
        pytest.param(b"[1]", 400, id="no object"),
        pytest.param(json.dumps(nested(11)).encode(), 400, id="eleven levels"),
        pytest.param(json.dumps({"a": "x" * 4097}).encode(), 400, id="long string"),
        pytest.param(json.dumps({"a": [1, None]}).encode(), 400, id="null in a list"),
        pytest.param(json.dumps({"a.b": 1}).encode(), 400, id="dot in a name"),
        pytest.param(json.dumps({"a b": 1}).encode(), 400, id="space in a name"),
        pytest.param(json.dumps({"x" * 1025: 1}).encode(), 400, id="long name"),
        pytest.param(json.dumps({"a": 2**53}).encode(), 400, id="large number"),
        pytest.param(json.dumps({str(n): "x" * 4000 for n in range(9)}).encode(), 413, id="large patch"),
    ],
)
def test_what_edge_hub_refuses_is_refused_and_changes_nothing(report: bytes, status: int) -> None:
    twin = Twin()

    with pytest.raises(Refused) as refused:
        twin.report(report)

    assert refused.value.status == status
    assert (twin.reported.values, twin.reported.version) == ({}, 1)


def test_small_patches_that_would_make_the_section_too_large_are_refused() -> None:
    twin = Twin()
    for number in range(8):
        twin.report(json.dumps({str(number): "x" * 4000}).encode())

    with pytest.raises(Refused):
        twin.report(json.dumps({"8": "x" * 4000}).encode())


def test_what_is_at_the_limits_is_taken() -> None:
    Twin().report(json.dumps({**nested(10), "s": "x" * 4096, "n": -(2**52) + 1}).encode())
