"""Pre-tagging: what the model in use, or else its draft, sees in an image that staff are about to tag."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from edge_common.detections import Detection
from edge_common.geometry import iou_matrix
from edge_common.images import decode_image
from edge_common.packages import PackageStore
from modules.trainer_agent.annotations import LibraryImage, Tag, TaggedBox
from modules.trainer_agent.learning.packaged_model import PackagedModel
from modules.trainer_agent.library import Library

LEAST_CONFIDENCE = 0.5
"""Where recommended thresholds are."""
SAME = 0.4
"""A proposal that overlaps a drawn box this much is answered already."""


@dataclass(frozen=True)
class Proposals:
    """What may be tagged in an image, best first."""

    source: Literal["live", "draft", "none"]
    detections: tuple[Detection, ...]


class Proposer:
    """Asks models about images; holds the model asked last. Called from any thread."""

    def __init__(self, library: Library, live: PackageStore, drafts: PackageStore, *, threads: int) -> None:
        self._library = library
        self._stores: dict[Literal["live", "draft"], PackageStore] = {"live": live, "draft": drafts}
        self._threads = threads
        self._loading = threading.Lock()
        self._held: tuple[Path, PackagedModel] | None = None

    def propose(self, image: LibraryImage) -> Proposals:
        """Raises NotFound, ImageError, PackageError, InferenceError."""
        for source, store in self._stores.items():
            version = store.current(image.model_id)
            if version is not None:
                seen = self._seen(store, image, version)
                return Proposals(source, open_proposals(seen, self._library.boxes(image.id)))
        return Proposals("none", ())

    def look(self, image: LibraryImage, version: str) -> tuple[Detection, ...]:
        """What a kept version, in use or not, sees; raises NotFound, ImageError, PackageError, InferenceError."""
        return self._seen(self._stores["live"], image, version)

    def _seen(self, store: PackageStore, image: LibraryImage, version: str) -> tuple[Detection, ...]:
        model = self._model(store, image.model_id, version)
        data = self._library.pictures.image_file(image.digest).read_bytes()
        return model.look(decode_image(data, image.name), LEAST_CONFIDENCE)

    def _model(self, store: PackageStore, model_id: str, version: str) -> PackagedModel:
        file = store.model_file(model_id, version)
        with self._loading:
            if self._held is None or self._held[0] != file:
                self._held = file, PackagedModel(store.verify(model_id, version), file, self._threads)
            return self._held[1]


def open_proposals(seen: tuple[Detection, ...], drawn: tuple[TaggedBox, ...]) -> tuple[Detection, ...]:
    """Those that no drawn box answers."""
    if not drawn:
        return seen
    boxes = np.array([one.box.to_list() for one in drawn], dtype=np.float32)
    return tuple(one for one in seen if one.box is None or _overlap(one, boxes) < SAME)


def _overlap(one: Detection, boxes: np.ndarray) -> float:
    assert one.box is not None
    return float(iou_matrix(np.array([one.box.to_list()], dtype=np.float32), boxes).max())


def tag_named(tags: tuple[Tag, ...], label: str) -> Tag | None:
    """The tag that a model's label was, None when it has gone since."""
    return next((tag for tag in tags if tag.name == label), None)
