import numpy as np
import pytest

from edge_common.detections import Detection, Result
from edge_common.geometry import Box
from modules.trainer_agent.worth_a_look import Seen, likeness, look, same_sight

LEFT, RIGHT = Box(0.1, 0.2, 0.4, 0.6), Box(0.5, 0.2, 0.9, 0.6)


def result(*found):
    detections = tuple(Detection(label, confidence, LEFT) for label, confidence in found)
    return Result("aisle-4", "1-1", 1, "gaps", "1", "detection", detections, 5.0)


def reasons(*steps):
    """The reasons after results at their times in seconds."""
    seen, told = Seen(), []
    for now_s, found in steps:
        seen, reason = look(seen, result(*found), now_s)
        told.append(reason)
    return told


@pytest.mark.parametrize(("confidence", "reason"), [(0.5, "unsure"), (0.59, "unsure"), (0.62, None), (0.99, None)])
def test_a_confidence_near_the_threshold_is_worth_a_look(confidence, reason):
    assert reasons((0, [("low", confidence)])) == [reason]


def test_what_is_there_gone_and_there_again_is_worth_a_look():
    there, gone = [("low", 0.9)], []

    assert reasons((0, there), (0.2, gone), (0.4, there)) == [None, None, "flicker"]
    assert reasons((0, there), (0.2, there), (0.4, gone), (0.6, gone)) == [None] * 4
    assert reasons((0, there), (2, gone), (4, there)) == [None] * 3


def test_nothing_for_long_is_worth_a_look_where_something_is_usual():
    busy = [(second, [("low", 0.9)]) for second in range(0, 600, 10)]
    empty = [(second, []) for second in range(600, 680, 10)]

    told = reasons(*busy, *empty)

    assert told[: len(busy) + 5] == [None] * (len(busy) + 5)
    assert told[-1] == "nothing"
    assert set(reasons(*empty)) == {None}


def test_pictures_are_alike_whatever_the_light():
    picture = np.random.default_rng(1).integers(0, 120, (32, 32), dtype=np.uint8)
    other = np.random.default_rng(2).integers(0, 120, (32, 32), dtype=np.uint8)

    assert likeness(picture, np.stack([other, picture + 60])) == pytest.approx(1, abs=1e-5)
    assert likeness(picture, other[None]) < 0.2
    assert likeness(picture, np.empty((0, 32, 32), dtype=np.uint8)) == -1


def test_a_sight_is_the_same_when_the_same_is_in_the_same_places():
    low, moved, full = Detection("low", 0.9, LEFT), Detection("low", 0.5, RIGHT), Detection("full", 0.9, LEFT)

    assert same_sight((low,), (Detection("low", 0.55, LEFT),))
    assert same_sight((), ())
    assert not same_sight((low,), (moved,))
    assert not same_sight((low,), (full,))
    assert not same_sight((low,), ())
