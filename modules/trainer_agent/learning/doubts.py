"""Tags worth a second look: where what is tagged surprises the model that has not learned from the image. Pure."""

from collections.abc import Sequence

import numpy as np

from edge_common.detections import Detection
from edge_common.geometry import Box, iou_matrix
from edge_common.scores import Doubt, DoubtKind
from modules.trainer_agent.learning.comparison import truth_of
from modules.trainer_agent.learning.dataset import Dataset, TaggedImage
from modules.trainer_agent.learning.evaluate import MATCHING_OVERLAP
from modules.trainer_agent.learning.held_back import HeldBack

MOST_DOUBTS = 10
SURE = 0.8
"""What the model sees with at least this confidence where nothing is tagged may have been forgotten."""
HARDLY = 0.1
"""What the model gives less than this to, it does not see."""
_APART = 0.3
"""Less overlap than this is another thing."""
_LEAST = 1e-3


def find_doubts(dataset: Dataset, held_back: HeldBack) -> tuple[Doubt, ...]:
    """The most surprising tags, at most MOST_DOUBTS, by the loss of what is tagged.

    `held_back`: confidences are such that each label's recommended threshold is 0.5.
    """
    of_pictures = _several_doubts if dataset.several else _tag_doubts
    look = _box_doubts if dataset.kind == "detection" else of_pictures
    found = [
        doubt
        for image in dataset.images
        if image.digest in held_back
        for doubt in look(image, held_back[image.digest], dataset.tags)
    ]
    return tuple(sorted(found, key=lambda doubt: -doubt.loss)[:MOST_DOUBTS])


def _tag_doubts(image: TaggedImage, seen: Sequence[Detection], tags: Sequence[str]) -> list[Doubt]:
    """The picture's tag, when the model would name another."""
    given = {one.label: one.confidence for one in seen}
    if not image.tags or not seen or seen[0].label in {tags[tag] for tag in image.tags} or seen[0].confidence < 0.5:
        return []
    tag = max((tags[tag] for tag in image.tags), key=lambda name: given.get(name, 0.0))
    return [_doubt(image, "other tag", tag, seen[0].label, None, given.get(tag, 0.0))]


def _several_doubts(image: TaggedImage, seen: Sequence[Detection], tags: Sequence[str]) -> list[Doubt]:
    """Each tag of the picture that the model does not see, and each that it is sure of and nobody has given."""
    given, named = {one.label: one.confidence for one in seen}, {tags[tag] for tag in image.tags}
    missing = [(tag, given.get(tag, 0.0)) for tag in named]
    doubts = [_doubt(image, "not seen", tag, None, None, least) for tag, least in missing if least < HARDLY]
    sure = [one for one in seen if one.confidence >= SURE and one.label in tags and one.label not in named]
    return doubts + [_doubt(image, "not tagged", None, one.label, None, 1 - one.confidence) for one in sure]


def _box_doubts(image: TaggedImage, seen: Sequence[Detection], tags: Sequence[str]) -> list[Doubt]:
    truth = truth_of(image)
    boxes = np.array([one.box.to_list() for one in seen if one.box], dtype=np.float32).reshape(-1, 4)
    overlap = iou_matrix(truth.boxes, boxes)
    doubts = []
    for row, tag in enumerate(truth.tags):
        there = [one for one, shared in zip(seen, overlap[row], strict=True) if shared >= MATCHING_OVERLAP]
        right = max((one.confidence for one in there if one.label == tags[tag]), default=0.0)
        best = max(there, key=lambda one: one.confidence, default=None)
        box = image.boxes[row].box
        if best is not None and best.label != tags[tag] and best.confidence >= max(0.5, right):
            doubts.append(_doubt(image, "other tag", tags[tag], best.label, box, right))
        elif right < HARDLY:
            doubts.append(_doubt(image, "not seen", tags[tag], None, box, right))
    for column, one in enumerate(seen):
        if one.box and one.confidence >= SURE and not (overlap[:, column] >= _APART).any():
            doubts.append(_doubt(image, "not tagged", None, one.label, one.box, 1 - one.confidence))
    return doubts


def _doubt(
    image: TaggedImage, kind: DoubtKind, tag: str | None, seen: str | None, box: Box | None, given: float
) -> Doubt:
    """`given`: the probability that the model gave to what is tagged."""
    place = None if box is None else (box.x0, box.y0, box.x1, box.y1)
    return Doubt(digest=image.digest, kind=kind, tag=tag, seen=seen, box=place, loss=_loss(given))


def _loss(probability: float) -> float:
    return float(-np.log(max(probability, _LEAST)))
