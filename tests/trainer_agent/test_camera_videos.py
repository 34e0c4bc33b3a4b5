"""Videos that staff send to be played as cameras."""

import os
import time

import pytest

from edge_common.errors import Conflict
from modules.trainer_agent.camera_videos import CameraVideos


@pytest.fixture
def used():
    return set()


@pytest.fixture
def videos(tmp_path, used):
    return CameraVideos(tmp_path / "videos", lambda: used)


def kept(videos, name="Shelf, 3rd floor.MP4", data=b"a video"):
    coming = videos.begin(name, len(data))
    videos.put(coming.id, 0, data)
    return videos.keep(coming.id, name)


@pytest.mark.parametrize(
    ("name", "begin", "end"),
    [
        ("Shelf, 3rd floor.MP4", "shelf-3rd-floor-", ".mp4"),
        ("a.b?c=1", "a-", ""),
        ("\N{CYRILLIC SMALL LETTER ZHE}", "", ""),
    ],
)
def test_a_video_gets_a_place_that_can_be_an_address(videos, name, begin, end):
    path = kept(videos, name)

    assert path.read_bytes() == b"a video"
    assert path.is_absolute()
    assert path.name.startswith(begin)
    assert path.suffix == end
    assert not set(path.name) & set(" ?#&,")


def test_a_video_of_which_a_part_is_missing_is_no_camera_yet(videos):
    coming = videos.begin("shelf.mp4", 9)
    videos.put(coming.id, 0, b"a vid")

    with pytest.raises(Conflict, match="5 of 9 bytes"):
        videos.keep(coming.id, "shelf.mp4")


def test_a_video_that_no_camera_plays_goes_after_a_day_when_another_comes(videos, used):
    played, forgotten, new = (kept(videos, f"{name}.mp4") for name in ("played", "forgotten", "new"))
    used.add(str(played))
    yesterday_s = time.time() - 90_000
    for path in (played, forgotten):
        os.utime(path, (yesterday_s, yesterday_s))

    last = kept(videos, "last.mp4")

    assert [path.exists() for path in (played, forgotten, new, last)] == [True, False, True, True]
