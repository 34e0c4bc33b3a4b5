from pathlib import Path

import numpy as np
import pytest

from edge_common.errors import LearningError
from edge_common.images import letterbox
from edge_common.model_io import to_input
from edge_common.onnx_graph import load_graph, operations_beyond_vpu
from edge_common.onnx_session import OnnxSession
from edge_common.zoo import LITE0
from modules.inference.runtimes.runtime import open_runtime
from modules.trainer_agent.learning.classifier import (
    SHRINKAGE,
    SIZE_PX,
    Classifier,
    LinearClassifier,
    calibrate,
    export_classifier,
    fit_linear,
    train_classifier,
)
from modules.trainer_agent.learning.dataset import Dataset
from modules.trainer_agent.learning.familiarity import Familiarity, unit
from modules.trainer_agent.learning.feature_cache import FeatureCache
from modules.trainer_agent.learning.losses import sigmoid
from modules.trainer_agent.learning.outcome import Progress, Trained
from tests.trainer_agent.learning.made import classification_set, detection_set, draw_shapes, store_image
from tests.zoo_here import zoo_model


def clusters(seed: int, count: int = 300, dimensions: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Two tags' features about two centres, which a few noisy dimensions hide from plain distances."""
    rng = np.random.default_rng(seed)
    tags = np.arange(count) % 2
    noise = rng.standard_normal((count, dimensions)) * np.where(np.arange(dimensions) < 5, 6.0, 0.5)
    features = noise + 2 * tags[:, None] * (np.arange(dimensions) >= dimensions - 5)
    return features.astype(np.float32), np.eye(2, dtype=np.float32)[tags]


def test_a_linear_classifier_tells_two_clusters_apart() -> None:
    model = fit_linear(*clusters(0))

    features, wanted = clusters(1)

    right = model.scores(features).argmax(axis=1) == wanted.argmax(axis=1)
    assert right.mean() > 0.95


def test_the_fit_is_the_least_squares_solution_of_its_shrunk_covariance() -> None:
    features, wanted = clusters(2, count=50, dimensions=20)

    model = fit_linear(features, wanted)

    rows = features - features.mean(axis=0)
    covariance = rows.T @ rows / len(rows)
    shrunk = (1 - SHRINKAGE) * covariance + SHRINKAGE * np.trace(covariance) / 20 * np.eye(20)
    np.testing.assert_allclose(shrunk @ model.weights, rows.T @ wanted / len(rows), atol=1e-4)
    np.testing.assert_allclose(model.scores(features).mean(axis=0), wanted.mean(axis=0), atol=1e-5)


def test_calibrated_probabilities_are_as_often_right_as_they_say() -> None:
    rng = np.random.default_rng(5)
    scores = rng.uniform(-1, 1, (4000, 1)).astype(np.float32)
    wanted = (rng.random((4000, 1)) < 1 / (1 + np.exp(-(3 * scores - 1)))).astype(np.float32)

    slope, offset = calibrate(scores, wanted)

    assert (slope, offset) == pytest.approx((3, -1), abs=0.3)


def test_scores_that_separate_perfectly_are_not_made_certain() -> None:
    scores, wanted = np.float32([[0.0], [0.1], [0.9], [1.0]]), np.float32([[0], [0], [1], [1]])

    slope, offset = calibrate(scores, wanted)

    assert 0.6 < 1 / (1 + np.exp(-(slope + offset))) < 0.95


def test_calibration_never_turns_the_order_round() -> None:
    slope, _ = calibrate(np.float32([[0.0], [1.0]]), np.float32([[1], [0]]))

    assert slope > 0


def test_a_picture_may_have_none_of_the_tags() -> None:
    features, wanted = clusters(3)
    wanted[:, 1] = 0

    model = fit_linear(features, wanted)
    probabilities = sigmoid(model.calibrated(*calibrate(model.scores(features), wanted)).scores(features))

    without = wanted[:, 0] == 0
    assert (probabilities[without].max(axis=1) < 0.5).mean() > 0.95
    assert (probabilities[~without, 0] > 0.5).mean() > 0.95


def test_a_fit_of_the_same_is_the_same() -> None:
    first, again = (fit_linear(*clusters(3)) for _ in range(2))

    np.testing.assert_array_equal(first.weights, again.weights)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("shapes")
    whole = classification_set(folder, 6)
    bad = store_image(folder, "bad.png", b"\x89PNG\r\n\x1a\n", tags=(0,))
    dataset = Dataset("classification", whole.tags, (*whole.images, bad))
    return train_classifier(
        dataset, zoo_model(LITE0), FeatureCache(folder / "cache"), threads=1, seed=0, progress=Progress(lambda *_: None)
    )


def test_a_trained_classifier_names_what_it_left_out_and_how_good_it_is(trained: Trained) -> None:
    assert (trained.images, trained.boxes, list(trained.left_out)) == (6, 0, ["bad.png"])
    assert trained.score.name == "accuracy"
    assert trained.score.value == 1
    assert trained.score.per_label == {"disc": 1.0, "square": 1.0}
    assert trained.thresholds == {"disc": 0.5, "square": 0.5}


@pytest.mark.parametrize("seed", [200, 202])
def test_a_trained_classifier_tells_new_pictures_apart(trained: Trained, seed: int) -> None:
    picture, boxes = draw_shapes(seed)

    probs = OnnxSession(trained.model, threads=1).run({"image": to_input(picture, SIZE_PX)})["probs"]

    assert probs.argmax() == boxes[0].tag


@pytest.mark.parametrize("offset", [-60.0, -30.0, 10.0], ids=["strange", "between", "familiar"])
@pytest.mark.parametrize(
    ("backend", "several"), [("onnx", False), ("openvino", False), ("onnx", True)], ids=["onnx", "openvino", "several"]
)
def test_the_file_says_what_the_classifier_says(tmp_path: Path, backend: str, several: bool, offset: float) -> None:
    rng = np.random.default_rng(4)
    lite0 = zoo_model(LITE0)
    linear = LinearClassifier((rng.standard_normal((1280, 3)) / 20).astype(np.float32), np.float32([0.1, -0.2, 0.3]))
    exemplars = unit(rng.random((7, 1280), dtype=np.float32)).T
    model = Classifier(linear, Familiarity(np.ascontiguousarray(exemplars), 50.0, offset), several)
    file = tmp_path / "model.onnx"
    file.write_bytes(export_classifier(lite0, model))
    square = letterbox(draw_shapes(5)[0], SIZE_PX).transpose(2, 0, 1)[None].astype(np.float32)

    runtime = open_runtime(backend, file, threads=1)
    probs = runtime.infer(square)["probs"]
    runtime.close()

    features = OnnxSession(lite0.path, threads=1).run({"image": square})["features"]
    # The largest difference seen: 6e-7 for the linear layer alone.
    np.testing.assert_allclose(probs, model.probabilities(features), atol=2e-5)


def test_a_picture_of_something_else_has_none_of_the_tags(trained: Trained) -> None:
    stripes = np.repeat(np.uint8([[255, 40, 0], [0, 90, 255]]), 20, axis=0)
    picture = np.ascontiguousarray(np.tile(stripes, (8, 1))[None].repeat(320, axis=0))

    probs = OnnxSession(trained.model, threads=1).run({"image": to_input(picture, SIZE_PX)})["probs"]

    assert probs.max() < 0.5


def test_the_file_is_static_and_of_operations_that_the_vpu_runs(trained: Trained, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(trained.model)
    model = load_graph(tmp_path / "model.onnx")

    session = OnnxSession(trained.model, threads=1)

    assert (session.inputs, session.outputs) == ({"image": (1, 3, SIZE_PX, SIZE_PX)}, {"probs": (1, 2)})
    assert model.opset_import[0].version == 11
    assert operations_beyond_vpu(model) == set()


def test_pictures_without_a_tag_are_learned_from_but_not_counted_in_the_score(tmp_path: Path) -> None:
    whole = classification_set(tmp_path, 4)
    empty = store_image(tmp_path, "empty.jpg", detection_set(tmp_path, 1).images[0].path.read_bytes())
    dataset = Dataset("classification", whole.tags, (*whole.images, empty))

    made = train_classifier(
        dataset, zoo_model(LITE0), FeatureCache(tmp_path / "c"), threads=1, seed=0, progress=Progress(lambda *_: None)
    )

    assert made.images == 5
    assert made.score.value == pytest.approx(np.mean(list(made.score.per_label.values())))


def test_without_two_usable_images_nothing_is_learned(tmp_path: Path) -> None:
    bad = tuple(store_image(tmp_path, f"{index}.jpg", b"nothing", tags=(index,)) for index in range(2))

    with pytest.raises(LearningError, match="0 usable images"):
        train_classifier(
            Dataset("classification", ("a", "b"), bad),
            zoo_model(LITE0),
            FeatureCache(tmp_path),
            threads=1,
            seed=0,
            progress=Progress(lambda *_: None),
        )
