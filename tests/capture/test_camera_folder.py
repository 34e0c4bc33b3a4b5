import logging
import time
from pathlib import Path

import numpy as np
import pytest

from edge_common.errors import CameraError
from edge_common.images import encode_jpeg
from modules.capture.camera_folder import FolderCamera, open_folder


def level(camera: FolderCamera) -> int:
    return round(float(camera.read().pixels.mean()))


def test_images_come_in_order_of_their_names_and_start_again(images: Path) -> None:
    camera = FolderCamera(images, 0.02)

    assert [level(camera) for _ in range(5)] == [50, 100, 150, 50, 100]


def test_one_image_a_second_comes_unless_told_otherwise(images: Path) -> None:
    camera = open_folder(str(images))
    begun_s = time.monotonic()

    camera.read()
    camera.read()

    assert 0.9 < time.monotonic() - begun_s < 1.8


def test_an_image_that_cannot_be_read_is_left_out_and_named_once(
    images: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (images / "aa.jpg").write_bytes(b"\xff\xd8\xff and nothing else")
    camera = FolderCamera(images, 0.02)

    with caplog.at_level(logging.WARNING):
        levels = [level(camera) for _ in range(6)]

    assert levels == [50, 100, 150, 50, 100, 150]
    assert [record.getMessage() for record in caplog.records] == [
        "folder: aa.jpg left out: aa.jpg: cannot be decoded; the file is damaged or cut short"
    ]


def test_an_image_that_is_added_is_shown_in_the_next_round(images: Path) -> None:
    camera = FolderCamera(images, 0.02)
    camera.read()
    (images / "d.png.jpg").write_bytes(encode_jpeg(np.full((60, 80, 3), 200, np.uint8), 90))

    levels = [level(camera) for _ in range(6)]

    assert levels == [100, 150, 50, 100, 150, 200]


def test_a_folder_without_images_is_a_camera_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")

    with pytest.raises(CameraError, match="there is no JPEG or PNG image in"):
        FolderCamera(tmp_path, 1)


def test_a_folder_of_damaged_images_is_a_camera_error(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no image")
    camera = FolderCamera(tmp_path, 0.02)

    with pytest.raises(CameraError, match="none of the images"):
        camera.read()
