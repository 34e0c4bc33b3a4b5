"""EfficientNet-Lite0 as an ONNX graph, built from its weights.

Architecture: EfficientNet-B0 without squeeze-and-excitation, ReLU6 in place of swish, stem and head not scaled
(Tan & Le 2019, arXiv:1905.11946; the Lite variants of TensorFlow's TPU repository). Batch normalisation is folded
into the convolutions.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_common.onnx_graph import GraphBuilder, ModelProto

BATCH_NORM_EPSILON = 1e-3
FEATURES = 1280
CLASSES = 1000


class Stage(NamedTuple):
    repeats: int
    kernel: int
    stride: int
    expand: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


def build_lite0(weights: Mapping[str, NDArray[np.float32]]) -> ModelProto:
    """The network: `image` float32 [batch, 3, height, width], BGR 0-255, sides in multiples of 32.

    Outputs `features` [batch, 1280] (mean of the last map), `map` [batch, 1280, height / 32, width / 32],
    `map16` [batch, 672, height / 16, width / 16] and `logits` [batch, 1000].
    """
    builder = GraphBuilder()
    net = _Layers(builder, weights)
    normal = builder.node("Mul", ["image", builder.constant(np.float32(1 / 128))])
    normal = builder.node("Add", [normal, builder.constant(np.float32(-127 / 128))])
    flow = net.layer(normal, "_conv_stem", "_bn0", stride=2, reverse_input=True)
    channels, index = 32, 0
    for stage in STAGES:
        for repeat in range(stage.repeats):
            stride = stage.stride if repeat == 0 else 1
            entry, block = flow, f"_blocks.{index}"
            if stage.expand > 1:
                name = "map16" if (stage.channels, stride) == (192, 2) else ""
                flow = net.layer(flow, f"{block}._expand_conv", f"{block}._bn0", name=name)
            flow = net.layer(flow, f"{block}._depthwise_conv", f"{block}._bn1", stride=stride, depthwise=True)
            flow = net.layer(flow, f"{block}._project_conv", f"{block}._bn2", relu=False)
            if stride == 1 and channels == stage.channels:
                flow = builder.node("Add", [flow, entry])
            channels, index = stage.channels, index + 1
    net.layer(flow, "_conv_head", "_bn1", name="map")
    pooled = builder.node("GlobalAveragePool", ["map"])
    builder.node("Flatten", [pooled], "features", axis=1)
    dense = [builder.constant(weights[f"_fc.{part}"]) for part in ("weight", "bias")]
    builder.node("Gemm", ["features", *dense], "logits", transB=1)
    return builder.build(
        "efficientnet-lite0",
        {"image": ["batch", 3, "height", "width"]},
        {
            "features": ["batch", FEATURES],
            "map": ["batch", FEATURES, "rows", "columns"],
            "map16": ["batch", 672, "rows16", "columns16"],
            "logits": ["batch", CLASSES],
        },
    )


class _Layers:
    """Convolution, folded batch normalisation and ReLU6, by the names in the weights file."""

    def __init__(self, builder: GraphBuilder, weights: Mapping[str, NDArray[np.float32]]) -> None:
        self._builder = builder
        self._weights = weights

    def layer(
        self,
        source: str,
        conv: str,
        norm: str,
        *,
        stride: int = 1,
        depthwise: bool = False,
        relu: bool = True,
        reverse_input: bool = False,
        name: str = "",
    ) -> str:
        kernel = self._weights[f"{conv}.weight"]
        gain = self._weights[f"{norm}.weight"] / np.sqrt(self._weights[f"{norm}.running_var"] + BATCH_NORM_EPSILON)
        bias = self._weights[f"{norm}.bias"] - self._weights[f"{norm}.running_mean"] * gain
        if reverse_input:  # trained on RGB, fed with BGR
            kernel = kernel[:, ::-1]
        # "Same" padding of an even side with stride 2 puts the odd pixel at the end, as TensorFlow does.
        total = kernel.shape[2] - stride
        before = total // 2
        output = self._builder.conv(
            source,
            kernel * gain[:, None, None, None],
            bias,
            stride=stride,
            groups=kernel.shape[0] if depthwise else 1,
            pads=(before, before, total - before, total - before),
        )
        return self._builder.clip(output, 0, 6, name) if relu else output
