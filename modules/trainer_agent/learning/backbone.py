"""The backbones as functions from pictures to features."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_common.images import Pixels
from edge_common.onnx_session import OnnxSession
from edge_common.ssd import FEATURE_MAPS, LOGITS, STRIDES
from modules.trainer_agent.learning.features import RELU6_STEP, Arrays, ViewFeatures, pack


class DetectionBackbone:
    """The SSD's convolutions as a function from pictures to features; `threads` a call, to be called from several."""

    def __init__(self, model: Path, threads: int = 1) -> None:
        self._session = OnnxSession(model, threads=threads)

    def features(self, square: Pixels) -> ViewFeatures:
        """Of a square, uint8 [S, S, 3] BGR."""
        return features_of(self._session.run({"image": planes(square)}))

    def arrays(self, square: Pixels) -> Arrays:
        """For keeping: as `features.pack`."""
        return pack(self.features(square))


class DetailBackbone:
    """The first layers of Lite0 as a function from pictures to its map of stride 16; as DetectionBackbone."""

    def __init__(self, model: Path, threads: int = 1) -> None:
        self._session = OnnxSession(model, threads=threads)

    def map(self, square: Pixels) -> NDArray[np.uint8]:
        """Of a square, uint8 [S, S, 3] BGR: uint8 [672, S / 16, S / 16], in steps of RELU6_STEP."""
        return rounded(self._session.run({"image": planes(square)}, wanted=("map16",))["map16"][0])

    def arrays(self, square: Pixels) -> Arrays:
        """For keeping: its `map`."""
        return {"map": self.map(square)}


def features_of(out: Mapping[str, NDArray[np.float32]]) -> ViewFeatures:
    """What the tensors of the SSD's convolutions, by their names, say of one picture."""
    maps = {name: rounded(out[name][0]) for name in FEATURE_MAPS}
    encodings = _by_anchor([out[f"boxes{stride}"][0] for stride in STRIDES], 4)
    return ViewFeatures(maps, encodings, _by_anchor([out[f"logits{stride}"][0] for stride in STRIDES], LOGITS))


def planes(square: Pixels) -> NDArray[np.float32]:
    """A square as a model's input: float32 [1, 3, S, S]."""
    return square.transpose(2, 0, 1)[None].astype(np.float32)


def rounded(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """What ends in ReLU6, in steps of RELU6_STEP."""
    return (values / RELU6_STEP).round().astype(np.uint8)


def _by_anchor(maps: Sequence[NDArray[np.float32]], values: int) -> NDArray[np.float16]:
    """Maps [anchors x values, rows, columns] of each level as [all anchors, values]."""
    return np.concatenate([array.transpose(1, 2, 0).reshape(-1, values) for array in maps]).astype(np.float16)
