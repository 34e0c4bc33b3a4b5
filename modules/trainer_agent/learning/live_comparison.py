"""Asks the live version about the images that a new one was checked on, and compares both."""

from concurrent.futures import ThreadPoolExecutor

from edge_common.errors import CodecError, ImageError, InferenceError, NotFound, PackageError
from edge_common.packages import PackageStore
from edge_common.scores import Comparison
from modules.trainer_agent.learning.comparison import compare
from modules.trainer_agent.learning.dataset import Dataset, TaggedImage, read_pixels
from modules.trainer_agent.learning.held_back import HeldBack, decode_held_back
from modules.trainer_agent.learning.packaged_model import PackagedModel


def compare_with_live(
    store: PackageStore, model_id: str, live_version: str, dataset: Dataset, new: HeldBack, *, threads: int, seed: int
) -> Comparison | None:
    """The comparison on the images of `new`; None when the live version's files are damaged or gone, or it fails.

    Of images that the live version has learned from, what its folds found without them counts; it is run on the
    others, as far as they are still there.
    """
    try:
        live = _asked(store, model_id, live_version, dataset, new, threads)
    except (CodecError, InferenceError, NotFound, PackageError):
        return None  # what cannot be run is no bar to a version that can
    return compare(dataset, new, live, live_version, seed)


def _asked(store: PackageStore, model_id: str, version: str, dataset: Dataset, new: HeldBack, threads: int) -> HeldBack:
    known = dict(decode_held_back(store.read_held_back(model_id, version)))
    unknown = [image for image in dataset.images if image.digest in new and image.digest not in known]
    if unknown:
        model = PackagedModel(store.verify(model_id, version), store.model_file(model_id, version), threads=1)

        def look(image: TaggedImage) -> HeldBack:
            try:
                return {image.digest: model.look(read_pixels(image))}
            except ImageError:
                return {}  # staff deleted it during the training

        with ThreadPoolExecutor(threads) as pool:
            for seen in pool.map(look, unknown):
                known.update(seen)
    return known
