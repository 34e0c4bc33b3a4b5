import json
import logging
import stat
from pathlib import Path

import pytest

from edge_common.errors import ConfigError, Conflict, EdgeError, NotFound
from edge_common.own_cameras import MOST_CAMERAS, MOST_REMOVED, PLACE, OwnCameraList, OwnCameras, wanted
from edge_common.settings import CameraSettings, CaptureSettings

SHELF = CameraSettings(url="sim:shelf", name="Shelf")
TILL = CameraSettings(url="v4l2:0")


@pytest.fixture
def own(tmp_path: Path) -> OwnCameras:
    return OwnCameras(tmp_path / PLACE)


def test_what_is_added_and_changed_is_there_for_another_reader(own: OwnCameras, tmp_path: Path) -> None:
    own.add("shelf", SHELF)
    own.add("till", SHELF)
    own.change("till", TILL)

    assert OwnCameras(tmp_path / PLACE).read().cameras == {"shelf": SHELF, "till": TILL}


def test_nobody_else_may_look_into_the_folder(own: OwnCameras, tmp_path: Path) -> None:
    own.add("shelf", SHELF)

    assert stat.S_IMODE((tmp_path / PLACE).parent.stat().st_mode) == 0o700


def test_a_removed_camera_comes_back_as_it_was(own: OwnCameras) -> None:
    own.add("shelf", SHELF)
    own.remove("shelf")
    assert own.read().cameras == {}

    own.put_back("shelf")

    assert own.read() == OwnCameraList(cameras={"shelf": SHELF})


def test_only_those_removed_last_are_kept(own: OwnCameras) -> None:
    for number in range(MOST_REMOVED + 1):
        own.add(f"camera-{number}", SHELF)
        own.remove(f"camera-{number}")

    assert list(own.read().removed) == [f"camera-{number}" for number in range(1, MOST_REMOVED + 1)]


def test_a_camera_that_is_not_there_is_not_found(own: OwnCameras) -> None:
    for act in (own.remove, own.put_back, lambda camera: own.change(camera, SHELF)):
        with pytest.raises(NotFound, match="no camera 'gone'"):
            act("gone")


def test_an_id_is_given_once(own: OwnCameras) -> None:
    own.add("shelf", SHELF)
    own.remove("shelf")
    own.add("shelf", TILL)

    with pytest.raises(Conflict, match="camera 'shelf' already"):
        own.add("shelf", SHELF)
    with pytest.raises(Conflict, match="another camera 'shelf'"):
        own.put_back("shelf")


def test_there_are_sixteen_at_most(own: OwnCameras) -> None:
    for number in range(MOST_CAMERAS):
        own.add(f"camera-{number}", SHELF)

    with pytest.raises(Conflict, match="16 cameras already"):
        own.add("one-more", SHELF)


@pytest.mark.parametrize("text", ["{", "[]", '{"cameras": {"A b": {"url": "sim:shelf"}}}', '{"other": 1}'])
def test_a_damaged_file_is_neither_used_nor_replaced(own: OwnCameras, tmp_path: Path, text: str) -> None:
    (tmp_path / PLACE).write_text(text)

    for act in (own.read, own.news, lambda: own.add("shelf", SHELF)):
        with pytest.raises(ConfigError, match="mend the file or delete it"):
            act()

    assert (tmp_path / PLACE).read_text() == text


def test_a_problem_with_the_file_repeats_no_password(own: OwnCameras, tmp_path: Path) -> None:
    (tmp_path / PLACE).write_text(json.dumps({"cameras": {"till": {"url": "rtsp://a:hush@x/" + "y" * 3000}}}))

    with pytest.raises(ConfigError) as refused:
        own.read()

    assert "hush" not in str(refused.value)


def test_news_come_once_for_each_change(own: OwnCameras) -> None:
    assert own.news() == OwnCameraList()
    assert own.news() is None

    own.add("shelf", SHELF)

    assert own.news() == OwnCameraList(cameras={"shelf": SHELF})
    assert own.news() is None


def test_a_list_that_cannot_be_written_is_told(own: OwnCameras, tmp_path: Path) -> None:
    (tmp_path / PLACE).mkdir()

    with pytest.raises((EdgeError, OSError)):
        own.add("shelf", SHELF)


def test_the_twin_wins_over_the_page() -> None:
    twin = CaptureSettings(cameras={"till": TILL})

    both = wanted(twin, OwnCameraList(cameras={"till": SHELF, "shelf": SHELF}))

    assert both.cameras == {"till": TILL, "shelf": SHELF}
    assert both.own == {"shelf"}


def test_what_is_more_than_there_may_be_is_left_out_of_the_pages(caplog: pytest.LogCaptureFixture) -> None:
    twin = CaptureSettings(cameras={f"camera-{number}": TILL for number in range(MOST_CAMERAS - 1)})

    with caplog.at_level(logging.ERROR):
        both = wanted(twin, OwnCameraList(cameras={"a": SHELF, "b": SHELF}))

    assert len(both.cameras) == MOST_CAMERAS
    assert both.own == {"a"}
    assert "camera b is left out" in caplog.text
