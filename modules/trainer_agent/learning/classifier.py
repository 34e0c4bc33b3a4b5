"""From tagged images to a trained classifier: one linear fit on frozen EfficientNet-Lite0 features."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache as once

import numpy as np
from numpy.typing import NDArray

from edge_common.detections import Detection
from edge_common.errors import ImageError
from edge_common.onnx_graph import GraphBuilder, load_graph
from edge_common.onnx_session import OnnxSession
from edge_common.scores import Rate, Score
from edge_common.sentences import marked
from edge_common.zoo import ZooModel
from modules.trainer_agent.learning.augment import View, plain_view, random_view, render
from modules.trainer_agent.learning.dataset import Dataset, TaggedImage, check_dataset, read_pixels
from modules.trainer_agent.learning.familiarity import Familiarity, fit_familiarity, held_to, likeness
from modules.trainer_agent.learning.feature_cache import FeatureCache
from modules.trainer_agent.learning.folds import MOST_FOLDS, make_folds
from modules.trainer_agent.learning.intervals import rate_of, share_interval
from modules.trainer_agent.learning.losses import sigmoid
from modules.trainer_agent.learning.outcome import Progress, Trained
from modules.trainer_agent.learning.score import wrong_images
from modules.trainer_agent.learning.several import named_by_others, score_several, shifts

Array = NDArray[np.float32]

SIZE_PX = 288
"""Lite0 was trained at 224 px; groceries are told apart a little better at this size (docs/learning.md)."""
VIEWS = 4
ZOOM = 1.25
SHRINKAGE = 0.7
"""How far the features' covariance is drawn towards a multiple of identity: there are fewer images than features."""
THRESHOLD = 0.5
_NEWTON_STEPS = 30
_VERSION = 2


@dataclass(frozen=True)
class LinearClassifier:
    """Weights [features, tags] and bias [tags] on features; each tag answers yes or no for itself.

    One answer for each tag, not a share of one whole, lets a picture be none of them.
    """

    weights: Array
    bias: Array

    def scores(self, features: Array) -> Array:
        """[n, features] to [n, tags]; likelier is higher."""
        return features @ self.weights + self.bias

    def calibrated(self, slope: float, offset: Array) -> "LinearClassifier":
        """The classifier whose scores are `slope` times these plus `offset` [tags]."""
        return LinearClassifier(self.weights * np.float32(slope), self.bias * np.float32(slope) + offset)


@dataclass(frozen=True)
class Classifier:
    """Says which tags a picture has; none, when it is unlike everything that it was taught."""

    linear: LinearClassifier
    """Calibrated."""
    familiar: Familiarity
    several: bool = False
    """A picture may have more than one tag."""

    def probabilities(self, features: Array) -> Array:
        """[n, features] to [n, tags], 0 to 1: no tag is likelier than that the picture is like a taught one."""
        return sigmoid(held_to(self.linear.scores(features), self.familiar.logits(features), each=self.several))


def train_classifier(
    dataset: Dataset, backbone: ZooModel, cache: FeatureCache, *, threads: int, seed: int, progress: Progress
) -> Trained:
    """A classifier for the dataset's tags; raises LearningError when there is not enough to learn from."""
    session = once(lambda: OnnxSession(backbone.path, threads=threads))
    looking = progress.part(marked("Looking at the images"), 0.0, 0.7)
    kept: list[TaggedImage] = []
    features: list[Array] = []
    left_out: dict[str, str] = {}
    for index, image in enumerate(dataset.images):
        try:
            features.append(features_of_image(image, session, backbone.sha256, cache, seed))
            kept.append(image)
        except ImageError as error:
            left_out[image.name] = str(error)
        looking.done((index + 1) / len(dataset.images))
    check_dataset(Dataset(dataset.kind, dataset.tags, tuple(kept)))
    wanted = np.zeros((len(kept), len(dataset.tags)), dtype=np.float32)
    for row, image in enumerate(kept):
        wanted[row, list(image.tags)] = 1
    checking = progress.part(marked("Checking on images held back"), 0.7, 0.95)
    held_back = _cross_validate(features, wanted, seed, checking)
    slope, offset = calibrate(held_back, wanted)
    folds = make_folds(_tags_of(wanted), seed)
    found = likeness(features, wanted, folds)
    familiar = fit_familiarity(features, wanted, found)
    near = familiar.of_cosine(np.where(np.isfinite(found.known), found.known, found.strange))
    logits = np.float32(slope) * held_back + np.float32(offset)
    # One tag for a picture: the likeliest stays the likeliest. Several: each has the threshold that is best for it.
    shift = shifts(logits, wanted) if dataset.several else np.zeros(len(dataset.tags), dtype=np.float32)
    likely = sigmoid(held_to(logits - shift, near, each=dataset.several))
    if dataset.several:
        named = named_by_others(logits, wanted, folds) * (near[:, None] >= 0)
        digests = [image.digest for image in kept]
        score = score_several(likely, named, wanted, len(folds), digests, dataset.tags, seed)
    else:
        score = _score(likely, wanted, kept, dataset.tags)
    score = score.model_copy(update={"none_right": _none_right(familiar.of_cosine(found.strange))})
    progress.part(marked("Learning from all images"), 0.95, 0.97).done(0.0)
    linear = fit_linear(np.concatenate(features), wanted.repeat(VIEWS, axis=0)).calibrated(slope, offset - shift)
    model = Classifier(linear, familiar, dataset.several)
    progress.part(marked("Packing the model"), 0.97, 1.0).done(0.0)
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
        held_back={image.digest: _named(row, dataset.tags) for image, row in zip(kept, likely, strict=True)},
    )


def _named(likely: Array, tags: Sequence[str]) -> tuple[Detection, ...]:
    """Every tag with its probability [tags], likeliest first."""
    return tuple(Detection(tags[tag], round(float(likely[tag]), 4), None) for tag in np.argsort(-likely, kind="stable"))


def fit_linear(features: Array, wanted: Array) -> LinearClassifier:
    """Least squares for each tag (1 or 0) on features of shrunk covariance; closed form, the same answer every time.

    features [n, d]; wanted [n, tags] of 0 and 1. For tags as common as each other its directions are those of linear
    discriminant analysis; shrinking towards identity: Ledoit & Wolf 2004.
    """
    mean, shares = features.mean(axis=0), wanted.mean(axis=0)
    rows = (features - mean).astype(np.float64)
    covariance = rows.T @ rows / len(rows)
    level = np.trace(covariance) / len(covariance)
    shrunk = (1 - SHRINKAGE) * covariance + SHRINKAGE * level * np.eye(len(covariance))
    weights = np.linalg.solve(shrunk, rows.T @ (wanted - shares) / len(rows))
    return LinearClassifier(weights.astype(np.float32), (shares - mean @ weights).astype(np.float32))


def calibrate(scores: Array, wanted: Array) -> tuple[float, float]:
    """Slope and offset that make sigmoid(slope x score + offset) a probability, by logistic regression.

    scores and wanted [n, tags], of images held back. One pair for all tags, so the likeliest stays the likeliest.
    Platt 1999, with his softened targets, so that scores which separate perfectly do not make it certain.
    """
    x, yes = scores.ravel().astype(np.float64), wanted.ravel() > 0
    target = np.where(yes, (yes.sum() + 1) / (yes.sum() + 2), 1 / ((~yes).sum() + 2))
    design = np.stack([x, np.ones_like(x)], axis=1)
    values = np.array([1.0, 0.0])
    for _ in range(_NEWTON_STEPS):
        p = sigmoid(np.asarray(design @ values, dtype=np.float32)).astype(np.float64)
        curvature = design.T @ (design * (p * (1 - p) + 1e-6)[:, None]) + 1e-9 * np.eye(2)
        values -= np.linalg.solve(curvature, design.T @ (p - target))
    return max(float(values[0]), 1e-3), float(values[1])


def export_classifier(backbone: ZooModel, model: Classifier) -> bytes:
    """One static file: `image` float32 [1, 3, 288, 288] BGR 0-255 to `probs` [1, tags]."""
    builder = GraphBuilder()
    builder.adopt(load_graph(backbone.path).graph, {})
    linear, familiar = model.linear, model.familiar
    scores = builder.node("Gemm", ["features", builder.constant(linear.weights), builder.constant(linear.bias)])
    squares = builder.node("Mul", ["features", "features"])
    length = builder.node("ReduceSum", [squares], axes=[1], keepdims=1)
    per_length = builder.node("Pow", [length, builder.constant(np.float32(-0.5))])
    cosines = builder.node("MatMul", ["features", builder.constant(familiar.exemplars * np.float32(familiar.slope))])
    nearest = builder.node("ReduceMax", [cosines], axes=[1], keepdims=1)
    known = builder.node(
        "Add", [builder.node("Mul", [nearest, per_length]), builder.constant(np.float32(familiar.offset))]
    )
    best = scores if model.several else builder.node("ReduceMax", [scores], axes=[1], keepdims=1)
    beyond = builder.node("Relu", [builder.difference(best, known)])
    builder.node("Sigmoid", [builder.difference(scores, beyond)], "probs")
    tags = len(linear.bias)
    made = builder.build("fifteen-classifier", {"image": [1, 3, SIZE_PX, SIZE_PX]}, {"probs": [1, tags]})
    return bytes(made.SerializeToString())


def features_of_image(
    image: TaggedImage, session: Callable[[], OnnxSession], backbone_sha256: str, cache: FeatureCache, seed: int
) -> Array:
    """Features [VIEWS, 1280] of the plain view and random ones, computed where they are not kept; raises ImageError."""
    recipe = f"classifier {_VERSION} {image.digest} {backbone_sha256} {seed} {VIEWS}"
    stored = cache.load(recipe)
    if stored is not None:
        return stored["features"].astype(np.float32, copy=False)
    pixels = read_pixels(image)
    squares = [render(pixels, view, SIZE_PX) for view in _views(image, pixels.shape[1], pixels.shape[0], seed)]
    batch = np.stack(squares).transpose(0, 3, 1, 2).astype(np.float32)
    features = session().run({"image": batch})["features"]
    cache.save(recipe, {"features": features})
    return features


def _views(image: TaggedImage, width: int, height: int, seed: int) -> list[View]:
    rng = np.random.default_rng([seed, int(image.digest[:15], 16)])
    plain = plain_view(width, height, SIZE_PX)
    return [plain, *(random_view(width, height, SIZE_PX, rng, zoom=ZOOM) for _ in range(VIEWS - 1))]


def _cross_validate(features: Sequence[Array], wanted: Array, seed: int, progress: Progress) -> Array:
    """Scores [n, tags] of each image's plain view, by a fit without that image."""
    folds = make_folds(_tags_of(wanted), seed)
    scores = np.zeros_like(wanted)
    for index, held_back in enumerate(folds):
        learned = [image for image in range(len(features)) if image not in held_back]
        rows = np.concatenate([features[image] for image in learned])
        model = fit_linear(rows, wanted[learned].repeat(VIEWS, axis=0))
        scores[held_back] = model.scores(np.stack([features[image][0] for image in held_back]))
        progress.done((index + 1) / len(folds))
    return scores


def _tags_of(wanted: Array) -> list[frozenset[int]]:
    return [frozenset(np.flatnonzero(row).tolist()) for row in wanted]


def _none_right(strange: Array) -> Rate | None:
    """Of images taken as if their tags had not been taught, those that count as none of the others."""
    asked = np.isfinite(strange)
    return rate_of((strange[asked] < 0).astype(np.intp), np.ones(asked.sum(), dtype=np.intp)) if asked.any() else None


def _score(held_back: Array, wanted: Array, images: Sequence[TaggedImage], tags: Sequence[str]) -> Score:
    """Share of images held back for which the likeliest tag is right; those without a tag have no right one.

    held_back [n, tags]: probabilities. Precision and recall count every tag that reaches the threshold.
    """
    right = np.take_along_axis(wanted, held_back.argmax(axis=1)[:, None], axis=1)[:, 0] == 1
    shares = {tag: right[wanted[:, column] == 1] for column, tag in enumerate(tags)}
    per_tag = {tag: float(mine.mean()) for tag, mine in shares.items() if len(mine)}
    tagged = wanted.any(axis=1)
    folds = min(MOST_FOLDS, len(wanted))
    named, there = ((held_back >= THRESHOLD).astype(np.intp), wanted.astype(np.intp))
    hits = named * there
    missed, false = (there - hits).sum(axis=1), (named - hits).sum(axis=1)
    return Score(
        name="accuracy",
        value=float(right[tagged].mean()),
        interval=share_interval(float(right[tagged].mean()), int(tagged.sum())),
        precision=rate_of(hits.sum(axis=1), named.sum(axis=1)),
        recall=rate_of(hits.sum(axis=1), there.sum(axis=1)),
        label_precision={tag: rate_of(hits[:, column], named[:, column]) for column, tag in enumerate(tags)},
        label_recall={tag: rate_of(hits[:, column], there[:, column]) for column, tag in enumerate(tags)},
        wrong=wrong_images([image.digest for image in images], missed, false),
        per_label=per_tag,
        protocol=f"share of images tagged right, {folds}-fold cross-validation over {tagged.sum()} tagged images",
    )
