"""What a version and the one before it see in the same tagged images, neither having learned from them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from edge_common.detections import Detection
from edge_common.errors import NotFound
from edge_common.geometry import Box
from edge_common.packages import HELD_BACK_FILE, PackageStore
from modules.trainer_agent.annotations import LibraryImage, Model
from modules.trainer_agent.learning.evaluate import match
from modules.trainer_agent.learning.held_back import HeldBack, decode_held_back
from modules.trainer_agent.library import Library
from modules.trainer_agent.proposals import LEAST_CONFIDENCE

MOST_IMAGES = 12
_NEWEST_IMAGES = 300
"""So many are looked through for those in which the versions differ."""
_VERSIONS_HELD = 4
_LOOKS_HELD = 64

Tagged = Sequence[tuple[str, Box | None]]
"""What staff tagged in an image: names, each with its box if the model has boxes."""
Look = Callable[[LibraryImage, str], tuple[Detection, ...]]


@dataclass(frozen=True)
class Seen:
    """What a version sees in an image, and how that fits what is tagged in it."""

    detections: tuple[Detection, ...]
    tagged: int
    found: int
    """Of what is tagged."""
    false: int
    """What it sees where nothing of the kind is tagged."""

    @property
    def wrong(self) -> int:
        return self.tagged - self.found + self.false


class BeforeAfter:
    """Every method may be called from any thread."""

    def __init__(self, library: Library, packages: PackageStore, look: Look) -> None:
        """`look`: what a kept version sees in an image, asked where the version does not know the image."""
        self._library = library
        self._packages = packages
        self._held_back = lru_cache(_VERSIONS_HELD)(self._read_held_back)
        self._look = lru_cache(_LOOKS_HELD)(look)

    def before(self, model_id: str, version: str) -> str | None:
        """The version that was live when this one was trained, None when both cannot be compared (any more).

        Raises NotFound, PackageError.
        """
        names = {tag.name for tag in self._library.model(model_id).tags}
        manifest = self._packages.read_manifest(model_id, version)
        earlier = manifest.parent_version
        if earlier is None or earlier not in self._packages.versions(model_id):
            return None
        both = (manifest, self._packages.read_manifest(model_id, earlier))
        return earlier if all(HELD_BACK_FILE in one.files and names.issuperset(one.labels) for one in both) else None

    def images(self, model_id: str, version: str) -> tuple[LibraryImage, ...]:
        """The images that tell most: those in which the versions differ, then those that only the new one knows.

        Raises NotFound, PackageError, CodecError.
        """
        before = self._held_back(model_id, self._before(model_id, version))
        after = self._held_back(model_id, version)
        chosen = self._library.training_set(model_id)
        names = [tag.name for tag in chosen.model.tags]

        def told(digest: str, tagged: Tagged) -> float:
            if digest not in before:
                return 0.5
            first, second = (judge(version[digest], tagged, names) for version in (before, after))
            return abs(first.wrong - second.wrong)

        known = [image for image in chosen.images[-_NEWEST_IMAGES:] if image.digest in after]
        worth = {
            image.digest: told(
                image.digest,
                [(names[tag], box) for tag, box in image.boxes] + [(names[tag], None) for tag in image.tags],
            )
            for image in known
        }
        digests = sorted(worth, key=lambda digest: -worth[digest])[:MOST_IMAGES]
        there = self._library.images_of(model_id, digests)
        return tuple(there[digest] for digest in digests if digest in there)

    def of(self, image: LibraryImage, version: str) -> tuple[Seen, Seen]:
        """What the version before sees in an image, and what this one does.

        Raises NotFound, PackageError, CodecError, ImageError, InferenceError.
        """
        model = self._library.model(image.model_id)
        tagged = self._tagged(image, model)
        names = [tag.name for tag in model.tags]
        first, second = (
            judge(self._seen(image, one), tagged, names) for one in (self._before(image.model_id, version), version)
        )
        return first, second

    def _before(self, model_id: str, version: str) -> str:
        before = self.before(model_id, version)
        if before is None:
            raise NotFound(f"Version {version} has none before it to be compared with.")
        return before

    def _seen(self, image: LibraryImage, version: str) -> tuple[Detection, ...]:
        held_back = self._held_back(image.model_id, version)
        return held_back[image.digest] if image.digest in held_back else self._look(image, version)

    def _tagged(self, image: LibraryImage, model: Model) -> Tagged:
        names = {tag.id: tag.name for tag in model.tags}
        boxes = [(names[one.tag_id], one.box) for one in self._library.boxes(image.id)]
        return [*boxes, *((names[tag_id], None) for tag_id in image.tag_ids)]

    def _read_held_back(self, model_id: str, version: str) -> HeldBack:
        found = decode_held_back(self._packages.read_held_back(model_id, version))
        return {
            digest: tuple(one for one in seen if one.confidence >= LEAST_CONFIDENCE) for digest, seen in found.items()
        }


def judge(seen: Sequence[Detection], tagged: Tagged, names: Collection[str]) -> Seen:
    """How what was seen, best first, fits what is tagged; labels that are none of the names are left out. Pure."""
    named = tuple(one for one in seen if one.label in names)
    found = sum(_hits(named, tagged, name) for name in names)
    return Seen(named, tagged=len(tagged), found=found, false=len(named) - found)


def _hits(seen: Sequence[Detection], tagged: Tagged, name: str) -> int:
    mine = [one for one in seen if one.label == name]
    wanted = [box for label, box in tagged if label == name]
    if any(box is None for box in wanted):
        return min(len(mine), len(wanted))
    return int(match(_corners([one.box for one in mine]), _corners(wanted)).sum())


def _corners(boxes: Collection[Box | None]) -> np.ndarray:
    return np.array([box.to_list() for box in boxes if box is not None], dtype=np.float32).reshape(-1, 4)
