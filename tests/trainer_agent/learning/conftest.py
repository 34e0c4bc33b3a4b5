"""A detector that was really trained, on a few drawn pictures, for all tests that look at one."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from edge_common.images import Pixels, letterbox
from edge_common.onnx_graph import load_graph
from edge_common.zoo import LITE0, SSD_BACKBONE
from modules.trainer_agent.learning import outcome
from modules.trainer_agent.learning.augment import plain_view, view_boxes
from modules.trainer_agent.learning.backbone import DetectionBackbone
from modules.trainer_agent.learning.detector import train_detector
from modules.trainer_agent.learning.examples import Grid, grid_of, make_example
from modules.trainer_agent.learning.export import export_detector
from modules.trainer_agent.learning.feature_cache import FeatureCache
from modules.trainer_agent.learning.features import ViewFeatures
from modules.trainer_agent.learning.fit import FitOptions, fit
from modules.trainer_agent.learning.head import Head
from modules.trainer_agent.learning.projection import MapSample, Projection, fit_projection
from tests.trainer_agent.learning.made import SHAPES, detection_set, draw_shapes
from tests.zoo_here import zoo_model

SIZE = 320


@dataclass(frozen=True)
class Trained:
    """A head with what it was trained on."""

    backbone: DetectionBackbone
    projection: Projection
    head: Head
    grid: Grid
    pictures: list[Pixels]
    features: list[ViewFeatures]

    def export(self, thresholds: tuple[float, float] = (0.5, 0.5)) -> bytes:
        graph = load_graph(zoo_model(SSD_BACKBONE).path)
        return export_detector(graph, self.projection, self.head, SIZE, thresholds, None)


@pytest.fixture(scope="session")
def backbone() -> DetectionBackbone:
    return DetectionBackbone(zoo_model(SSD_BACKBONE).path)


@pytest.fixture(scope="session")
def trained(backbone: DetectionBackbone) -> Trained:
    rng = np.random.default_rng(0)
    drawn = [draw_shapes(seed) for seed in range(6)]
    pictures = [picture for picture, _ in drawn]
    features = [backbone.features(letterbox(picture, SIZE)) for picture in pictures]
    sample = MapSample(len(features))
    for view in features:
        sample.add(view, rng)
    with ThreadPoolExecutor(1) as pool:
        projection = fit_projection(sample, rng, pool)
    grid = grid_of(SIZE)
    examples = []
    for (picture, tagged), view in zip(drawn, features, strict=True):
        height, width = picture.shape[:2]
        boxes = np.array([found.box.to_list() for found in tagged], dtype=np.float32)
        placed, _ = view_boxes(boxes, width, height, plain_view(width, height, SIZE), SIZE)
        tags = np.array([found.tag for found in tagged])
        examples.append(make_example(view, projection, grid, placed, tags, np.empty((0, 4), dtype=np.float32)))
    head = fit(examples, len(SHAPES), grid, seed=0, options=FitOptions(epochs=40))
    return Trained(backbone, projection, head, grid, pictures, features)


@pytest.fixture(scope="session")
def detector_file(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("detector") / "model.onnx"
    path.write_bytes(trained.export())
    return path


@pytest.fixture(scope="session")
def whole_training(tmp_path_factory: pytest.TempPathFactory) -> outcome.Trained:
    """A detector with all that a training finds out, of eight images."""
    folder = tmp_path_factory.mktemp("training")
    backbones, progress = (zoo_model(SSD_BACKBONE), zoo_model(LITE0)), outcome.Progress(lambda stage, share: None)
    dataset, cache = detection_set(folder, 8), FeatureCache(folder / "cache")
    return train_detector(dataset, *backbones, cache, threads=2, seed=0, progress=progress)
