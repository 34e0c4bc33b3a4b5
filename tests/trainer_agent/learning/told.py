"""Images by letters, what is tagged in them, and what models found: for tests of what is made of these."""

from pathlib import Path

from edge_common.detections import Detection
from edge_common.geometry import Box
from modules.trainer_agent.learning.dataset import Dataset, TaggedBox, TaggedImage

LEFT, RIGHT = Box(0.1, 0.1, 0.4, 0.5), Box(0.6, 0.1, 0.9, 0.5)
GAP, FULL = 0, 1
TAGS = ("gap", "full")


def tagged(digest: str, *boxes: tuple[int, Box]) -> TaggedImage:
    """An image with boxes."""
    return TaggedImage(Path(digest), digest, f"{digest}.jpg", tuple(TaggedBox(tag, box) for tag, box in boxes))


def named(digest: str, *tags: int) -> TaggedImage:
    """An image that is tagged as a whole."""
    return TaggedImage(Path(digest), digest, f"{digest}.jpg", tags=tags)


def detection_of(*images: TaggedImage, tags: tuple[str, ...] = TAGS) -> Dataset:
    return Dataset("detection", tags, images)


def classification_of(*images: TaggedImage, tags: tuple[str, ...] = TAGS) -> Dataset:
    return Dataset("classification", tags, images)


def saw(label: str, confidence: float, box: Box | None = LEFT) -> Detection:
    return Detection(label, confidence, box)
