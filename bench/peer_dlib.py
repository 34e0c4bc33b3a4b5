"""The peer of `--compare`: dlib's simple_object_detector, HOG with a linear SVM (Dalal & Triggs 2005), one a tag.

Set up as its manual asks of a user, and with the benefit of the doubt where it leaves a choice: C is 5, the value of
dlib's own example, which on the test images of three sets was the best of 1, 5 and 25, or 0.001 short of it. It learns
from mirrored images as well, as our learner does (without: raccoon 0.08 for 0.20). A detector knows one shape of
window only, so boxes of another shape are marked "ignore" (neither example nor background), as few as dlib takes.
Images are shrunk to 640 px, which bounds time and memory; dlib doubles them where boxes are too small for its window.
Installed by `make bench-setup`.
"""

import importlib.util
import math
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from bench.protocol import MeasuredSet, Sample
from edge_common.detections import Detection
from edge_common.geometry import Box
from edge_common.images import Pixels, decode_image, encode_jpeg, shrink

NAME = "dlib HOG+SVM"
C = 5.0
LONGEST_SIDE_PX = 640
MOST_DOUBLINGS = 1
"""How often dlib may enlarge images by two."""
WINDOW_AREAS_PX = (40 * 40, 80 * 80)
"""Smallest and largest window; the latter is dlib's default."""
LEAST_OF_WINDOW = 0.6
"""A box smaller than this share of the window is ignored; below 0.5 dlib could not match it."""
SHAPE_LIMITS = (2.2, 2.0, 1.8, 1.6, 1.5, 1.4, 1.3, 1.2)
"""How many times wider or narrower than the usual box, for its height, a box may be: tried until dlib takes all.

A box of the window's area, but 2.25 times as wide for its height, has the IoU of 0.5 with it that dlib asks for; its
steps of 8 px take away from that.
"""
WEAKEST_MARGIN = -2.0
"""How far below dlib's own threshold detections still count: in AP weak ones can only add recall."""
MOST_DETECTIONS = 100
"""Of each tag, best first: as many as COCO's protocol looks at."""


@dataclass(frozen=True)
class SizedBox:
    """A tagged box in pixels of the shrunk image."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class TagDetector:
    """One tag's detector, or why there is none."""

    tag: str
    boxes: int
    ignored: int
    doublings: int = 0
    detector: Any = None
    reason: str | None = None


@dataclass(frozen=True)
class PeerRun:
    """What the peer found on the test images, and what it cost."""

    found: list[list[Detection]]
    """For each test image."""
    figures: dict[str, Any]
    """JSON values: train_s, latency_ms (a median), boxes, boxes_ignored, not_trained (tag to reason)."""


def missing() -> str | None:
    """What is to be done where dlib is not installed; loads nothing."""
    return None if importlib.util.find_spec("dlib") else "dlib is not installed: `make bench-setup` installs it"


def measure(measured: MeasuredSet, train: Sequence[Sample], test: Sequence[Sample], threads: int) -> PeerRun:
    """Trains a detector for each tag on the training images and runs them all on each test image.

    train_s runs from image files to detectors, attempts that dlib refused included; latency_ms from decoded pixels to
    detections, as ours does. A tag that dlib cannot be trained on has no detections and is told in not_trained.
    """
    started_s = time.perf_counter()
    pictures = [shrink(decode_image(one.path.read_bytes(), one.path.name), LONGEST_SIDE_PX) for one in train]
    detectors = [
        train_tag(
            tag,
            pictures,
            [boxes_of(one, index, picture) for one, picture in zip(train, pictures, strict=True)],
            threads,
        )
        for index, tag in enumerate(measured.tags)
    ]
    train_s = time.perf_counter() - started_s
    found = []
    milliseconds = []
    for sample in test:
        pixels = decode_image(sample.path.read_bytes(), sample.path.name)
        started_s = time.perf_counter()
        found.append(find(detectors, pixels))
        milliseconds.append((time.perf_counter() - started_s) * 1e3)
    figures = {
        "train_s": round(train_s, 2),
        "latency_ms": round(statistics.median(milliseconds), 2),
        "boxes": sum(one.boxes for one in detectors),
        "boxes_ignored": sum(one.ignored for one in detectors),
        "not_trained": {one.tag: one.reason for one in detectors if one.detector is None},
    }
    return PeerRun(found, figures)


def boxes_of(sample: Sample, tag: int, picture: Pixels) -> list[SizedBox]:
    """The boxes of one tag (an index) in pixels of this picture of the sample; none that is thinner than a pixel."""
    height, width = picture.shape[:2]
    boxes = [
        SizedBox(x0 * width, y0 * height, (x1 - x0) * width, (y1 - y0) * height)
        for label, (x0, y0, x1, y1) in sample.boxes
        if label == tag
    ]
    return [box for box in boxes if min(box.width, box.height) >= 1]


def window_of(boxes: Sequence[SizedBox]) -> tuple[int, int]:
    """Square pixels of the window, and how often dlib may double images for it: all but the smallest fifth fill it."""
    small = float(np.quantile([box.width * box.height for box in boxes], 0.2))
    # Where boxes are large, enlarging would only let dlib take odd shapes with a window that is small for them.
    doublings = 0 if small >= WINDOW_AREAS_PX[1] else MOST_DOUBLINGS
    return round(min(max(small * 4**doublings, WINDOW_AREAS_PX[0]), WINDOW_AREAS_PX[1])), doublings


def usual_shape(boxes: Sequence[SizedBox]) -> float:
    """Median of width for height."""
    return statistics.median(box.width / box.height for box in boxes)


def fits(box: SizedBox, shape: float, limit: float, least_area: float) -> bool:
    """Whether a box is near enough to the usual shape, and large enough (in square pixels)."""
    return box.width * box.height >= least_area and abs(math.log(box.width / box.height / shape)) <= math.log(limit)


def train_tag(tag: str, pictures: Sequence[Pixels], boxes: Sequence[Sequence[SizedBox]], threads: int) -> TagDetector:
    """One tag's detector from pictures uint8 [height, width, 3] and the boxes in each.

    dlib refuses a set with a box that its window cannot take ("an impossible set of object boxes"); then more boxes
    are ignored, those of the least usual shape first, until it takes the rest. Never raises for what dlib refuses.
    """
    import dlib

    every = [box for of_picture in boxes for box in of_picture]
    if not every:
        return TagDetector(tag, 0, 0, reason="no boxes")
    (area, doublings), shape = window_of(every), usual_shape(every)
    least_area = LEAST_OF_WINDOW * area / 4**doublings
    options = dlib.simple_object_detector_training_options()
    options.C = C
    options.add_left_right_image_flips = True
    options.detection_window_size = area
    options.upsample_limit = doublings
    options.num_threads = threads
    reason = ""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for index, picture in enumerate(pictures):
            (folder / f"{index}.jpg").write_bytes(encode_jpeg(picture, 95))
        for limit in SHAPE_LIMITS:
            kept = [[fits(box, shape, limit, least_area) for box in of_picture] for of_picture in boxes]
            (folder / "boxes.xml").write_bytes(dlib_xml(boxes, kept))
            try:
                dlib.train_simple_object_detector(str(folder / "boxes.xml"), str(folder / "tag.svm"), options)
            except RuntimeError as error:
                reason = " ".join(str(error).split()).partition(" The following images")[0]
                continue
            detector = dlib.simple_object_detector(str(folder / "tag.svm"))
            ignored = len(every) - sum(map(sum, kept))
            return TagDetector(tag, len(every), ignored, detector.upsampling_amount, detector)
    return TagDetector(tag, len(every), len(every), reason=reason)


def dlib_xml(boxes: Sequence[Sequence[SizedBox]], kept: Sequence[Sequence[bool]]) -> bytes:
    """dlib's (imglab's) file of boxes for images 0.jpg, 1.jpg, ... beside it; boxes that are not kept are ignored."""
    dataset = ElementTree.Element("dataset")
    images = ElementTree.SubElement(dataset, "images")
    for index, (of_picture, are_kept) in enumerate(zip(boxes, kept, strict=True)):
        image = ElementTree.SubElement(images, "image", file=f"{index}.jpg")
        for box, is_kept in zip(of_picture, are_kept, strict=True):
            sides = {"left": box.left, "top": box.top, "width": box.width, "height": box.height}
            element = ElementTree.SubElement(image, "box", {name: str(round(value)) for name, value in sides.items()})
            if not is_kept:
                element.set("ignore", "1")
    return bytes(ElementTree.tostring(dataset))


def find(detectors: Sequence[TagDetector], pixels: Pixels) -> list[Detection]:
    """What the detectors find in a picture, down to weak detections; confidence is the margin's logistic."""
    import dlib

    # dlib wants RGB, row by row.
    picture = np.ascontiguousarray(shrink(pixels, LONGEST_SIDE_PX)[:, :, ::-1])
    found: list[Detection] = []
    for one in detectors:
        if one.detector is not None:
            # One by one: given several, run_multiple looks through the first one's window, which others do not share
            # (forks and scissors: AP50 0.07 for 0.29).
            rectangles, margins, _ = dlib.simple_object_detector.run_multiple(
                [one.detector], picture, one.doublings, WEAKEST_MARGIN
            )
            of_tag = detections(rectangles, margins, one.tag, picture)
            found += sorted(of_tag, key=lambda each: -each.confidence)[:MOST_DETECTIONS]
    return found


def detections(rectangles: Sequence[Any], margins: Sequence[float], tag: str, picture: Pixels) -> list[Detection]:
    """dlib's rectangles, whose right and bottom pixels are inside them, as detections clipped to the picture."""
    height, width = picture.shape[:2]
    found = []
    for rectangle, margin in zip(rectangles, margins, strict=True):
        sides = np.divide(
            (rectangle.left(), rectangle.top(), rectangle.right() + 1, rectangle.bottom() + 1),
            (width, height, width, height),
        )
        x0, y0, x1, y1 = np.clip(sides, 0, 1).tolist()
        if x0 < x1 and y0 < y1:
            found.append(Detection(tag, 1 / (1 + math.exp(-margin)), Box(x0, y0, x1, y1)))
    return found
