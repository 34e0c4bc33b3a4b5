"""From tagged images to a trained detector: features, cross-validation, which tag is which, the model's file."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from edge_common.errors import ImageError
from edge_common.geometry import Letterbox
from edge_common.onnx_graph import load_graph
from edge_common.sentences import marked
from edge_common.service import give_back_memory
from edge_common.zoo import ZooModel
from modules.trainer_agent.learning.arena import ArenaWriter
from modules.trainer_agent.learning.augment import View, view_boxes
from modules.trainer_agent.learning.backbone import DetailBackbone, DetectionBackbone
from modules.trainer_agent.learning.dataset import Dataset, TaggedImage, check_dataset, read_pixels
from modules.trainer_agent.learning.detect import at_one_half, detections_of
from modules.trainer_agent.learning.evaluate import Truth
from modules.trainer_agent.learning.examples import Example, Grid, grid_of, make_example
from modules.trainer_agent.learning.export import Telling, export_detector
from modules.trainer_agent.learning.feature_cache import FeatureCache
from modules.trainer_agent.learning.features import ViewFeatures, unpack
from modules.trainer_agent.learning.fits import Fitters, Share
from modules.trainer_agent.learning.fold_check import FoldCheck
from modules.trainer_agent.learning.head import join
from modules.trainer_agent.learning.kept_examples import keep
from modules.trainer_agent.learning.learned_before import keep_learned, load_learned
from modules.trainer_agent.learning.outcome import Progress, Trained
from modules.trainer_agent.learning.plan import make_plan
from modules.trainer_agent.learning.projection import MapSample, Projection, fit_projection
from modules.trainer_agent.learning.score import CrossValidation, score_detector
from modules.trainer_agent.learning.side_by_side import side_by_side
from modules.trainer_agent.learning.teaching import Teaching
from modules.trainer_agent.learning.views import CachedViews, Tagged, choose_views, copies_for, squares_at_once

Array = NDArray[np.float32]

SIZES_PX = tuple(range(320, 961, 64))
SMALL_BOX_PX = 36.0
"""A tagged box smaller than this in the square is hard to find, so a larger square is chosen."""
SMALL_SHARE = 0.2
"""The box at this share from the smallest decides."""
DETAIL_BOX_PX = 128.0
"""A box of this side shows what tells tags apart: playing cards were told apart far better than at 96 px."""
MOST_DETAIL_PX = 448
"""A larger square only for details costs more than it tells."""
_LEARNED_VERSION = 1
"""Counts up when what is learned is made differently, so that an old training's parts are not gone on from."""


def train_detector(
    dataset: Dataset,
    backbone: ZooModel,
    lite0: ZooModel,
    cache: FeatureCache,
    *,
    threads: int,
    seed: int,
    progress: Progress,
    model_id: str = "",
    again: bool = False,
) -> Trained:
    """A detector for the dataset's tags; raises LearningError when there is not enough to learn from.

    `backbone` is the detector's; `lite0` sees what tells several tags apart. `again`: it may go on from the last full
    training of this model, if that is in the cache and few images have changed since.
    """
    with (
        closing(ArenaWriter(cache.folder)) as arena,
        closing(Fitters(threads, arena)) as fitters,
        ThreadPoolExecutor(threads) as pool,
    ):
        tagged, left_out = read_all(dataset, pool.map(size_of, dataset.images))
        check_dataset(Dataset(dataset.kind, dataset.tags, tuple(one.image for one in tagged)))
        several = len(dataset.tags) > 1
        size_px, copies, views = views_of(tagged, several, seed)
        grid = grid_of(size_px)
        at_once = squares_at_once(size_px, threads)
        source = CachedViews(lambda: DetectionBackbone(backbone.path, each), backbone.sha256, cache, size_px)
        pairs = list(zip(tagged, views, strict=True))
        recipe = f"learned {_LEARNED_VERSION} {model_id} {backbone.sha256} {size_px} {seed}"
        plan = make_plan(tagged, load_learned(cache, recipe) if again else None, copies, seed)
        missing = source.missing(pairs)
        # Where fewer images are new than could be looked at side by side, each has more threads.
        each = threads // max(1, min(at_once, len(missing)))
        looking = progress.part(marked("Looking at the images"), 0.0, 0.3 if several else 0.4)
        looked = _looked_at(source, missing if plan.projection else pairs, pool, at_once - 1, looking)
        if plan.projection is None:
            projection = _learn_projection(looked, sum(map(len, views)), seed, pool)
        else:
            projection = plan.projection
            deque(looked, maxlen=0)
        source.rest()
        wanted = [(*pair, count) for pair, count in zip(pairs, plan.copies, strict=True)]
        made = side_by_side(pool, lambda want: _examples_of(*want, source, projection, grid), wanted, ahead=threads)
        examples = [[keep(example, arena) for example in of_image] for of_image in made]
        teaching = None
        if several:
            details = CachedViews(lambda: DetailBackbone(lite0.path, each), lite0.sha256, cache, size_px)
            teaching = Teaching(source, details, tagged, views, len(dataset.tags))
            teaching.look(pool, at_once - 1, progress.part(marked("Looking at the details"), 0.3, 0.5))
            details.rest()
            details.forget()
        # The fits take memory, too; what is asked for after them is one view of each image, from the cache.
        source.forget()
        give_back_memory()
        learning = progress.part(marked("Learning, and checking on images held back"), 0.5 if several else 0.4, 0.95)
        outcomes = fitters.run(Share(plan.tasks, examples, 1, size_px), learning.done)
    heads = [outcome.head for outcome in outcomes]
    if plan.projection is None:
        keep_learned(cache, recipe, projection, heads, tagged, plan.folds)
    progress.part(marked("Packing the model"), 0.95, 1.0).done(0.0)
    candidates = {image: one for outcome in outcomes for image, one in outcome.found.items()}
    if teaching is None:
        found = [candidates[image].times(np.ones(1, dtype=np.float32)) for image in range(len(tagged))]
    else:
        found = teaching.tell_apart(candidates, plan.folds)
    # The first view of an image is the plain one: what inference will see.
    truths = [
        Truth(view_boxes(one.boxes, one.width, one.height, mine[0], size_px)[0], one.tags)
        for one, mine in zip(tagged, views, strict=True)
    ]
    checked = CrossValidation([one.image.digest for one in tagged], truths, found, plan.folds)
    score, thresholds = score_detector(checked, dataset.tags, seed)
    head = join(heads)
    telling = None if teaching is None else Telling(load_graph(lite0.path), teaching.teller())
    return Trained(
        export_detector(load_graph(backbone.path), projection, head, size_px, thresholds, telling),
        size_px,
        backbone.name,
        backbone.sha256,
        # The file's scores are shifted so that each tag's best threshold lies here.
        thresholds=dict.fromkeys(dataset.tags, 0.5),
        score=score,
        images=len(tagged),
        boxes=sum(len(one.boxes) for one in tagged),
        left_out=left_out,
        held_back={
            one.image.digest: detections_of(
                at_one_half(mine, thresholds), dataset.tags, Letterbox(one.width, one.height, size_px)
            )
            for one, mine in zip(tagged, found, strict=True)
        },
        fold_check=FoldCheck(
            checked, tagged, views, size_px, projection, heads, None if teaching is None else teaching.of_folds
        ),
    )


def read_all(dataset: Dataset, sizes: Iterable[tuple[int, int] | ImageError]) -> tuple[list[Tagged], dict[str, str]]:
    """The usable images, and by name why the others are left out; sizes: of each image, as `size_of`."""
    tagged: list[Tagged] = []
    left_out: dict[str, str] = {}
    for image, size in zip(dataset.images, sizes, strict=True):
        if isinstance(size, ImageError):
            left_out[image.name] = str(size)
            continue
        boxes = np.array([found.box.to_list() for found in image.boxes], dtype=np.float32).reshape(-1, 4)
        tags = np.array([found.tag for found in image.boxes], dtype=np.intp)
        tagged.append(Tagged(image, *size, boxes, tags))
    return tagged, left_out


def size_of(image: TaggedImage) -> tuple[int, int] | ImageError:
    """Width and height in px of a picture that can be read whole; else why it cannot."""
    try:
        height, width = read_pixels(image).shape[:2]
    except ImageError as error:
        return error
    return width, height


def choose_size(tagged: Sequence[Tagged], several: bool) -> int:
    """Side of the square (px) in which small tagged boxes are still large enough to be found.

    Where there are several tags to be told apart, a typical box is large enough to show its details, too.
    """
    sides = [
        np.sqrt(np.prod((one.boxes[:, 2:] - one.boxes[:, :2]) * (one.width, one.height), axis=1))
        / max(one.width, one.height)
        for one in tagged
    ]
    small, typical = np.quantile(np.concatenate(sides), [SMALL_SHARE, 0.5])
    wanted = max(SMALL_BOX_PX / small, min(DETAIL_BOX_PX / typical, MOST_DETAIL_PX) if several else 0)
    return next((size for size in SIZES_PX if size >= wanted), SIZES_PX[-1])


def views_of(tagged: Sequence[Tagged], several: bool, seed: int) -> tuple[int, int, list[list[View]]]:
    """The square's side in px, how many views of each image, and which: what a training looks at."""
    size_px = choose_size(tagged, several)
    copies = copies_for(len(tagged), size_px)
    return size_px, copies, [choose_views(one, size_px, copies, seed) for one in tagged]


def _looked_at(
    source: CachedViews,
    pairs: Sequence[tuple[Tagged, list[View]]],
    pool: Executor,
    ahead: int,
    progress: Progress,
) -> Iterator[list[ViewFeatures]]:
    """The features of each image's views: computed, and kept, where they are new; those of a few images at a time."""
    looked = side_by_side(pool, lambda pair: list(map(unpack, source.arrays(*pair))), pairs, ahead=ahead)
    for index, of_image in enumerate(looked):
        yield of_image
        progress.done((index + 1) / len(pairs))


def _learn_projection(looked: Iterable[list[ViewFeatures]], views: int, seed: int, pool: Executor) -> Projection:
    rng = np.random.default_rng(seed)
    sample = MapSample(views)
    for of_image in looked:
        for view in of_image:
            sample.add(view, rng)
    return fit_projection(sample, rng, pool)


def _examples_of(
    one: Tagged, views: Sequence[View], count: int, source: CachedViews, projection: Projection, grid: Grid
) -> list[Example]:
    """Of the first views of an image, so many."""
    made = []
    for view, arrays in zip(views[:count], source.arrays(one, views[:count]), strict=True):
        boxes, visible = view_boxes(one.boxes, one.width, one.height, view, grid.size_px)
        # The head learns where something tagged is; which tag it has is another's question.
        something = np.zeros(int(visible.sum()), dtype=np.intp)
        made.append(make_example(unpack(arrays), projection, grid, boxes[visible], something, boxes[~visible]))
    return made
