"""From tagged images to a trained classifier: logistic regression on frozen EfficientNet-Lite0 features."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_common.errors import ImageError
from edge_common.onnx_graph import GraphBuilder, load_graph
from edge_common.onnx_session import OnnxSession
from edge_common.packages import Score
from edge_common.zoo import ZooModel
from modules.trainer_agent.learning.augment import View, plain_view, random_view, render
from modules.trainer_agent.learning.dataset import Dataset, TaggedImage, check_dataset, read_pixels
from modules.trainer_agent.learning.feature_cache import FeatureCache
from modules.trainer_agent.learning.fit import adam_step, one_cycle
from modules.trainer_agent.learning.folds import make_folds
from modules.trainer_agent.learning.losses import sigmoid
from modules.trainer_agent.learning.outcome import Progress, Trained

Array = NDArray[np.float32]

SIZE_PX = 224
"""What Lite0 was trained at."""
VIEWS = 6
ZOOM = 1.25
STEPS = 200
PEAK_RATE = 0.01
WEIGHT_DECAY = 0.01
THRESHOLD = 0.5
_VERSION = 1


class LinearClassifier:
    """Weights [features, tags] and bias [tags] on raw features; each tag answers yes or no for itself.

    One answer for each tag, not a share of one whole, lets a picture be none of them.
    """

    def __init__(self, weights: Array, bias: Array) -> None:
        self.weights = weights
        self.bias = bias

    def probabilities(self, features: Array) -> Array:
        """[n, features] to [n, tags]."""
        return sigmoid(features @ self.weights + self.bias)


def train_classifier(
    dataset: Dataset, backbone: ZooModel, cache: FeatureCache, *, threads: int, seed: int, progress: Progress
) -> Trained:
    """A classifier for the dataset's tags; raises LearningError when there is not enough to learn from."""
    session = OnnxSession(backbone.path, threads=threads)
    looking = progress.part("Looking at the images", 0.0, 0.7)
    kept: list[TaggedImage] = []
    features: list[Array] = []
    left_out: dict[str, str] = {}
    for index, image in enumerate(dataset.images):
        try:
            features.append(_features(image, session, backbone.sha256, cache, seed))
            kept.append(image)
        except ImageError as error:
            left_out[image.name] = str(error)
        looking.done((index + 1) / len(dataset.images))
    check_dataset(Dataset(dataset.kind, dataset.tags, tuple(kept)))
    wanted = np.zeros((len(kept), len(dataset.tags)), dtype=np.float32)
    for row, image in enumerate(kept):
        wanted[row, list(image.tags)] = 1
    checking = progress.part("Checking on images held back", 0.7, 0.9)
    score = _cross_validate(features, wanted, dataset.tags, seed, checking)
    progress.part("Learning from all images", 0.9, 0.97).done(0.0)
    model = fit_linear(np.concatenate(features), wanted.repeat(VIEWS, axis=0))
    progress.part("Packing the model", 0.97, 1.0).done(0.0)
    return Trained(
        export_classifier(backbone, model),
        SIZE_PX,
        backbone.name,
        backbone.sha256,
        thresholds=dict.fromkeys(dataset.tags, THRESHOLD),
        score=score,
        images=len(kept),
        boxes=0,
        left_out=left_out,
    )


def fit_linear(features: Array, wanted: Array) -> LinearClassifier:
    """Logistic regression, one tag against the rest, on standardised features; the same answer every time.

    features [n, d]; wanted [n, tags] of 0 and 1.
    """
    mean, spread = features.mean(axis=0), features.std(axis=0) + np.float32(1e-3)
    rows = (features - mean) / spread
    values = np.zeros((rows.shape[1] + 1, wanted.shape[1]), dtype=np.float32)
    first, second = np.zeros_like(values), np.zeros_like(values)
    gradient = np.empty_like(values)
    for step in range(STEPS):
        error = (sigmoid(rows @ values[:-1] + values[-1]) - wanted) / np.float32(len(rows))
        gradient[:-1] = rows.T @ error + np.float32(WEIGHT_DECAY) * values[:-1]
        gradient[-1] = error.sum(axis=0)
        adam_step(values, gradient, first, second, step + 1, one_cycle(step / STEPS) * PEAK_RATE, 0.0)
    weights = values[:-1] / spread[:, None]
    return LinearClassifier(weights.astype(np.float32), (values[-1] - mean @ weights).astype(np.float32))


def export_classifier(backbone: ZooModel, model: LinearClassifier) -> bytes:
    """One static file: `image` float32 [1, 3, 224, 224] BGR 0-255 to `probs` [1, tags]."""
    builder = GraphBuilder()
    builder.adopt(load_graph(backbone.path).graph, {})
    weights, bias = builder.constant(model.weights), builder.constant(model.bias)
    builder.node("Sigmoid", [builder.node("Gemm", ["features", weights, bias])], "probs")
    made = builder.build("fifteen-classifier", {"image": [1, 3, SIZE_PX, SIZE_PX]}, {"probs": [1, len(model.bias)]})
    return bytes(made.SerializeToString())


def _features(image: TaggedImage, session: OnnxSession, backbone_sha256: str, cache: FeatureCache, seed: int) -> Array:
    """Features [VIEWS, 1280] of the plain view and random ones."""
    recipe = f"classifier {_VERSION} {image.digest} {backbone_sha256} {seed} {VIEWS}"
    stored = cache.load(recipe)
    if stored is not None:
        return stored["features"].astype(np.float32, copy=False)
    pixels = read_pixels(image)
    squares = [render(pixels, view, SIZE_PX) for view in _views(image, pixels.shape[1], pixels.shape[0], seed)]
    batch = np.stack(squares).transpose(0, 3, 1, 2).astype(np.float32)
    features = session.run({"image": batch})["features"]
    cache.save(recipe, {"features": features})
    return features


def _views(image: TaggedImage, width: int, height: int, seed: int) -> list[View]:
    rng = np.random.default_rng([seed, int(image.digest[:15], 16)])
    plain = plain_view(width, height, SIZE_PX)
    return [plain, *(random_view(width, height, SIZE_PX, rng, zoom=ZOOM) for _ in range(VIEWS - 1))]


def _cross_validate(
    features: Sequence[Array], wanted: Array, tags: Sequence[str], seed: int, progress: Progress
) -> Score:
    """Share of images held back for which the likeliest tag is right."""
    folds = make_folds([frozenset(np.flatnonzero(row).tolist()) for row in wanted], seed)
    right = np.zeros(len(features), dtype=bool)
    for index, held_back in enumerate(folds):
        learned = [image for image in range(len(features)) if image not in held_back]
        model = fit_linear(
            np.concatenate([features[image] for image in learned]), wanted[learned].repeat(VIEWS, axis=0)
        )
        plain = np.stack([features[image][0] for image in held_back])
        best = model.probabilities(plain).argmax(axis=1)
        right[held_back] = wanted[held_back, best] == 1
        progress.done((index + 1) / len(folds))
    shares = {tag: right[wanted[:, column] == 1] for column, tag in enumerate(tags)}
    per_tag = {tag: float(mine.mean()) for tag, mine in shares.items() if len(mine)}
    protocol = f"share of images tagged right, {len(folds)}-fold cross-validation over {len(features)} tagged images"
    return Score(name="accuracy", value=float(right.mean()), per_label=per_tag, protocol=protocol)
