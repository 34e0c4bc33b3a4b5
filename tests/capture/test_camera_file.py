import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_common.errors import CameraError
from modules.capture.camera_file import FileCamera


@pytest.fixture
def camera(video: Path) -> Iterator[FileCamera]:
    opened = FileCamera(str(video))
    yield opened
    opened.close()


def frame_number(camera: FileCamera) -> int:
    return round(float(camera.read().pixels.mean()) / 20)


def test_frames_come_in_order_and_start_again_after_the_last(camera: FileCamera) -> None:
    numbers = [frame_number(camera) for _ in range(23)]

    assert numbers == [index % 10 for index in range(23)]


def test_frames_come_at_the_pace_of_the_recording(camera: FileCamera) -> None:
    camera.read()
    begun_s = time.monotonic()

    for _ in range(12):
        camera.read()

    assert 0.55 < time.monotonic() - begun_s < 1.1


def test_a_slow_reader_gets_fewer_frames_not_a_slower_film(camera: FileCamera) -> None:
    numbers = []
    for _ in range(4):
        numbers.append(frame_number(camera))
        time.sleep(0.12)

    assert numbers[0] == 0
    assert 6 <= numbers[-1] <= 8


def test_a_reader_that_pauses_goes_on_from_where_it_was(camera: FileCamera) -> None:
    before = frame_number(camera)
    time.sleep(0.8)

    after = [frame_number(camera) for _ in range(3)]

    assert before == 0
    assert after[0] < 9
    assert after == list(range(after[0], after[0] + 3))


def test_something_else_than_a_video_is_a_camera_error(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"no film at all" * 1000)

    with pytest.raises(CameraError, match=r"film\.mp4 is not a video that can be read"):
        FileCamera(str(path))


def test_a_video_cut_short_plays_what_is_left(video: Path) -> None:
    video.write_bytes(video.read_bytes()[: video.stat().st_size * 8 // 10])

    camera = FileCamera(str(video))

    assert [frame_number(camera) for _ in range(3)] == [0, 1, 2]
    camera.close()


def test_a_video_that_vanishes_while_it_plays_is_a_camera_error(camera: FileCamera, video: Path) -> None:
    camera.read()
    video.unlink()
    for _ in range(9):
        camera.read()

    with pytest.raises(CameraError, match="is not a video that can be read"):
        camera.read()
