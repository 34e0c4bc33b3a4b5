import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_common.errors import ImageError
from edge_common.images import LETTERBOX_GREY, decode_image, digest_of, encode_jpeg, letterbox, shrink
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
