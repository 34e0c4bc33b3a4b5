"""Folds a trained head into its backbone's graph: one static ONNX file that every runtime and the VPU can read.

`image` float32 [1, 3, S, S], BGR 0-255, gives the outputs that azureeyemodule's S1 parser expects: `raw_boxes`
[1, N, 4] as cx, cy, w, h in 0-1 and `raw_probs` [1, N, 1 + tags], background first. Scores are shifted so that each
tag's recommended threshold becomes 0.5, since S1's own threshold is fixed there.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from edge_common.onnx_graph import GraphBuilder, ModelProto
from edge_common.ssd import ANCHORS, FEATURE_MAPS, LOGITS, STRIDES, anchor_boxes
from modules.trainer_agent.learning.boxes import CENTRE_SCALE, MOST_FROZEN_GROWTH, MOST_GROWTH, SIZE_SCALE
from modules.trainer_agent.learning.head import LOGIT_SCALE, Head
from modules.trainer_agent.learning.projection import Projection

Array = NDArray[np.float32]


def export_detector(
    backbone: ModelProto, projection: Projection, head: Head, size_px: int, thresholds: Sequence[float]
) -> bytes:
    """The model's file. `thresholds` are the probabilities, one a tag, that become 0.5."""
    builder = GraphBuilder()
    builder.adopt(backbone.graph, {})
    shift = [float(np.log(threshold / (1 - threshold))) for threshold in thresholds]
    reduced = {
        name: builder.conv(name, _as_kernel(projection.weights[name]), projection.biases[name]) for name in FEATURE_MAPS
    }
    centres, sizes, probabilities = [], [], []
    for level, (stride, parameters) in enumerate(zip(STRIDES, head.levels, strict=True)):
        parts = [_resampled(builder, reduced[name], int(name.removeprefix("map")), stride) for name in FEATURE_MAPS]
        inputs = builder.node("Concat", parts, axis=1)
        places = (size_px // stride) ** 2
        probability = _probabilities(builder, inputs, level, head.tags, parameters, shift)
        centre, size = _boxes(builder, inputs, level, size_px, parameters)
        probabilities.append(_rows(builder, probability, places * ANCHORS[level], 1 + head.tags))
        centres.append(_rows(builder, centre, places * ANCHORS[level], 2))
        sizes.append(_rows(builder, size, places * ANCHORS[level], 2))
    count = sum((size_px // stride) ** 2 * anchors for stride, anchors in zip(STRIDES, ANCHORS, strict=True))
    builder.node("Concat", probabilities, "raw_probs", axis=1)
    both = [builder.node("Concat", part, axis=1) for part in (centres, sizes)]
    builder.node("Concat", both, "raw_boxes", axis=2)
    model = builder.build(
        "fifteen-detector",
        {"image": [1, 3, size_px, size_px]},
        {"raw_boxes": [1, count, 4], "raw_probs": [1, count, 1 + head.tags]},
    )
    return bytes(model.SerializeToString())


def _probabilities(
    builder: GraphBuilder, inputs: str, level: int, tags: int, parameters: Mapping[str, Array], shift: Sequence[float]
) -> str:
    """Map [1, anchors x (1 + tags), rows, columns]: for each anchor the background, then each tag."""
    anchors = ANCHORS[level]
    hidden = _hidden(builder, inputs, "scores", parameters)
    bias = parameters["scores.bias"] - np.tile(np.array(shift, dtype=np.float32), anchors)
    fresh = builder.conv(hidden, _as_kernel(parameters["scores.out"]), bias)
    old = np.zeros((anchors * LOGITS, anchors * tags), dtype=np.float32)
    spread = np.zeros((anchors * tags, anchors * (1 + tags)), dtype=np.float32)
    for anchor in range(anchors):
        mine = slice(anchor * tags, (anchor + 1) * tags)
        old[anchor * LOGITS : (anchor + 1) * LOGITS, mine] = parameters["scores.old"] * LOGIT_SCALE
        start = anchor * (1 + tags)
        spread[mine, start] = -1
        spread[mine, start + 1 : start + 1 + tags] = np.eye(tags)
    from_old = builder.conv(f"logits{STRIDES[level]}", _as_kernel(old), np.zeros(anchors * tags, dtype=np.float32))
    probability = builder.node("Sigmoid", [builder.node("Add", [fresh, from_old])])
    # Background is what the tags leave of 1; a convolution and a clip, since the VPU knows both.
    background_first = np.tile(np.array([1, *[0] * tags], dtype=np.float32), anchors)
    joined = builder.conv(probability, _as_kernel(spread), background_first)
    return builder.clip(joined, 0, 1)


def _boxes(
    builder: GraphBuilder, inputs: str, level: int, size_px: int, parameters: Mapping[str, Array]
) -> tuple[str, str]:
    """Maps of centres and of sizes, each [1, anchors x 2, rows, columns], x before y."""
    anchors = ANCHORS[level]
    encodings = f"boxes{STRIDES[level]}"
    zero = np.zeros(anchors * 2, dtype=np.float32)
    # Encodings come as ty, tx, th, tw for each anchor.
    frozen_centre = builder.conv(encodings, _as_kernel(_pick(anchors, (1, 0), 1 / CENTRE_SCALE)), zero)
    frozen_size = builder.conv(encodings, _as_kernel(_pick(anchors, (3, 2), 1 / SIZE_SCALE)), zero)
    bounded_size = builder.clip(frozen_size, -MOST_FROZEN_GROWTH, MOST_FROZEN_GROWTH)
    grid = anchor_boxes(size_px)[level].transpose(2, 3, 0, 1)
    places = builder.constant(grid[:, :2].reshape(1, -1, *grid.shape[2:]))
    spans = builder.constant(grid[:, 2:].reshape(1, -1, *grid.shape[2:]))
    centre = builder.node("Add", [builder.node("Mul", [frozen_centre, spans]), places])
    size = builder.node("Mul", [builder.node("Exp", [bounded_size]), spans])
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
    region = builder.constant(np.empty(0, dtype=np.float32))
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
    return builder.node("Reshape", [turned, builder.constant(np.array([1, rows, values], dtype=np.int64))])


def _pick(anchors: int, values: tuple[int, int], scale: float) -> Array:
    """Weights [anchors x 4, anchors x 2] that take two of each anchor's four values, scaled."""
    weights = np.zeros((anchors * 4, anchors * 2), dtype=np.float32)
    for anchor in range(anchors):
        for column, value in enumerate(values):
            weights[anchor * 4 + value, anchor * 2 + column] = scale
    return weights


def _as_kernel(weights: Array) -> Array:
    """Weights [in, out] as a 1x1 convolution's [out, in, 1, 1]."""
    return weights.T[:, :, None, None]
