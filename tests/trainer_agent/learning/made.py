"""Small things to learn from, made up or drawn: features, heads, and pictures with shapes on a textured ground."""

import hashlib
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np

from edge_common.geometry import Box
from edge_common.images import Pixels, encode_jpeg
from edge_common.ssd import ANCHORS, FEATURE_MAPS, LOGITS, STRIDES
from modules.trainer_agent.learning.dataset import Dataset, TaggedBox, TaggedImage
from modules.trainer_agent.learning.examples import Example, Grid, make_example
from modules.trainer_agent.learning.features import ViewFeatures
from modules.trainer_agent.learning.projection import COMPONENTS, Projection

SHAPES = ("disc", "square")


def random_features(rng: np.random.Generator, size_px: int = 128) -> ViewFeatures:
    """Features of a view that no backbone has seen."""
    maps = {}
    for name, channels in FEATURE_MAPS.items():
        side = size_px // int(name.removeprefix("map"))
        maps[name] = rng.integers(0, 256, (channels, side, side), dtype=np.uint8)
    count = sum((size_px // stride) ** 2 * each for stride, each in zip(STRIDES, ANCHORS, strict=True))
    encodings = rng.standard_normal((count, 4)).astype(np.float16)
    return ViewFeatures(maps, encodings, rng.standard_normal((count, LOGITS)).astype(np.float16))


def random_projection(rng: np.random.Generator) -> Projection:
    weights = {
        name: (rng.standard_normal((channels, COMPONENTS[name])) / channels).astype(np.float32)
        for name, channels in FEATURE_MAPS.items()
    }
    biases = {name: rng.standard_normal(count).astype(np.float32) for name, count in COMPONENTS.items()}
    return Projection(weights, biases)


def random_example(rng: np.random.Generator, grid: Grid, tags: int, boxes: int = 2) -> Example:
    """A view with random boxes of random tags in it, and one box to leave out."""
    corners = random_boxes(rng, boxes + 1)
    return make_example(
        random_features(rng, grid.size_px),
        random_projection(rng),
        grid,
        corners[:boxes],
        rng.integers(0, tags, boxes),
        corners[boxes:],
    )


def random_boxes(rng: np.random.Generator, count: int) -> np.ndarray:
    """Corner boxes [count, 4] of a fifth to a half of the picture, inside it."""
    spans = rng.uniform(0.2, 0.5, (count, 2))
    low = rng.uniform(0, 1, (count, 2)) * (1 - spans)
    return np.concatenate([low, low + spans], axis=1).astype(np.float32)


def draw_shapes(seed: int, width: int = 320, height: int = 240) -> tuple[Pixels, list[TaggedBox]]:
    """A picture with one or two shapes (0: a red disc, 1: a blue square) on a ground of coarse noise."""
    rng = np.random.default_rng(seed)
    ground = rng.integers(90, 170, (height // 16, width // 16, 3), dtype=np.uint8)
    picture = cv2.resize(ground, (width, height), interpolation=cv2.INTER_CUBIC)
    boxes = []
    for column in range(1 + seed % 2):
        tag = (seed // 2 + column) % 2
        side = int(rng.integers(64, 100))
        x = int(column * width // 2 + rng.integers(5, width // 2 - side - 5))
        y = int(rng.integers(5, height - side - 5))
        if tag == 0:
            cv2.circle(picture, (x + side // 2, y + side // 2), side // 2, (40, 40, 220), -1, cv2.LINE_AA)
        else:
            cv2.rectangle(picture, (x, y), (x + side - 1, y + side - 1), (220, 60, 30), -1)
        boxes.append(TaggedBox(tag, Box(x / width, y / height, (x + side) / width, (y + side) / height)))
    return np.asarray(picture, dtype=np.uint8), boxes


def draw_green_disc(seed: int, width: int = 320, height: int = 240) -> Pixels:
    """A picture of the same kind with a shape that is none of those, though much like one."""
    rng = np.random.default_rng(seed)
    ground = rng.integers(90, 170, (height // 16, width // 16, 3), dtype=np.uint8)
    picture = cv2.resize(ground, (width, height), interpolation=cv2.INTER_CUBIC)
    centre = int(rng.integers(60, width - 60)), int(rng.integers(60, height - 60))
    cv2.circle(picture, centre, 40, (60, 200, 60), -1, cv2.LINE_AA)
    return np.asarray(picture, dtype=np.uint8)


def png_bomb(width: int, height: int) -> bytes:
    """A few bytes that promise a picture of that many pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(bytes(1000))
    chunks = (struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (header, data, b"IEND"))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def store_image(folder: Path, name: str, data: bytes, boxes: tuple[TaggedBox, ...] = (), tags=()) -> TaggedImage:
    """A file with what is tagged in it."""
    path = folder / name
    path.write_bytes(data)
    return TaggedImage(path, hashlib.sha256(data).hexdigest(), name, tuple(boxes), tuple(tags))


def detection_set(folder: Path, images: int) -> Dataset:
    """Drawn pictures with their shapes tagged."""
    stored = []
    for seed in range(images):
        picture, boxes = draw_shapes(seed)
        stored.append(store_image(folder, f"shapes-{seed}.jpg", encode_jpeg(picture, 95), tuple(boxes)))
    return Dataset("detection", SHAPES, tuple(stored))


def classification_set(folder: Path, images: int) -> Dataset:
    """Pictures that show discs or squares only, tagged as a whole."""
    stored = []
    for seed in range(images):
        picture, boxes = draw_shapes(seed * 2)
        stored.append(store_image(folder, f"shape-{seed}.jpg", encode_jpeg(picture, 95), tags=(boxes[0].tag,)))
    return Dataset("classification", SHAPES, tuple(stored))
