import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_common.errors import ImageError
from edge_common.images import (
    LETTERBOX_GREY,
    decode_image,
    digest_of,
    encode_jpeg,
    letterbox,
    scale_to,
    shrink,
    small_grey,
)
from tests.trainer_agent.learning.made import draw_shapes, png_bomb

PICTURE = draw_shapes(1)[0]
JPEG = encode_jpeg(PICTURE, 90)
PNG = cv2.imencode(".png", PICTURE)[1].tobytes()


def turned(data: bytes, orientation: int) -> bytes:
    """A JPEG with an EXIF orientation put in."""
    tiff = b"II*\x00\x08\x00\x00\x00" + struct.pack("<HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
    exif = b"Exif\x00\x00" + tiff
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]


def test_a_png_survives_and_a_jpeg_comes_close() -> None:
    np.testing.assert_array_equal(decode_image(PNG), PICTURE)
    assert np.abs(decode_image(JPEG).astype(int) - PICTURE).mean() < 3


def test_a_picture_is_turned_upright_by_its_orientation() -> None:
    upright = decode_image(JPEG)

    assert decode_image(turned(JPEG, 6)).shape == (320, 240, 3)
    np.testing.assert_array_equal(decode_image(turned(JPEG, 6)), np.rot90(upright, -1))
    np.testing.assert_array_equal(decode_image(turned(JPEG, 3)), np.rot90(upright, 2))


def test_grey_and_transparent_pictures_become_three_colours() -> None:
    grey = cv2.imencode(".png", PICTURE[..., 0])[1].tobytes()
    clear = cv2.imencode(".png", np.dstack([PICTURE, PICTURE[..., 0]]))[1].tobytes()

    assert decode_image(grey).shape == PICTURE.shape
    np.testing.assert_array_equal(decode_image(clear), PICTURE)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "JPEG or PNG image expected, got 0 bytes", id="nothing"),
        pytest.param(b"GIF89a" + bytes(50), "JPEG or PNG image expected", id="another kind"),
        pytest.param(PNG[:60], "damaged or cut short", id="a PNG cut short"),
        pytest.param(JPEG[:100], "damaged or cut short", id="a JPEG cut short"),
        pytest.param(encode_jpeg(PICTURE[:31], 90), r"320 x 31 px is too small; at least 32 px", id="too small"),
        pytest.param(png_bomb(100_000, 100_000), r"cannot be decoded \(", id="ten thousand megapixels"),
    ],
)
def test_what_is_no_usable_picture_is_refused_by_name(data: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=rf"^shelf\.png: .*{reason}"):
        decode_image(data, "shelf.png")


def whole_in_grey(data: bytes, side_px: int) -> np.ndarray:
    """What `small_grey` is a quick way to."""
    grey = cv2.cvtColor(decode_image(data), cv2.COLOR_BGR2GRAY)
    return cv2.resize(grey, (side_px, side_px), interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(JPEG, id="JPEG"),
        pytest.param(PNG, id="PNG"),
        pytest.param(turned(JPEG, 6), id="JPEG to be turned upright"),
        pytest.param(encode_jpeg(draw_shapes(2, 1920, 1072)[0], 90), id="large JPEG"),
    ],
)
def test_a_small_grey_picture_looks_like_the_whole_one(data: bytes) -> None:
    small = small_grey(data, 32)

    assert (small.shape, small.dtype) == ((32, 32), np.uint8)
    assert np.abs(small.astype(int) - whole_in_grey(data, 32)).mean() < 3


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", r"cannot be decoded \(", id="nothing"),
        pytest.param(b"GIF89a" + bytes(50), "damaged or cut short", id="another kind"),
        pytest.param(PNG[:60], "damaged or cut short", id="a PNG cut short"),
        pytest.param(JPEG[:100], "damaged or cut short", id="a JPEG cut short"),
        pytest.param(png_bomb(100_000, 100_000), r"cannot be decoded \(", id="ten thousand megapixels"),
    ],
)
def test_a_damaged_file_has_no_small_grey_picture_and_is_named(data: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=rf"^shelf\.png: .*{reason}"):
        small_grey(data, 32, "shelf.png")


def test_a_picture_that_fits_is_not_shrunk() -> None:
    assert shrink(PICTURE, 320) is PICTURE
    assert shrink(PICTURE, 160).shape == (120, 160, 3)
    assert shrink(PICTURE[:1].repeat(32, axis=0), 16).shape == (2, 16, 3)


@pytest.mark.parametrize("size", [64, 320, 640])
def test_a_letterboxed_picture_lies_centred_on_grey(size: int) -> None:
    square = letterbox(PICTURE, size)

    edge = size * (320 - 240) // 320 // 2
    assert square.shape == (size, size, 3)
    assert (square[:edge] == LETTERBOX_GREY).all()
    assert (square[-edge:] == LETTERBOX_GREY).all()
    assert (square[edge] != LETTERBOX_GREY).any()


def test_a_digest_is_sha256_in_hex(tmp_path: Path) -> None:
    assert digest_of(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(("width", "height"), [(300, 169), (160, 90), (40, 22), (641, 361), (1920, 40)])
def test_a_picture_is_scaled_to_any_size_and_looks_the_same(width: int, height: int) -> None:
    across = np.linspace(0, 255, 1281)
    picture = np.repeat(np.tile(across, (721, 1))[..., None], 3, axis=2).astype(np.uint8)

    scaled = scale_to(picture, (width, height))

    assert scaled.shape == (height, width, 3)
    expected = (np.arange(width) + 0.5) / width * 255
    assert np.abs(scaled[height // 2, :, 0] - expected).max() < 3


def test_fine_lines_become_grey_when_a_picture_is_scaled_down() -> None:
    lines = np.zeros((720, 1280, 3), dtype=np.uint8)
    lines[:, ::2] = 255

    scaled = scale_to(lines, (300, 169))

    assert scaled.min() > 120
    assert scaled.max() < 136
