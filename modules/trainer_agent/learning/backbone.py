"""The backbones as functions from pictures to features."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
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
        # Pictures side by side, each on one thread, take a quarter less time than one after the other on all.
        self._session = OnnxSession(model, threads=1)
        self._threads = threads

    def features(self, squares: Sequence[Pixels]) -> list[ViewFeatures]:
        """Features of squares, uint8 [S, S, 3] BGR, in the same order."""
        with ThreadPoolExecutor(self._threads) as pool:
            return list(pool.map(self._features, squares))

    def _features(self, square: Pixels) -> ViewFeatures:
        out = self._session.run({"image": _planes(square)})
        maps = {name: _rounded(out[name][0]) for name in FEATURE_MAPS}
        encodings = _by_anchor([out[f"boxes{stride}"][0] for stride in STRIDES], 4)
        return ViewFeatures(maps, encodings, _by_anchor([out[f"logits{stride}"][0] for stride in STRIDES], LOGITS))


class DetailBackbone:
    """The first layers of Lite0, as a function from pictures to its map of stride 16."""

    def __init__(self, model: Path, threads: int) -> None:
        self._session = OnnxSession(model, threads=1)
        self._threads = threads

    def maps(self, squares: Sequence[Pixels]) -> NDArray[np.uint8]:
        """Of equally large squares, uint8 [S, S, 3] BGR: uint8 [views, 672, S / 16, S / 16], in steps of RELU6_STEP."""
        with ThreadPoolExecutor(self._threads) as pool:
            return np.stack(list(pool.map(self._map, squares)))

    def _map(self, square: Pixels) -> NDArray[np.uint8]:
        return _rounded(self._session.run({"image": _planes(square)}, wanted=("map16",))["map16"][0])


def _planes(square: Pixels) -> NDArray[np.float32]:
    return square.transpose(2, 0, 1)[None].astype(np.float32)


def _rounded(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    return (values / RELU6_STEP).round().astype(np.uint8)


def _by_anchor(maps: Sequence[NDArray[np.float32]], values: int) -> NDArray[np.float16]:
    """Maps [anchors x values, rows, columns] of each level as [all anchors, values]."""
    return np.concatenate([array.transpose(1, 2, 0).reshape(-1, values) for array in maps]).astype(np.float16)
