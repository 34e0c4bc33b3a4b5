"""Folds a trained head into its backbone's graph: one static ONNX file that every runtime and the VPU can read.

`image` float32 [1, 3, S, S], BGR 0-255, gives the outputs that azureeyemodule's S1 parser expects: `raw_boxes`
[1, N, 4] as cx, cy, w, h in 0-1 and `raw_probs` [1, N, 1 + tags], background first. Scores are shifted so that each
tag's recommended threshold becomes 0.5, since S1's own threshold is fixed there. Where several tags are told apart,
the part of Lite0 that does so is in the same file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_common.onnx_graph import GraphBuilder, ModelProto
from edge_common.ssd import ANCHORS, FEATURE_MAPS, LOGITS, STRIDES, anchor_boxes
from modules.trainer_agent.learning.boxes import CENTRE_SCALE, MOST_FROZEN_GROWTH, MOST_GROWTH, SIZE_SCALE
from modules.trainer_agent.learning.head import LOGIT_SCALE, Head
from modules.trainer_agent.learning.projection import Projection
from modules.trainer_agent.learning.teller import DETAIL, LEAST_COVERED, MOST_LOGIT, TagTeller
from modules.trainer_agent.learning.teller import STRIDES as MAP_STRIDES

Array = NDArray[np.float32]

DETAIL_STRIDE = 16
"""Of the grid on which boxes are looked into."""


@dataclass(frozen=True)
class Telling:
    """What tells tags apart: Lite0's graph and the layer on its maps and the detector's."""

    lite0: ModelProto
    teller: TagTeller


def export_detector(
    backbone: ModelProto,
    projection: Projection,
    head: Head,
    size_px: int,
    thresholds: Sequence[float],
    telling: Telling | None,
) -> bytes:
    """The model's file. `thresholds` are the probabilities, one a tag, that become 0.5.

    With `telling` the head's one output is shared out over the tags; without it each output is a tag.
    """
    builder = GraphBuilder()
    builder.adopt(backbone.graph, {})
    reduced = {
        name: builder.conv(name, _as_kernel(projection.weights[name]), projection.biases[name]) for name in FEATURE_MAPS
    }
    centres, sizes, probabilities = [], [], []
    for level, (stride, parameters) in enumerate(zip(STRIDES, head.levels, strict=True)):
        parts = [_resampled(builder, reduced[name], int(name.removeprefix("map")), stride) for name in FEATURE_MAPS]
        inputs = builder.node("Concat", parts, axis=1)
        places = (size_px // stride) ** 2
        probability = _probabilities(builder, inputs, level, head.tags, parameters)
        centre, size = _boxes(builder, inputs, level, size_px, parameters)
        probabilities.append(_rows(builder, probability, places * ANCHORS[level], head.tags))
        centres.append(_rows(builder, centre, places * ANCHORS[level], 2))
        sizes.append(_rows(builder, size, places * ANCHORS[level], 2))
    count = sum((size_px // stride) ** 2 * anchors for stride, anchors in zip(STRIDES, ANCHORS, strict=True))
    likely, centre, size = (builder.node("Concat", part, axis=1) for part in (probabilities, centres, sizes))
    builder.node("Concat", [centre, size], "raw_boxes", axis=2)
    if telling is not None:
        likely = builder.node("Mul", [likely, _shares(builder, telling, centre, size, size_px, count)])
    _with_background(builder, _shifted(builder, likely, thresholds))
    model = builder.build(
        "fifteen-detector",
        {"image": [1, 3, size_px, size_px]},
        {"raw_boxes": [1, count, 4], "raw_probs": [1, count, 1 + len(thresholds)]},
    )
    return bytes(model.SerializeToString())


def _probabilities(
    builder: GraphBuilder, inputs: str, level: int, outputs: int, parameters: Mapping[str, Array]
) -> str:
    """Map [1, anchors x outputs, rows, columns] of the head's probabilities."""
    anchors = ANCHORS[level]
    hidden = _hidden(builder, inputs, "scores", parameters)
    fresh = builder.conv(hidden, _as_kernel(parameters["scores.out"]), parameters["scores.bias"])
    old = np.zeros((anchors * LOGITS, anchors * outputs), dtype=np.float32)
    for anchor in range(anchors):
        mine = slice(anchor * outputs, (anchor + 1) * outputs)
        old[anchor * LOGITS : (anchor + 1) * LOGITS, mine] = parameters["scores.old"] * LOGIT_SCALE
    from_old = builder.conv(f"logits{STRIDES[level]}", _as_kernel(old), None)
    return builder.node("Sigmoid", [builder.node("Add", [fresh, from_old])])


def _shifted(builder: GraphBuilder, likely: str, thresholds: Sequence[float]) -> str:
    """Probabilities [1, N, tags] with their odds over those of the threshold: p k / (p k + (1 - p)).

    What is divided by lies between 1 and k, and thresholds are of 0.02 to 0.98.
    """
    odds = np.array([(1 - threshold) / threshold for threshold in thresholds], dtype=np.float32)
    if (odds == 1).all():  # the VPU's plugin loses a product with 1
        return likely
    over = builder.node("Mul", [likely, builder.constant(odds)])
    rest = builder.difference(builder.constant(np.float32(1)), likely)
    return builder.quotient(over, builder.node("Add", [over, rest]))


def _with_background(builder: GraphBuilder, likely: str) -> None:
    """`raw_probs`: what the tags leave of 1, then the tags."""
    taken = builder.node("ReduceSum", [likely], axes=[2], keepdims=1)
    left = builder.clip(builder.difference(builder.constant(np.float32(1)), taken), 0, 1)
    builder.node("Concat", [left, likely], "raw_probs", axis=2)


def _shares(builder: GraphBuilder, telling: Telling, centre: str, size: str, size_px: int, count: int) -> str:
    """How likely each of `count` boxes is each tag, as `TagTeller.shares`: [1, N, tags]."""
    if DETAIL in telling.teller.weights:
        builder.adopt(telling.lite0.graph, {"map16": DETAIL}, prefix="lite0.")
    side, tags, scores = size_px // DETAIL_STRIDE, len(telling.teller.bias), ""
    for name, weights in telling.teller.weights.items():
        mine = builder.conv(name, _as_kernel(weights), None)
        mine = _resampled(builder, mine, MAP_STRIDES[name], DETAIL_STRIDE)
        scores = builder.node("Add", [scores, mine]) if scores else mine
    # A map a tag, as a matrix that takes the part of a box in each row to its sums for each tag and column.
    by_row = builder.node("Transpose", [scores], perm=[0, 2, 1, 3])
    matrix = builder.node("Reshape", [by_row, _shape(builder, 1, side, tags * side)])
    halves = (builder.node("Mul", [size, builder.constant(np.float32(part))]) for part in (-0.5, 0.5))
    low, high = (builder.node("Add", [centre, half]) for half in halves)
    across, down = (_covered(builder, low, high, axis, side) for axis in (0, 1))
    rows = builder.node("Reshape", [builder.node("MatMul", [down, matrix]), _shape(builder, 1, count, tags, side)])
    columns = builder.node("Reshape", [across, _shape(builder, 1, count, 1, side)])
    means = builder.node("ReduceSum", [builder.node("Mul", [rows, columns])], axes=[3], keepdims=0)
    logits = builder.clip(builder.node("Add", [means, builder.constant(telling.teller.bias)]), -MOST_LOGIT, MOST_LOGIT)
    # Below the likeliest one's, so that powers are 1 at most and their sum is between 1 and the number of tags.
    below = builder.difference(logits, builder.node("ReduceMax", [logits], axes=[2], keepdims=1))
    powers = builder.node("Exp", [below])
    return builder.quotient(powers, builder.node("ReduceSum", [powers], axes=[2], keepdims=1))


def _covered(builder: GraphBuilder, low: str, high: str, axis: int, side: int) -> str:
    """The part of each box's span along an axis (0: x) that lies in each of `side` cells: [1, N, side]."""
    pick = np.zeros((2, side), dtype=np.float32)
    pick[axis] = side
    starts = builder.constant(-np.arange(side, dtype=np.float32))
    ends = []
    for corner in (low, high):
        place = builder.node("MatMul", [corner, builder.constant(pick)])
        ends.append(builder.clip(builder.node("Add", [place, starts]), 0, 1))
    parts = builder.difference(ends[1], ends[0])
    total = builder.clip(builder.node("ReduceSum", [parts], axes=[2], keepdims=1), LEAST_COVERED, float(side))
    return builder.quotient(parts, total)


def _shape(builder: GraphBuilder, *sizes: int) -> str:
    return builder.constant(np.array(sizes, dtype=np.int64))


def _boxes(
    builder: GraphBuilder, inputs: str, level: int, size_px: int, parameters: Mapping[str, Array]
) -> tuple[str, str]:
    """Maps of centres and of sizes, each [1, anchors x 2, rows, columns], x before y."""
    anchors = ANCHORS[level]
    encodings = f"boxes{STRIDES[level]}"
    grid = anchor_boxes(size_px)[level].transpose(2, 3, 0, 1)
    places, spans = grid[:, :2].reshape(1, -1, *grid.shape[2:]), grid[:, 2:, 0, 0]
    # Encodings come as ty, tx, th, tw for each anchor. An anchor's spans are the same everywhere, so the kernel has
    # them: the VPU's plugin loses a convolution with a bias that a constant is multiplied to.
    offset = builder.conv(encodings, _as_kernel(_pick((1, 0), spans / CENTRE_SCALE)), None)
    centre = builder.node("Add", [offset, builder.constant(places)])
    frozen_growth = builder.conv(encodings, _as_kernel(_pick((3, 2), np.full_like(spans, 1 / SIZE_SCALE))), None)
    powers = builder.node("Exp", [builder.clip(frozen_growth, -MOST_FROZEN_GROWTH, MOST_FROZEN_GROWTH)])
    size = builder.node("Mul", [powers, builder.constant(spans.reshape(1, -1, 1, 1))])
    hidden = _hidden(builder, inputs, "boxes", parameters)
    shifts = []
    for columns in ((0, 1), (2, 3)):
        chosen = [anchor * 4 + column for anchor in range(anchors) for column in columns]
        kernel = _as_kernel(parameters["boxes.out"][:, chosen])
        shifts.append(builder.conv(hidden, kernel, parameters["boxes.bias"][chosen]))
    moved = builder.node("Add", [centre, builder.node("Mul", [shifts[0], size])])
    growth = builder.node("Exp", [builder.clip(shifts[1], -MOST_GROWTH, MOST_GROWTH)])
    return moved, builder.node("Mul", [size, growth])


def _hidden(builder: GraphBuilder, inputs: str, part: str, parameters: Mapping[str, Array]) -> str:
    kernel = _as_kernel(parameters[f"{part}.hidden"])
    return builder.node("Relu", [builder.conv(inputs, kernel, parameters[f"{part}.hidden_bias"])])


def _resampled(builder: GraphBuilder, source: str, have: int, want: int) -> str:
    """The map on another level's grid, as `projection.to_stride` does it."""
    if have == want:
        return source
    if have < want:
        factor = want // have
        return builder.node("AveragePool", [source], kernel_shape=[factor, factor], strides=[factor, factor])
    scales = builder.constant(np.array([1, 1, have // want, have // want], dtype=np.float32))
    # Of no use to "nearest", but OpenVINO 2021.4.2 cannot read an empty one.
    region = builder.constant(np.array([0, 0, 0, 0, 1, 1, 1, 1], dtype=np.float32))
    return builder.node(
        "Resize",
        [source, region, scales],
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


def _rows(builder: GraphBuilder, source: str, rows: int, values: int) -> str:
    """A map [1, anchors x values, rows, columns] as [1, rows x columns x anchors, values]."""
    turned = builder.node("Transpose", [source], perm=[0, 2, 3, 1])
    return builder.node("Reshape", [turned, _shape(builder, 1, rows, values)])


def _pick(values: tuple[int, int], scales: Array) -> Array:
    """Weights [anchors x 4, anchors x 2] that take two of each anchor's four values, times scales [anchors, 2]."""
    weights = np.zeros((len(scales) * 4, len(scales) * 2), dtype=np.float32)
    for anchor, mine in enumerate(scales):
        for column, (value, scale) in enumerate(zip(values, mine, strict=True)):
            weights[anchor * 4 + value, anchor * 2 + column] = scale
    return weights


def _as_kernel(weights: Array) -> Array:
    """Weights [in, out] as a 1x1 convolution's [out, in, 1, 1]."""
    return weights.T[:, :, None, None]
