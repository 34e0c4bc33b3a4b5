import numpy as np
import pytest

from modules.inference.agreement import FP16, FP32, disagreement, shapes_of

BOXES = np.array([[[0.5, 0.5, 0.2, 0.2], [0.5, 0.5, 40.0, 0.1]]], dtype=np.float32)
PROBS = np.array([[[0.0, 0.9], [0.0, 0.1]]], dtype=np.float32)
RIGHT = {"raw_boxes": BOXES, "raw_probs": PROBS}


def changed(name, value):
    return RIGHT | {name: value}


def with_one(values, place, value):
    made = values.copy()
    made[place] += value
    return made


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        pytest.param(RIGHT, "", id="the same"),
        pytest.param(changed("raw_probs", PROBS + np.float32(0.004)), "", id="a bit off"),
        pytest.param(changed("raw_probs", PROBS - np.float32(0.006)), "raw_probs at most 0.005 off", id="too far off"),
        pytest.param(changed("raw_boxes", with_one(BOXES, (0, 0, 0), 0.006)), "raw_boxes at most 0.005", id="moved"),
        pytest.param(changed("raw_boxes", with_one(BOXES, (0, 1, 2), 0.1)), "", id="of a huge box, a bit"),
        pytest.param(changed("raw_boxes", with_one(BOXES, (0, 1, 2), 0.3)), "raw_boxes", id="of a huge box, more"),
        pytest.param(changed("raw_probs", PROBS * np.float32("nan")), "got nan", id="no numbers"),
        pytest.param(changed("raw_probs", PROBS[:, :1]), "outputs of shapes", id="another shape"),
        pytest.param({"raw_boxes": BOXES}, "outputs of shapes", id="an output is missing"),
        pytest.param(RIGHT | {"the same by another name": BOXES}, "", id="a second name"),
    ],
)
def test_what_differs_is_told_with_how_much(found, reason):
    told = disagreement(found, RIGHT, FP32)

    assert told.startswith(reason) if reason and not reason.startswith("got") else reason in told
    assert bool(told) == bool(reason)


def test_not_a_number_does_not_even_agree_with_itself():
    broken = changed("raw_probs", PROBS * np.float32("nan"))

    assert "got nan" in disagreement(broken, broken, FP16)


def test_a_device_that_gives_zeros_is_told_by_its_boxes_where_nothing_is_in_the_picture():
    quiet = changed("raw_probs", np.zeros_like(PROBS))

    assert "raw_boxes" in disagreement({name: np.zeros_like(value) for name, value in quiet.items()}, quiet, FP16)


def test_shapes_are_those_of_the_contract_only():
    assert shapes_of(RIGHT | {"features": BOXES}) == {"raw_boxes": (1, 2, 4), "raw_probs": (1, 2, 2)}
