"""The SSD's convolutions cut out of the detector, as a network that takes pictures of many sizes.

Sides may be any multiples of 64 px: the detector's reshapes are cut off, so maps come out as maps.
"""

import numpy as np

from edge_common.errors import PackageError
from edge_common.onnx_graph import (
    GraphBuilder,
    GraphProto,
    ModelProto,
    NodeProto,
    array_of,
    attribute,
    with_constant,
)
from edge_common.ssd import ANCHORS, FEATURE_MAPS, LOGITS, STRIDES


def build_backbone(detector: ModelProto) -> ModelProto:
    """`image` float32 [batch, 3, height, width], BGR 0-255, to maps [batch, channels, rows, columns].

    Outputs those of FEATURE_MAPS and, for each stride s of STRIDES, `boxes<s>` (ty, tx, th, tw for each anchor) and
    `logits<s>` (24 for each anchor). Raises PackageError if `detector` is another network.
    """
    graph = detector.graph
    builder = GraphBuilder()
    normal = builder.node("Mul", ["image", builder.constant(np.float32(1 / 127.5))])
    normal = builder.node("Add", [normal, builder.constant(np.float32(-1))])
    cuts = _cut_points(graph)
    builder.adopt(
        fed_with_bgr(graph),
        cuts | {graph.input[0].name: normal},
        operations=("Conv", "Clip", "Add"),
        pads=_pads_for_even_sides,
    )
    outputs: dict[str, list[int | str]] = {
        name: ["batch", channels, "rows", "columns"] for name, channels in FEATURE_MAPS.items()
    }
    for stride, anchors in zip(STRIDES, ANCHORS, strict=True):
        outputs[f"boxes{stride}"] = ["batch", 4 * anchors, "rows", "columns"]
        outputs[f"logits{stride}"] = ["batch", LOGITS * anchors, "rows", "columns"]
    shapes: dict[str, list[int | str]] = {
        name: [shape[0], shape[1], *(f"{axis}{name.lstrip('abcdefghijklmnopqrstuvwxyz')}" for axis in shape[2:])]
        for name, shape in outputs.items()
    }
    return builder.build("ssd-mobilenet-v2", {"image": ["batch", 3, "height", "width"]}, shapes)


def _cut_points(graph: GraphProto) -> dict[str, str]:
    """Tensor names of the detector to the output names of the backbone."""
    maker = {name: node for node in graph.node for name in node.output}
    cuts: dict[str, str] = {}
    try:
        for level, stride in enumerate(STRIDES):
            for reshape, name in (("Reshape", "boxes"), ("Reshape_1", "logits")):
                transpose = maker[maker[f"BoxPredictor_{level}/{reshape}"].input[0]]
                predictor = maker[transpose.input[0]]
                cuts[predictor.output[0]] = f"{name}{stride}"
                cuts[predictor.input[0]] = f"map{stride}"
        narrowing = next(
            node for node in graph.node if attribute(node, "strides") == [2, 2] and attribute(node, "group") == 192
        )
    except (KeyError, StopIteration) as error:
        raise PackageError(f"SSD-MobileNetV2 expected, the graph has no {error}") from error
    cuts[narrowing.input[0]] = "map8"
    return cuts


def fed_with_bgr(graph: GraphProto) -> GraphProto:
    """The graph with its first convolution taking blue first."""
    first = next(node for node in graph.node if graph.input[0].name in node.input)
    weights = next(tensor for tensor in graph.initializer if tensor.name == first.input[1])
    return with_constant(graph, weights.name, array_of(weights)[:, ::-1])


def _pads_for_even_sides(node: NodeProto) -> list[int]:
    """TensorFlow's "same" padding: with stride 2 and an even side, the one odd pixel is added at the end."""
    pads, strides = attribute(node, "pads"), attribute(node, "strides")
    assert isinstance(pads, list)
    return [0, 0, 1, 1] if strides == [2, 2] else pads
