"""From a picture to what a model takes, and from what it gives to detections: pure maths on arrays."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_common.detections import Detection, ModelKind
from edge_common.errors import InferenceError
from edge_common.geometry import Box, Boxes, Letterbox, corners, suppress
from edge_common.images import Pixels, float_planes, letterbox

Floats = NDArray[np.float32]

MOST_DETECTIONS = 100
MOST_CANDIDATES = 300
"""The best of all labels are looked at by suppression, whose work grows with the square of their number."""
_ROUNDING = 1e-3


def to_input(pixels: Pixels, size: int) -> Floats:
    """The picture letterboxed on grey as float32 [1, 3, size, size], BGR, 0-255."""
    return float_planes(letterbox(pixels, size))


def decode(
    outputs: Mapping[str, NDArray[Any]],
    *,
    kind: ModelKind,
    labels: Sequence[str],
    thresholds: Floats,
    overlap: float,
    place: Letterbox,
    weakest: float = 1.0,
) -> tuple[Detection, ...]:
    """What a model's outputs say, best first, at most 100; raises InferenceError if they break the model contract.

    thresholds [labels]: minimum confidence of each; overlap: IoU above which the weaker of two boxes of a label goes.
    What does not reach its threshold, but is at least as sure as `weakest`, follows after all that does.
    """
    if kind == "classification":
        return classify(_output(outputs, "probs", len(labels)), labels, thresholds, weakest)
    boxes = _output(outputs, "raw_boxes", 4)
    probs = _output(outputs, "raw_probs", 1 + len(labels))
    if len(boxes) != len(probs):
        raise InferenceError(f"as many raw_boxes as raw_probs expected, got {len(boxes)} and {len(probs)}")
    return detect(boxes, probs[:, 1:], labels, thresholds, overlap, place, weakest)


def classify(probs: Floats, labels: Sequence[str], thresholds: Floats, weakest: float = 1.0) -> tuple[Detection, ...]:
    """probs [1, labels]: every label that reaches its threshold, then those that are as sure as `weakest`."""
    _check_confidences("probs", probs)
    scores = np.clip(probs[0], 0, 1)
    best = _best_first(scores, scores >= thresholds)
    chosen = best[scores[best] >= np.minimum(thresholds, weakest)[best]][:MOST_DETECTIONS]
    return tuple(Detection(labels[index], float(scores[index]), None) for index in chosen)


def detect(
    boxes: Boxes,
    scores: Floats,
    labels: Sequence[str],
    thresholds: Floats,
    overlap: float,
    place: Letterbox,
    weakest: float = 1.0,
) -> tuple[Detection, ...]:
    """boxes [n, 4] as cx, cy, w, h of the letterboxed square; scores [n, labels]: boxes of the picture, clipped."""
    # By one number first, on a flat array: of tens of thousands of scores only some hundreds are compared with more.
    flat = scores.ravel()
    _check_confidences("raw_probs", flat)
    least = np.minimum(thresholds, weakest)
    likely = np.flatnonzero(flat >= least.min() - _ROUNDING)
    rows, classes = np.divmod(likely, len(labels))
    confidences = np.clip(flat[likely], 0, 1)
    likely = np.flatnonzero(confidences >= least[classes])
    # However many weak ones there are, they take no place from one that reaches its threshold.
    order = _best_first(confidences[likely], confidences[likely] >= thresholds[classes[likely]])
    likely = likely[order[:MOST_CANDIDATES]]
    rows, classes, confidences = rows[likely], classes[likely], confidences[likely]
    if not np.isfinite(boxes[rows]).all():
        raise InferenceError("raw_boxes: finite numbers expected")
    found = np.clip(place.back(corners(boxes[rows])), 0, 1)
    inside = np.flatnonzero((found[:, 2] > found[:, 0]) & (found[:, 3] > found[:, 1]))
    chosen = inside[suppress(found[inside], confidences[inside], overlap, MOST_DETECTIONS, classes[inside])]
    enough = confidences[chosen] >= thresholds[classes[chosen]]
    chosen = chosen[_best_first(confidences[chosen], enough)][:MOST_DETECTIONS]
    return tuple(
        Detection(labels[classes[index]], float(confidences[index]), Box(*map(float, found[index]))) for index in chosen
    )


def _best_first(confidences: Floats, enough: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The order [n] in which those that are sure enough come first."""
    return np.lexsort((-confidences, ~enough))


def _output(outputs: Mapping[str, NDArray[Any]], name: str, columns: int) -> Floats:
    """One output without its batch axis ([n, columns]; `probs` has no other axis and keeps it)."""
    if name not in outputs:
        raise InferenceError(f"output {name} is missing; the model gave {sorted(outputs)}")
    value = outputs[name]
    shape_fits = value.ndim == (2 if name == "probs" else 3) and value.shape[0] == 1 and value.shape[-1] == columns
    if not shape_fits:
        raise InferenceError(f"{name}: {columns} values a row expected, got shape {value.shape}")
    rows = value if name == "probs" else value[0]
    return np.asarray(rows, dtype=np.float32)


def _check_confidences(name: str, scores: Floats) -> None:
    """Raise InferenceError unless all are 0-1, but for rounding; not-a-number fails the comparison, too."""
    if scores.size and not (scores.min() >= -_ROUNDING and scores.max() <= 1 + _ROUNDING):
        raise InferenceError(f"{name}: finite numbers from 0 to 1 expected")
