"""What a head finds in a view: boxes, scores and tags, as the exported model and inference will."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_common.detections import Detection
from edge_common.geometry import Box, Letterbox, suppress
from edge_common.ssd import LOGITS
from modules.trainer_agent.learning.boxes import correct
from modules.trainer_agent.learning.examples import Example
from modules.trainer_agent.learning.head import Head, forward
from modules.trainer_agent.learning.losses import sigmoid

Array = NDArray[np.float32]

OVERLAP = 0.5
MOST_FOUND = 100
LEAST_SCORE = 0.01
_BEFORE_SUPPRESSION = 300
_MOST_CANDIDATES = 1000


@dataclass(frozen=True)
class Found:
    """Detections in one picture, best first."""

    boxes: Array
    """Corners [n, 4], 0-1 of the square."""
    scores: Array
    tags: NDArray[np.intp]


@dataclass(frozen=True)
class Candidates:
    """Boxes that may be something, before overlaps are suppressed, likeliest first."""

    boxes: Array
    """Corners [n, 4], 0-1 of the square."""
    scores: Array
    """[n, outputs of the head]."""

    def times(self, shares: Array) -> Found:
        """Detections of the tags that each box is by these shares [n, tags] (of one output)."""
        return select(self.boxes, self.scores * shares)


def candidates(head: Head, example: Example) -> Candidates:
    """The boxes of one view that the head scores highest, those of hardly any score left out."""
    scores, shifts, start = [], [], 0
    for inputs, level in zip(example.inputs, head.levels, strict=True):
        count = level["boxes.bias"].size // 4
        logits = example.old_logits[start : start + len(inputs) * count].reshape(-1, count, LOGITS)
        start += len(inputs) * count
        made = forward(level, inputs.astype(np.float32), logits.astype(np.float32), len(inputs))
        scores.append(made.scores.reshape(-1, head.tags))
        shifts.append(made.shifts.reshape(-1, 4))
    likely = sigmoid(np.concatenate(scores))
    best = likely.max(axis=1)
    order = np.argsort(-best, kind="stable")[:_MOST_CANDIDATES]
    order = order[best[order] >= LEAST_SCORE]
    return Candidates(correct(example.frozen[order], np.concatenate(shifts)[order]), likely[order])


def select(boxes: Array, scores: Array) -> Found:
    """Overlaps suppressed tag by tag: corners [n, 4] and scores [n, tags] to at most MOST_FOUND detections."""
    kept: list[tuple[Array, Array, NDArray[np.intp]]] = []
    for tag in range(scores.shape[1]):
        strong = np.flatnonzero(scores[:, tag] >= LEAST_SCORE)
        if len(strong) > _BEFORE_SUPPRESSION:
            strong = strong[np.argpartition(-scores[strong, tag], _BEFORE_SUPPRESSION)[:_BEFORE_SUPPRESSION]]
        alive = strong[suppress(boxes[strong], scores[strong, tag], OVERLAP, MOST_FOUND)]
        kept.append((boxes[alive], scores[alive, tag], np.full(len(alive), tag, dtype=np.intp)))
    return best_first(
        np.concatenate([part[0] for part in kept]),
        np.concatenate([part[1] for part in kept]),
        np.concatenate([part[2] for part in kept]),
    )


def best_first(boxes: Array, scores: Array, tags: NDArray[np.intp]) -> Found:
    order = np.argsort(-scores, kind="stable")[:MOST_FOUND]
    return Found(boxes[order], scores[order], tags[order])


def at_one_half(found: Found, thresholds: Sequence[float]) -> Found:
    """Scores with their odds over those of their tag's threshold, as in the exported graph, which puts it at 0.5."""
    odds = np.array([(1 - threshold) / threshold for threshold in thresholds], dtype=np.float32)[found.tags]
    return best_first(found.boxes, found.scores * odds / (1 + found.scores * (odds - 1)), found.tags)


def detections_of(found: Found, tags: Sequence[str], place: Letterbox) -> tuple[Detection, ...]:
    """The same by names, in the picture that was laid into the square; what lies beside the picture is left out."""
    boxes = np.clip(place.back(found.boxes), 0, 1)
    inside = np.flatnonzero((boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1]))
    return tuple(
        Detection(tags[found.tags[index]], round(float(found.scores[index]), 4), Box(*map(float, boxes[index])))
        for index in inside
    )
