import struct

import cv2
import numpy as np
import pytest

from edge_common.errors import ImageError
from edge_common.image_files import picture_size, what_instead
from edge_common.images import decode_image, encode_jpeg

WIDE = np.tile(np.linspace(0, 255, 4000, dtype=np.uint8)[None, :, None], (3000, 1, 3))


def header_of(width: int, height: int) -> bytes:
    """A JPEG that begins well and claims this size."""
    return b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08" + struct.pack(">HH", height, width) + bytes(20)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"\0\0\0\x18ftypheic", "HEIC photo. On the iPhone .* Most Compatible", id="HEIC"),
        pytest.param(b"\0\0\0\x18ftypmif1", "HEIC photo", id="HEIC of another brand"),
        pytest.param(b"\0\0\0\x18ftypavif", "AVIF image. Save it as JPEG", id="AVIF"),
        pytest.param(b"\0\0\0\x18ftypisom", "a video. Upload images", id="video"),
        pytest.param(b"RIFF\0\0\0\0WEBPVP8 ", "WebP image. Save it as JPEG", id="WebP"),
        pytest.param(b"GIF89a", "a GIF image. Save it as JPEG", id="GIF"),
        pytest.param(b"BM\0\0", "a BMP image", id="BMP"),
        pytest.param(b"II*\0", "a TIFF image", id="TIFF"),
        pytest.param(b"%PDF-1.7", "a PDF", id="PDF"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_what_to_do(data: bytes, words: str) -> None:
    with pytest.raises(ImageError, match=rf"^photo\.jpg: a JPEG or PNG image expected, this is .*{words}"):
        decode_image(data, "photo.jpg")


@pytest.mark.parametrize("data", [b"", b"abc", b"\0\0\0\x18ft", b"RIFF\0\0\0\0WAVE"])
def test_of_other_bytes_nothing_is_claimed(data: bytes) -> None:
    assert what_instead(data) == ""


def test_the_size_is_in_the_head_of_a_file() -> None:
    assert picture_size(encode_jpeg(WIDE, 80)) == (4000, 3000)
    assert picture_size(cv2.imencode(".png", WIDE)[1].tobytes()) == (4000, 3000)
    assert picture_size(header_of(7, 5)) == (7, 5)


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\x00", b"\x89PNG\r\n\x1a\n", header_of(7, 5)[:12], b"\xff\xd8\xff" * 9],
)
def test_a_head_that_is_cut_short_has_no_size(data: bytes) -> None:
    assert picture_size(data) is None


def test_too_many_pixels_are_refused_before_anything_is_decoded() -> None:
    with pytest.raises(ImageError, match=r"16320 x 12240 px; at most 80 million pixels can be taken. Save it smaller"):
        decode_image(header_of(16320, 12240))


@pytest.mark.parametrize(("enough_px", "side"), [(None, 4000), (2001, 4000), (1920, 2000), (1000, 1000), (500, 500)])
def test_a_large_jpeg_is_decoded_no_larger_than_needed(enough_px: int | None, side: int) -> None:
    pixels = decode_image(encode_jpeg(WIDE, 90), enough_px=enough_px)

    assert max(pixels.shape) == side
    assert np.abs(pixels[0, :, 0].astype(int) - np.linspace(0, 255, side)).max() < 4


def test_a_png_is_decoded_as_it_is() -> None:
    assert decode_image(cv2.imencode(".png", WIDE)[1].tobytes(), enough_px=500).shape == WIDE.shape
