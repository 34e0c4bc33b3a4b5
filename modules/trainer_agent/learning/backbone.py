"""The backbones as functions from pictures to features."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_common.images import Pixels
from edge_common.onnx_session import OnnxSession
from edge_common.ssd import FEATURE_MAPS, LOGITS, STRIDES
from modules.trainer_agent.learning.features import RELU6_STEP, ViewFeatures


class DetectionBackbone:
    """The SSD's convolutions as a function from pictures to ViewFeatures."""

    def __init__(self, model: Path, threads: int) -> None:
        self._session = OnnxSession(model, threads=threads)

    def features(self, squares: Sequence[Pixels]) -> list[ViewFeatures]:
        """Features of equally large squares, uint8 [S, S, 3] BGR, in one pass."""
        batch = np.stack(squares).transpose(0, 3, 1, 2).astype(np.float32)
        out = self._session.run({"image": batch})
        maps = {name: (out[name] / RELU6_STEP).round().astype(np.uint8) for name in FEATURE_MAPS}
        encodings = _by_anchor([out[f"boxes{stride}"] for stride in STRIDES], 4)
        logits = _by_anchor([out[f"logits{stride}"] for stride in STRIDES], LOGITS)
        return [
            ViewFeatures({name: array[index] for name, array in maps.items()}, encodings[index], logits[index])
            for index in range(len(squares))
        ]


class DetailBackbone:
    """The first layers of Lite0, as a function from pictures to its map of stride 16."""

    def __init__(self, model: Path, threads: int) -> None:
        self._session = OnnxSession(model, threads=threads)

    def maps(self, squares: Sequence[Pixels]) -> NDArray[np.uint8]:
        """Of equally large squares, uint8 [S, S, 3] BGR: uint8 [views, 672, S / 16, S / 16], in steps of RELU6_STEP."""
        batch = np.stack(squares).transpose(0, 3, 1, 2).astype(np.float32)
        made = self._session.run({"image": batch}, wanted=("map16",))["map16"]
        return (made / RELU6_STEP).round().astype(np.uint8)


def _by_anchor(maps: Sequence[NDArray[np.float32]], values: int) -> NDArray[np.float16]:
    """Maps [batch, anchors x values, rows, columns] of each level as [batch, all anchors, values]."""
    rows = [array.transpose(0, 2, 3, 1).reshape(len(array), -1, values) for array in maps]
    return np.concatenate(rows, axis=1).astype(np.float16)
