"""Pictures as bytes and as pixels: decoding with limits, JPEG encoding, digests, letterboxing."""

import hashlib
import os

# OpenCV reads its pixel limit when it is loaded: a bomb of a file is refused before memory is taken for it.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(80_000_000))

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_common.errors import ImageError
from edge_common.geometry import Letterbox

Pixels = NDArray[np.uint8]
"""A picture: uint8 [height, width, 3], BGR."""

SHORTEST_SIDE_PX = 32
LETTERBOX_GREY = 114


def decode_image(data: bytes, name: str = "image") -> Pixels:
    """Pixels of a JPEG or PNG, turned upright by its EXIF orientation; raises ImageError that names it."""
    if not data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        raise ImageError(f"{name}: a JPEG or PNG image expected, got {len(data)} bytes of something else")
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise ImageError(f"{name}: cannot be decoded ({error.err or 'too large'})") from error
    if pixels is None:
        raise ImageError(f"{name}: cannot be decoded; the file is damaged or cut short")
    height, width = pixels.shape[:2]
    if min(height, width) < SHORTEST_SIDE_PX:
        raise ImageError(f"{name}: {width} x {height} px is too small; at least {SHORTEST_SIDE_PX} px a side expected")
    return np.asarray(pixels, dtype=np.uint8)


def small_grey(data: bytes, side_px: int, name: str = "image") -> NDArray[np.uint8]:
    """A JPEG or PNG in grey, stretched to uint8 [side_px, side_px]; raises ImageError that names it.

    A JPEG is decoded at an eighth of its size, which is far quicker than decoding the whole.
    """
    try:
        grey = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8)
    except cv2.error as error:
        raise ImageError(f"{name}: cannot be decoded ({error.err or 'too large'})") from error
    if grey is None:
        raise ImageError(f"{name}: cannot be decoded; the file is damaged or cut short")
    return np.asarray(cv2.resize(grey, (side_px, side_px), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def small_grey_of(pixels: Pixels, side_px: int) -> NDArray[np.uint8]:
    """A picture in grey, stretched to uint8 [side_px, side_px]."""
    small = cv2.resize(pixels, (side_px, side_px), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def encode_jpeg(pixels: Pixels, quality: int) -> bytes:
    """JPEG bytes of a picture; quality 1 to 100."""
    taken, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not taken:
        raise ImageError(f"a picture of shape {pixels.shape} cannot be encoded as JPEG")
    return bytes(data)


def shrink(pixels: Pixels, longest_side_px: int) -> Pixels:
    """The picture scaled down so that no side exceeds the limit; itself if it fits."""
    height, width = pixels.shape[:2]
    scale = longest_side_px / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def letterbox(pixels: Pixels, size: int) -> Pixels:
    """The picture, unstretched and centred on grey, as uint8 [size, size, 3]; `Letterbox` maps the boxes."""
    height, width = pixels.shape[:2]
    place = Letterbox(width, height, size)
    inner = (place.inner_width, place.inner_height)
    shrinking = place.scale < 1
    resized = cv2.resize(pixels, inner, interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)
    square = np.full((size, size, 3), LETTERBOX_GREY, dtype=np.uint8)
    square[place.top : place.top + inner[1], place.left : place.left + inner[0]] = resized
    return square


def digest_of(data: bytes) -> str:
    """sha256 as lower-case hex: the identity of a file by its content."""
    return hashlib.sha256(data).hexdigest()
