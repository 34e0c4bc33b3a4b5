"""From backbone maps to the head's inputs: each map reduced by its own PCA, brought to each level's grid, joined.

Reducing a map before resampling it gives the same numbers as after (both are linear) and costs far less; in the
exported graph it is one 1x1 convolution a map.
"""

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_common.ssd import FEATURE_MAPS, STRIDES
from modules.trainer_agent.learning.features import RELU6_STEP, ViewFeatures

COMPONENTS = {"map8": 48, "map16": 96, "map32": 128, "map64": 64}
INPUTS = sum(COMPONENTS.values())
_SAMPLE_ROWS = 3000
_POWER_STEPS = 1
_SPARE = 16

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Projection:
    """For each map: y = x W + b, in which W holds PCA directions over the fourth root of their variance."""

    weights: Mapping[str, Array]
    """Map name to [channels, components]."""
    biases: Mapping[str, Array]
    """Map name to [components]."""


class MapSample:
    """Some places of every map, gathered view by view, so that no more than one view has to be in memory."""

    def __init__(self, views: int) -> None:
        self._each = max(1, _SAMPLE_ROWS // views)
        self._rows: dict[str, list[NDArray[np.uint8]]] = {name: [] for name in FEATURE_MAPS}

    def add(self, view: ViewFeatures, rng: np.random.Generator) -> None:
        for name, array in view.maps.items():
            places = array.reshape(len(array), -1)
            chosen = rng.choice(places.shape[1], size=min(self._each, places.shape[1]), replace=False)
            self._rows[name].append(places[:, chosen].T)

    def rows(self, name: str) -> Array:
        """Float32 [places, channels] of one map."""
        return np.concatenate(self._rows[name]).astype(np.float32) * RELU6_STEP


def fit_projection(sample: MapSample, rng: np.random.Generator, pool: Executor) -> Projection:
    """PCA of each map over sampled places of all views, the maps side by side."""
    probes = [random_probe(channels, COMPONENTS[name], rng) for name, channels in FEATURE_MAPS.items()]
    learned = list(pool.map(_learn_map, (sample.rows(name) for name in FEATURE_MAPS), probes))
    return Projection(
        {name: weights for name, (weights, _) in zip(FEATURE_MAPS, learned, strict=True)},
        {name: biases for name, (_, biases) in zip(FEATURE_MAPS, learned, strict=True)},
    )


def _learn_map(rows: Array, probe: Array) -> tuple[Array, Array]:
    """W and b of one map from its places [n, channels]."""
    mean = rows.mean(axis=0)
    spread = rows.std(axis=0) + np.float32(1e-3)
    directions, variances = leading_components((rows - mean) / spread, probe)
    weights = (directions / np.maximum(variances, 1e-6) ** 0.25) / spread[:, None]
    return weights, -mean @ weights


def random_probe(channels: int, count: int, rng: np.random.Generator) -> Array:
    """What `leading_components` starts from: some more random directions than are wanted, [channels, count + 16]."""
    return rng.standard_normal((channels, count + _SPARE)).astype(np.float32)


def leading_components(rows: Array, probe: Array) -> tuple[Array, Array]:
    """The first principal directions of centred rows [n, d] and their variances: [d, count], [count].

    Randomised range finder with power steps (Halko, Martinsson & Tropp 2011, algorithm 4.4).
    """
    count = probe.shape[1] - _SPARE
    for _ in range(_POWER_STEPS + 1):
        basis, _ = np.linalg.qr(rows.T @ (rows @ probe))
        probe = basis.astype(np.float32)
    small = rows @ probe
    _, singular, turned = np.linalg.svd(small, full_matrices=False)
    return (probe @ turned[:count].T).astype(np.float32), (singular[:count] ** 2 / len(rows)).astype(np.float32)


def project(view: ViewFeatures, projection: Projection) -> list[Array]:
    """The head's inputs for each level of STRIDES: float32 [rows x columns, INPUTS]."""
    reduced: dict[str, Array] = {}
    for name, array in view.maps.items():
        places: Array = array.reshape(len(array), -1).T.astype(np.float32) * RELU6_STEP
        side = array.shape[1]
        reduced[name] = (places @ projection.weights[name] + projection.biases[name]).reshape(side, side, -1)
    levels = []
    for stride in STRIDES:
        grids = [to_stride(reduced[name], int(name.removeprefix("map")), stride) for name in FEATURE_MAPS]
        levels.append(np.concatenate(grids, axis=-1).reshape(-1, INPUTS))
    return levels


def to_stride(grid: Array, have: int, want: int) -> Array:
    """A map [rows, columns, c] of stride `have` on the grid of stride `want`: averaged over places, or repeated."""
    if have == want:
        return grid
    if have > want:
        factor = have // want
        return grid.repeat(factor, axis=0).repeat(factor, axis=1)
    factor = want // have
    rows, columns, channels = grid.shape
    blocks = grid.reshape(rows // factor, factor, columns // factor, factor, channels)
    return np.asarray(blocks.mean(axis=(1, 3)), dtype=np.float32)
