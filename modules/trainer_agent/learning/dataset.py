"""What is learned from: tagged images as plain values, and reading their pixels one at a time."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_common.detections import ModelKind
from edge_common.errors import ImageError, LearningError
from edge_common.geometry import Box
from edge_common.images import Pixels, decode_image, digest_of


@dataclass(frozen=True)
class TaggedBox:
    """A box in the picture (normalised) and the index of its tag."""

    tag: int
    box: Box


@dataclass(frozen=True)
class TaggedImage:
    """An image file with what staff tagged in it: boxes for detection, tags for classification."""

    path: Path
    digest: str
    """sha256 of the file."""
    name: str
    """As staff know it, for messages."""
    boxes: tuple[TaggedBox, ...] = ()
    tags: tuple[int, ...] = ()


@dataclass(frozen=True)
class Dataset:
    """All tagged images of a model."""

    kind: ModelKind
    tags: tuple[str, ...]
    images: tuple[TaggedImage, ...]
    several: bool = False
    """Classification: a picture may have more than one tag."""

    def digest(self) -> str:
        """As `digest_of_dataset` has it."""
        by_digest = sorted(self.images, key=lambda image: image.digest)
        return digest_of_dataset(self.kind, self.tags, by_digest, several=self.several)


def digest_of_dataset(kind: ModelKind, tags: Sequence[str], images: Iterable[TaggedImage], *, several: bool) -> str:
    """sha256 over tags, images and boxes: equal when, and only when, there is the same to learn from.

    images: in the order of their digests.
    """
    named = f"{kind} by several tags" if several else kind
    digest = hashlib.sha256(f"[{json.dumps(named)}, {json.dumps(list(tags))}, [".encode())
    for number, image in enumerate(images):
        content = [image.digest, [[found.tag, *found.box.to_list()] for found in image.boxes], list(image.tags)]
        digest.update((", " if number else "").encode() + json.dumps(content).encode())
    digest.update(b"]]")
    return digest.hexdigest()


def read_pixels(image: TaggedImage) -> Pixels:
    """The picture; raises ImageError when the file is missing, altered since it was tagged, or no picture."""
    try:
        data = image.path.read_bytes()
    except OSError as error:
        raise ImageError(f"{image.name}: the file cannot be read ({error.strerror})") from error
    if digest_of(data) != image.digest:
        raise ImageError(f"{image.name}: the file has changed since it was stored")
    return decode_image(data, image.name)


def check_dataset(dataset: Dataset) -> None:
    """Raise LearningError when nothing can be learned from this: no tags, no images, no boxes, tags out of range."""
    if not dataset.tags:
        raise LearningError("the model has no tag; at least one is expected")
    if len(dataset.images) < 2:
        raise LearningError(f"{len(dataset.images)} usable images; at least two are expected")
    if dataset.kind == "detection":
        used = {found.tag for image in dataset.images for found in image.boxes}
    else:
        used = {tag for image in dataset.images for tag in image.tags}
    if not used:
        raise LearningError("nothing is tagged in any usable image")
    if min(used) < 0 or max(used) >= len(dataset.tags):
        raise LearningError(f"tag numbers {sorted(used)} do not fit {len(dataset.tags)} tags")
    if dataset.kind == "classification" and len(used) < 2:
        raise LearningError("at least two tags with images are expected to tell classes apart")
