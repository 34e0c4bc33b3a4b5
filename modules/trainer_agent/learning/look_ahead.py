"""Looking at images while staff still tag, so that a training finds what it needs in the feature cache."""

import contextlib
from collections.abc import Callable
from functools import cache as once

from edge_common.errors import ImageError
from edge_common.onnx_session import OnnxSession
from edge_common.zoo import ZooModel
from modules.trainer_agent.learning.backbone import DetailBackbone, DetectionBackbone
from modules.trainer_agent.learning.classifier import features_of_image
from modules.trainer_agent.learning.dataset import Dataset, TaggedImage
from modules.trainer_agent.learning.detector import read_all, size_of, views_of
from modules.trainer_agent.learning.feature_cache import FeatureCache
from modules.trainer_agent.learning.teaching import DETAIL_VIEWS
from modules.trainer_agent.learning.views import Backbone, CachedViews


class LookAhead:
    """Looks at images as a training of the same ones would. Used by one thread, with models on one thread."""

    def __init__(self, cache: FeatureCache, backbone: ZooModel, lite0: ZooModel, seed: int) -> None:
        """As `train_detector`."""
        self._cache = cache
        self._backbone = backbone
        self._lite0 = lite0
        self._seed = seed
        self._sizes: dict[str, tuple[int, int] | ImageError] = {}
        """By digest: to know one, the picture has to be decoded."""

    def look(self, dataset: Dataset, enough: Callable[[], bool]) -> None:
        """At those that are new, until `enough`, which is asked before each; raises OSError when the disk is full.

        Pictures that cannot be read are passed over: the training will name them.
        """
        if dataset.kind == "detection":
            self._look_at_views(dataset, enough)
        else:
            self._look_at_whole(dataset, enough)

    def _look_at_views(self, dataset: Dataset, enough: Callable[[], bool]) -> None:
        tagged, _ = read_all(dataset, map(self._size, dataset.images))
        if not any(len(one.boxes) for one in tagged):
            return
        several = len(dataset.tags) > 1
        size_px, copies, views = views_of(tagged, several, self._seed)
        detector, details = self._backbone.path, self._lite0.path
        looks: list[tuple[Callable[[], Backbone], str, int]] = [
            (lambda: DetectionBackbone(detector), self._backbone.sha256, copies),
            (lambda: DetailBackbone(details), self._lite0.sha256, DETAIL_VIEWS),
        ]
        for load, sha256, count in looks if several else looks[:1]:
            source = CachedViews(load, sha256, self._cache, size_px)
            source.forget()
            for one, mine in source.missing((one, mine[:count]) for one, mine in zip(tagged, views, strict=True)):
                if enough():
                    return
                with contextlib.suppress(ImageError):
                    source.arrays(one, mine)

    def _look_at_whole(self, dataset: Dataset, enough: Callable[[], bool]) -> None:
        session = once(lambda: OnnxSession(self._lite0.path, threads=1))
        for image in dataset.images:
            if enough():
                return
            with contextlib.suppress(ImageError):
                features_of_image(image, session, self._lite0.sha256, self._cache, self._seed)

    def _size(self, image: TaggedImage) -> tuple[int, int] | ImageError:
        if image.digest not in self._sizes:
            self._sizes[image.digest] = size_of(image)
        return self._sizes[image.digest]
