"""Pictures as bytes and as pixels: decoding with limits, JPEG encoding, digests, letterboxing."""

import hashlib
import os

# OpenCV reads its pixel limit when it is loaded: a bomb of a file is refused before memory is taken for it.
MOST_PIXELS = 80_000_000
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MOST_PIXELS))

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_common.errors import ImageError
from edge_common.geometry import Letterbox
from edge_common.image_files import JPEG_MARK, is_taken, picture_size, what_instead

Pixels = NDArray[np.uint8]
"""A picture: uint8 [height, width, 3], BGR."""

SHORTEST_SIDE_PX = 32
LETTERBOX_GREY = 114


def decode_image(data: bytes, name: str = "image", *, enough_px: int | None = None) -> Pixels:
    """Pixels of a JPEG or PNG, turned upright by its EXIF orientation; raises ImageError that names it.

    enough_px: a longest side that is enough. A JPEG of more than twice that is decoded at a half, quarter or eighth,
    which takes a fraction of the time and memory.
    """
    if not is_taken(data):
        instead = what_instead(data) or f"got {len(data)} bytes of something else"
        raise ImageError(f"{name}: a JPEG or PNG image expected, {instead}")
    size = picture_size(data)
    if size is not None and size[0] * size[1] > MOST_PIXELS:
        raise ImageError(
            f"{name}: cannot be decoded (too large): {size[0]} x {size[1]} px; at most {MOST_PIXELS // 1_000_000} "
            "million pixels can be taken. Save it smaller and upload that"
        )
    try:
        pixels = cv2.imdecode(
            np.frombuffer(data, np.uint8), _reading(size if data.startswith(JPEG_MARK) else None, enough_px)
        )
    except cv2.error as error:
        raise ImageError(f"{name}: cannot be decoded ({error.err or 'too large'})") from error
    if pixels is None:
        raise ImageError(f"{name}: cannot be decoded; the file is damaged or cut short")
    height, width = pixels.shape[:2]
    if min(height, width) < SHORTEST_SIDE_PX:
        raise ImageError(f"{name}: {width} x {height} px is too small; at least {SHORTEST_SIDE_PX} px a side expected")
    return np.asarray(pixels, dtype=np.uint8)


def _reading(size: tuple[int, int] | None, enough_px: int | None) -> int:
    """How OpenCV shall read a picture of this size of which a longest side of `enough_px` is enough."""
    times = max(size) / enough_px if size and enough_px else 1
    for least, reduced in (
        (8, cv2.IMREAD_REDUCED_COLOR_8),
        (4, cv2.IMREAD_REDUCED_COLOR_4),
        (2, cv2.IMREAD_REDUCED_COLOR_2),
    ):
        if times >= least:
            return reduced
    return cv2.IMREAD_COLOR


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
    return scale_to(pixels, (max(1, round(width * scale)), max(1, round(height * scale))))


def scale_to(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """The picture at this width and height: halved as often as that leaves enough, then by linear interpolation.

    Means over 2 x 2 pixels are several times as quick as those over areas of any size.
    """
    width, height = size
    while pixels.shape[1] >= 2 * width and pixels.shape[0] >= 2 * height:
        halves = (pixels.shape[1] // 2, pixels.shape[0] // 2)
        even = pixels[: 2 * halves[1], : 2 * halves[0]]
        pixels = np.asarray(cv2.resize(even, halves, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    if pixels.shape[:2] == (height, width):
        return pixels
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def letterbox(pixels: Pixels, size: int) -> Pixels:
    """The picture, unstretched and centred on grey, as uint8 [size, size, 3]; `Letterbox` maps the boxes."""
    height, width = pixels.shape[:2]
    place = Letterbox(width, height, size)
    inner = (place.inner_width, place.inner_height)
    square = np.full((size, size, 3), LETTERBOX_GREY, dtype=np.uint8)
    square[place.top : place.top + inner[1], place.left : place.left + inner[0]] = scale_to(pixels, inner)
    return square


def float_planes(pixels: Pixels) -> NDArray[np.float32]:
    """The picture's channels one after the other, as float32 [1, 3, height, width], 0-255."""
    planes = np.empty((1, 3, *pixels.shape[:2]), dtype=np.float32)
    # Plane by plane is several times as fast as reordering and converting the whole.
    for channel, plane in enumerate(cv2.split(pixels)):
        planes[0, channel] = plane
    return planes


def digest_of(data: bytes) -> str:
    """sha256 as lower-case hex: the identity of a file by its content."""
    return hashlib.sha256(data).hexdigest()
