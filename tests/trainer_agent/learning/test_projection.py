from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from edge_common.ssd import FEATURE_MAPS, STRIDES
from modules.trainer_agent.learning.features import RELU6_STEP
from modules.trainer_agent.learning.projection import (
    COMPONENTS,
    INPUTS,
    MapSample,
    fit_projection,
    leading_components,
    project,
    random_probe,
    to_stride,
)
from tests.trainer_agent.learning.made import random_features, random_projection


def test_leading_components_are_those_of_the_singular_value_decomposition() -> None:
    rng = np.random.default_rng(0)
    turned, _ = np.linalg.qr(rng.standard_normal((60, 60)))
    rows = (rng.standard_normal((500, 60)) * 1.5 ** -np.arange(60.0)) @ turned
    rows = (rows - rows.mean(axis=0)).astype(np.float32)

    directions, variances = leading_components(rows, random_probe(60, 8, rng))

    _, singular, exact = np.linalg.svd(rows, full_matrices=False)
    np.testing.assert_allclose(variances, singular[:8] ** 2 / len(rows), rtol=1e-4)
    np.testing.assert_allclose(np.abs(np.sum(directions * exact[:8].T, axis=0)), 1, atol=1e-4)
    np.testing.assert_allclose(directions.T @ directions, np.eye(8), atol=1e-5)


def test_a_fitted_projection_centres_its_sample_and_evens_out_variances() -> None:
    rng = np.random.default_rng(1)
    sample = MapSample(views=4)
    for _ in range(4):
        sample.add(random_features(rng, 320), rng)

    with ThreadPoolExecutor(1) as pool:
        projection = fit_projection(sample, rng, pool)

    for name, channels in FEATURE_MAPS.items():
        rows = sample.rows(name)
        assert projection.weights[name].shape == (channels, COMPONENTS[name])
        reduced = rows @ projection.weights[name] + projection.biases[name]
        np.testing.assert_allclose(reduced.mean(axis=0), 0, atol=1e-3)
        standard = (rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-3)
        variances = np.linalg.svd(standard, compute_uv=False)[: COMPONENTS[name]] ** 2 / len(rows)
        # Divided by the fourth root of its variance, a direction keeps the square root of it.
        assert reduced.var(axis=0)[0] == pytest.approx(variances[0] ** 0.5, rel=0.1)


def test_a_sample_takes_as_many_places_of_each_view_as_there_are_at_most() -> None:
    rng = np.random.default_rng(2)
    sample = MapSample(views=100)
    for _ in range(2):
        sample.add(random_features(rng, 128), rng)

    assert sample.rows("map8").shape == (60, 192)
    assert sample.rows("map64").shape == (8, 512)
    assert sample.rows("map8").max() <= 6


@pytest.mark.parametrize("want", STRIDES)
def test_projecting_then_resampling_is_resampling_then_projecting(want: int) -> None:
    rng = np.random.default_rng(3)
    view, projection = random_features(rng), random_projection(rng)

    level = project(view, projection)[STRIDES.index(want)]

    parts = []
    for name, array in view.maps.items():
        whole = to_stride(array.transpose(1, 2, 0) * RELU6_STEP, int(name.removeprefix("map")), want)
        parts.append((whole @ projection.weights[name] + projection.biases[name]).reshape(-1, COMPONENTS[name]))
    assert level.shape == ((128 // want) ** 2, INPUTS)
    np.testing.assert_allclose(level, np.concatenate(parts, axis=1), atol=1e-5)


def test_a_finer_map_is_averaged_and_a_coarser_one_repeated() -> None:
    grid = np.arange(16, dtype=np.float32).reshape(4, 4, 1)

    assert to_stride(grid, 8, 16)[..., 0].tolist() == [[2.5, 4.5], [10.5, 12.5]]
    assert to_stride(grid[:2, :2], 16, 8)[..., 0].tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [4, 4, 5, 5], [4, 4, 5, 5]]
    assert to_stride(grid, 8, 8) is grid
