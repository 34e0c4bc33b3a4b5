"""Which results are worth a look by staff: what the model is unsure of, flickers on, or no longer finds. Pure."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_common.detections import Detection, Result
from edge_common.geometry import iou_matrix
from modules.trainer_agent.checks import Reason

UNSURE = 0.1
"""Confidences so near to the threshold, which is 0.5, may be on its wrong side."""
FLICKER_S = 2.0
"""What is there, gone and there again within this did not move."""
NOTHING_S = 60.0
"""A model that finds nothing for so long, where it usually finds something, may have gone blind."""
_USUALLY = 0.4
_GAP_S = 15.0
_HABIT_S = 600.0
"""Over so long it is reckoned what a model usually finds."""
UNLIKE = 0.5
"""Correlation of small grey pictures below which a frame looks new."""
SAME = 0.98
_SAME_BOX = 0.7
_SHOWN = 3


@dataclass(frozen=True)
class Seen:
    """What is remembered of one model's results on one camera."""

    last: tuple[tuple[float, tuple[tuple[str, int], ...]], ...] = ()
    """Time, and how many of each label: of the last three results."""
    usual: float = 0.0
    """Share of the time in which something was found, lately."""
    found_s: float = 0.0
    """When something was found last, or looking began."""


def look(before: Seen, result: Result, now_s: float) -> tuple[Seen, Reason | None]:
    """What to remember after a result, and why its frame is worth a look; None when it is not. Time is monotonic."""
    counts = tuple(sorted(Counter(one.label for one in result.detections).items()))
    passed_s = now_s - before.last[-1][0] if before.last else _GAP_S
    if passed_s >= _GAP_S:
        # What happened while nobody looked is not known.
        before = Seen(usual=before.usual, found_s=now_s)
    share = min(passed_s, _GAP_S) / _HABIT_S
    usual = before.usual + share * (float(bool(counts)) - before.usual)
    last = (*before.last, (now_s, counts))[-_SHOWN:]
    after = Seen(last, usual, now_s if counts else before.found_s)
    return after, _reason(after, result, now_s)


def _reason(after: Seen, result: Result, now_s: float) -> Reason | None:
    if any(abs(one.confidence - 0.5) <= UNSURE for one in result.detections):
        return "unsure"
    if len(after.last) == _SHOWN:
        (first_s, first), (_, middle), (last_s, third) = after.last
        if first == third != middle and last_s - first_s <= FLICKER_S:
            return "flicker"
    if not result.detections and now_s - after.found_s >= NOTHING_S and after.usual >= _USUALLY:
        return "nothing"
    return None


def likeness(look_of: NDArray[np.uint8], others: NDArray[np.uint8]) -> float:
    """The highest correlation of a grey picture, uint8 [side, side], with others [count, side, side]; -1 of none."""
    if len(others) == 0:
        return -1.0
    rows = np.concatenate([look_of[None], others]).reshape(len(others) + 1, -1).astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return float((rows[1:] @ rows[0]).max())


def same_sight(one: tuple[Detection, ...], other: tuple[Detection, ...]) -> bool:
    """Whether a model saw the same things in the same places."""
    if Counter(found.label for found in one) != Counter(found.label for found in other):
        return False
    boxes, others = (
        np.array([found.box.to_list() for found in seen if found.box], dtype=np.float32).reshape(-1, 4)
        for seen in (one, other)
    )
    if not len(boxes) or not len(others):
        return len(boxes) == len(others)
    return bool((iou_matrix(boxes, others).max(axis=1) >= _SAME_BOX).all())
