from typing import Any

import pytest
from pydantic import ValidationError

from edge_common.scores import Comparison, Doubt, Rate, Score, WrongImage

COMPARED: dict[str, Any] = {
    "live_version": "1",
    "images": 15,
    "value": 0.8,
    "live_value": 0.9,
    "difference": [-0.2, 0.05],
}
DOUBTED: dict[str, Any] = {
    "digest": "0" * 64,
    "kind": "other tag",
    "tag": "gap",
    "seen": "full",
    "box": [0.1, 0.2, 0.3, 0.4],
    "loss": 2.3,
}


@pytest.mark.parametrize(
    ("difference", "worse"),
    [
        pytest.param((-0.3, -0.1), True, id="below the live one however images are drawn"),
        pytest.param((-0.3, 0.0), False, id="perhaps as good"),
        pytest.param((-0.3, 0.1), False, id="perhaps better"),
        pytest.param((0.0, 0.0), False, id="the same"),
        pytest.param((0.1, 0.3), False, id="better"),
    ],
)
def test_a_version_is_worse_when_the_choice_of_images_does_not_explain_it(
    difference: tuple[float, float], worse: bool
) -> None:
    assert Comparison.model_validate(COMPARED | {"difference": difference}).worse is worse


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(Comparison.model_validate(COMPARED), id="a comparison"),
        pytest.param(Doubt.model_validate(DOUBTED), id="a doubt"),
        pytest.param(Doubt.model_validate(DOUBTED | {"kind": "not tagged", "tag": None}), id="a doubt about no tag"),
        pytest.param(
            Score(
                name="ap50",
                value=0.8,
                interval=(0.6, 0.9),
                recall=Rate(value=0.8, low=0.5, high=1.0),
                label_recall={"Müsli: leer": Rate(value=0.8, low=0.5, high=1.0)},
                wrong=(WrongImage(digest="0" * 64, missed=1, false=2),),
                per_label={"Müsli: leer": 0.8},
                protocol="folds",
            ),
            id="a score",
        ),
    ],
)
def test_values_survive_their_codec(value: Comparison | Doubt | Score) -> None:
    assert type(value).model_validate_json(value.model_dump_json()) == value


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"images": 0}, "images", id="on no image"),
        pytest.param({"value": 1.2}, "value", id="more than everything"),
        pytest.param({"live_value": float("nan")}, "live_value", id="not a number"),
        pytest.param({"difference": [0.1]}, "difference", id="half an interval"),
        pytest.param({"live_version": None}, "live_version", id="with no version"),
        pytest.param({"winner": "new"}, "winner", id="a key that there is not"),
    ],
)
def test_a_comparison_with_a_bad_field_is_refused_by_its_name(change: dict[str, Any], field: str) -> None:
    Comparison.model_validate(COMPARED)

    with pytest.raises(ValidationError, match=rf"(?m)^{field}"):
        Comparison.model_validate(COMPARED | change)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"kind": "a feeling"}, "kind", id="another kind"),
        pytest.param({"box": [0.1, 0.2]}, "box", id="half a box"),
        pytest.param({"loss": -1}, "loss", id="less than no surprise"),
        pytest.param({"tag": 3}, "tag", id="tag as number"),
    ],
)
def test_a_doubt_with_a_bad_field_is_refused_by_its_name(change: dict[str, Any], field: str) -> None:
    Doubt.model_validate(DOUBTED)

    with pytest.raises(ValidationError, match=rf"(?m)^{field}"):
        Doubt.model_validate(DOUBTED | change)
