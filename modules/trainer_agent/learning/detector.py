"""From tagged images to a trained detector: features, cross-validation, the final fit, the model's file."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_common.errors import ImageError
from edge_common.onnx_graph import load_graph
from edge_common.packages import Score
from edge_common.zoo import ZooModel
from modules.trainer_agent.learning.augment import View, view_boxes
from modules.trainer_agent.learning.backbone import DetectionBackbone
from modules.trainer_agent.learning.dataset import Dataset, check_dataset, read_pixels
from modules.trainer_agent.learning.evaluate import Truth, average_precision, best_threshold, rank
from modules.trainer_agent.learning.examples import Example, Grid, grid_of, make_example
from modules.trainer_agent.learning.export import export_detector
from modules.trainer_agent.learning.feature_cache import FeatureCache
from modules.trainer_agent.learning.fit import FitOptions
from modules.trainer_agent.learning.fits import FitOutcome, FitTask, Share, run_fits
from modules.trainer_agent.learning.folds import make_folds
from modules.trainer_agent.learning.outcome import Progress, Trained
from modules.trainer_agent.learning.projection import MapSample, Projection, fit_projection
from modules.trainer_agent.learning.views import FeatureSource, Tagged, choose_views, copies_for

Array = NDArray[np.float32]

SIZES_PX = (320, 384, 448, 512, 576, 640)
SMALL_BOX_PX = 28.0
"""A tagged box smaller than this in the square is hard to find, so a larger square is chosen."""
SMALL_SHARE = 0.2
"""The box at this share from the smallest decides."""


def train_detector(
    dataset: Dataset, backbone: ZooModel, cache: FeatureCache, *, threads: int, seed: int, progress: Progress
) -> Trained:
    """A detector for the dataset's tags; raises LearningError when there is not enough to learn from."""
    tagged, left_out = read_all(dataset)
    check_dataset(Dataset(dataset.kind, dataset.tags, tuple(one.image for one in tagged)))
    size_px = choose_size(tagged)
    grid = grid_of(size_px)
    views = [choose_views(one, size_px, copies_for(len(tagged), size_px), seed) for one in tagged]
    source = FeatureSource(DetectionBackbone(backbone.path, threads), backbone.sha256, cache, size_px)
    looking = progress.part("Looking at the images", 0.0, 0.4)
    projection = _learn_projection(source, tagged, views, seed, looking)
    examples = [_examples_of(one, mine, source, projection, grid) for one, mine in zip(tagged, views, strict=True)]
    learning = progress.part("Learning, and checking on images held back", 0.4, 0.97)
    everything = tuple(range(len(tagged)))
    folds = make_folds([frozenset(one.tags.tolist()) for one in tagged], seed)
    tasks = [FitTask(tuple(image for image in everything if image not in fold), tuple(fold)) for fold in folds]
    share = Share((FitTask(everything, ()), *tasks), examples, len(dataset.tags), size_px, seed, FitOptions())
    final, *held_back = run_fits(share, threads, learning.done)
    score, thresholds = _score(tagged, examples, dataset.tags, held_back)
    progress.part("Packing the model", 0.97, 1.0).done(0.0)
    return Trained(
        export_detector(load_graph(backbone.path), projection, final.head, size_px, thresholds),
        size_px,
        backbone.name,
        backbone.sha256,
        # The file's scores are shifted so that each tag's best threshold lies here.
        thresholds=dict.fromkeys(dataset.tags, 0.5),
        score=score,
        images=len(tagged),
        boxes=sum(len(one.boxes) for one in tagged),
        left_out=left_out,
    )


def read_all(dataset: Dataset) -> tuple[list[Tagged], dict[str, str]]:
    """The usable images, and by name why the others are left out."""
    tagged: list[Tagged] = []
    left_out: dict[str, str] = {}
    for image in dataset.images:
        try:
            height, width = read_pixels(image).shape[:2]
        except ImageError as error:
            left_out[image.name] = str(error)
            continue
        boxes = np.array([found.box.to_list() for found in image.boxes], dtype=np.float32).reshape(-1, 4)
        tags = np.array([found.tag for found in image.boxes], dtype=np.intp)
        tagged.append(Tagged(image, width, height, boxes, tags))
    return tagged, left_out


def choose_size(tagged: Sequence[Tagged]) -> int:
    """Side of the square (px) in which small tagged boxes are still large enough to be found."""
    sides = [
        np.sqrt(np.prod((one.boxes[:, 2:] - one.boxes[:, :2]) * (one.width, one.height), axis=1))
        / max(one.width, one.height)
        for one in tagged
    ]
    small = float(np.quantile(np.concatenate(sides), SMALL_SHARE))
    return next((size for size in SIZES_PX if small * size >= SMALL_BOX_PX), SIZES_PX[-1])


def _learn_projection(
    source: FeatureSource, tagged: Sequence[Tagged], views: Sequence[Sequence[View]], seed: int, progress: Progress
) -> Projection:
    """Computes (and caches) the features of all views on the way; holds those of one image at a time."""
    rng = np.random.default_rng(seed)
    sample = MapSample(sum(len(mine) for mine in views))
    for index, (one, mine) in enumerate(zip(tagged, views, strict=True)):
        for view in source.features(one, mine):
            sample.add(view, rng)
        progress.done((index + 1) / len(tagged))
    return fit_projection(sample, rng)


def _examples_of(
    one: Tagged, views: Sequence[View], source: FeatureSource, projection: Projection, grid: Grid
) -> list[Example]:
    made = []
    for view, features in zip(views, source.features(one, views), strict=True):
        boxes, visible = view_boxes(one.boxes, one.width, one.height, view, grid.size_px)
        made.append(make_example(features, projection, grid, boxes[visible], one.tags[visible], boxes[~visible]))
    return made


def _score(
    tagged: Sequence[Tagged],
    examples: Sequence[Sequence[Example]],
    tags: Sequence[str],
    held_back: Sequence[FitOutcome],
) -> tuple[Score, list[float]]:
    """AP50 on images held back in turn, and for each tag the threshold that was best there."""
    found = {image: one for outcome in held_back for image, one in outcome.found.items()}
    # The first view of an image is the plain one: what inference will see.
    truths = [Truth(mine[0].targets, mine[0].tags) for mine in examples]
    ordered = [found[image] for image in range(len(tagged))]
    ranked = [rank(ordered, truths, tag) for tag in range(len(tags))]
    per_tag = {name: average_precision(mine) for name, mine in zip(tags, ranked, strict=True)}
    protocol = f"AP at IoU 0.5, {len(held_back)}-fold cross-validation over {len(tagged)} tagged images"
    score = Score(name="ap50", value=float(np.mean(list(per_tag.values()))), per_label=per_tag, protocol=protocol)
    return score, [best_threshold(mine) for mine in ranked]
