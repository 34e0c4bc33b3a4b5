"""Skills on recorded videos: real files, the real process, models of a few nodes."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_common.errors import Conflict, InvalidInput, NotFound
from edge_common.packages import PackageStore
from edge_common.skills.document import Skill, parse_skill
from modules.trainer_agent.rehearsal.rehearsals import Rehearsal, Rehearsals
from modules.trainer_agent.rehearsal.video import frames_of
from tests.inference.tiny_models import GREEN_SHELF, publish_model

GREEN, BLACK = (0, 255, 0), (0, 0, 0)


def video_of(path: Path, colours: Sequence[tuple[int, int, int]], rate: float = 10.0) -> Path:
    """One second of each colour."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), rate, (96, 96))
    for colour in colours:
        for _ in range(round(rate)):
            writer.write(np.full((96, 96, 3), colour, dtype=np.uint8))
    writer.release()
    return path


def green_for(seconds: float, **changes: object) -> Skill:
    steps = [
        {"id": "see", "do": "model", "model": "shelf"},
        {"id": "green", "do": "keep", "of": "see", "tags": [GREEN_SHELF]},
        {"id": "shelves", "do": "count", "of": "green"},
        {"id": "some", "do": "compare", "of": "shelves", "how": "more", "than": 0},
        {"id": "long", "do": "hold", "of": "some", "for_s": seconds, "clear_for_s": 0.5},
    ]
    actions = [{"do": "alert", "when": "long"}]
    return parse_skill({"name": "Green", "cameras": ["till"], "steps": steps, "actions": actions} | changes)


@pytest.fixture
def store(tmp_path: Path) -> PackageStore:
    made = PackageStore(tmp_path / "models")
    publish_model(made, "1")
    return made


@pytest.fixture
def rehearsals(store: PackageStore, tmp_path: Path) -> Rehearsals:
    return Rehearsals(store, tmp_path / "rehearsal")


def brought(rehearsals: Rehearsals, video: Path) -> str:
    data = video.read_bytes()
    coming = rehearsals.begin(video.name, len(data))
    for start in range(0, len(data), 20_000):
        rehearsals.put(coming.id, start, data[start : start + 20_000])
    return coming.id


def followed(rehearsals: Rehearsals, video: str, until: Callable[[Rehearsal], bool]) -> Rehearsal:
    state: Rehearsal | None = rehearsals.state(video)
    while state is None or not until(state):
        state = rehearsals.wait_for_change(video, state.number if state else -1, 20)
    return state


def ended(state: Rehearsal) -> bool:
    return state.phase not in ("coming", "here", "running")


def test_it_tells_when_the_skill_would_have_raised_and_cleared(rehearsals: Rehearsals, tmp_path: Path) -> None:
    video = brought(rehearsals, video_of(tmp_path / "v.avi", [BLACK, GREEN, GREEN, BLACK, BLACK]))

    rehearsals.run(video, green_for(1.0), "till")

    state = followed(rehearsals, video, ended)
    assert state.phase == "done", state.message
    assert [(change.phase, round(change.at_s)) for change in state.changes] == [("raised", 2), ("cleared", 4)]
    assert state.changes[0].numbers == {"shelves": 4}
    assert len(state.changes[0].boxes) == 4
    assert [second.numbers["shelves"] for second in state.seconds] == [0, 4, 4, 0, 0]
    assert state.length_s == pytest.approx(4.9)
    picture = cv2.imread(str(rehearsals.picture(video, state.changes[0].picture)))
    assert picture[48, 48, 1] > 200


def test_it_is_tried_again_with_another_rule_on_the_same_video(rehearsals: Rehearsals, tmp_path: Path) -> None:
    video = brought(rehearsals, video_of(tmp_path / "v.avi", [BLACK, GREEN, GREEN, BLACK]))
    rehearsals.run(video, green_for(0.5), "till")
    followed(rehearsals, video, ended)

    rehearsals.run(video, green_for(3.0), "till")

    state = followed(rehearsals, video, ended)
    assert state.phase == "done"
    assert state.changes == ()


def test_a_file_that_is_no_video_is_told(rehearsals: Rehearsals, tmp_path: Path) -> None:
    path = tmp_path / "notes.mp4"
    path.write_bytes(b"buy milk" * 1000)
    video = brought(rehearsals, path)

    rehearsals.run(video, green_for(1.0), "till")

    state = followed(rehearsals, video, ended)
    assert (state.phase, state.message[:21]) == ("failed", "This file is no video")


def test_a_process_that_dies_is_told_and_the_next_try_works(
    store: PackageStore, rehearsals: Rehearsals, tmp_path: Path
) -> None:
    dying = Rehearsals(store, tmp_path / "dying", command=(sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"))
    path = video_of(tmp_path / "v.avi", [GREEN])
    video = brought(dying, path)
    dying.run(video, green_for(0.2), "till")

    assert "it was killed" in followed(dying, video, ended).message
    video = brought(rehearsals, path)
    rehearsals.run(video, green_for(0.2), "till")
    assert followed(rehearsals, video, ended).phase == "done"


def test_it_is_stopped_and_keeps_what_it_found(rehearsals: Rehearsals, tmp_path: Path) -> None:
    video = brought(rehearsals, video_of(tmp_path / "v.avi", [GREEN] * 600, rate=2.0))
    rehearsals.run(video, green_for(0.5), "till")
    with pytest.raises(Conflict, match="just now"):
        rehearsals.run(video, green_for(0.5), "till")
    followed(rehearsals, video, lambda state: bool(state.changes))

    rehearsals.cancel(video)

    assert rehearsals.state(video).phase == "cancelled"
    assert rehearsals.state(video).changes


def test_half_a_video_is_not_tried(rehearsals: Rehearsals) -> None:
    coming = rehearsals.begin("v.mp4", 1000)
    rehearsals.put(coming.id, 0, b"x" * 400)

    with pytest.raises(Conflict, match="400 of 1000 bytes are here"):
        rehearsals.run(coming.id, green_for(1.0), "till")


def test_a_video_before_the_last_is_not_there_any_more(rehearsals: Rehearsals) -> None:
    first = rehearsals.begin("a.mp4", 10)
    rehearsals.begin("b.mp4", 10)

    with pytest.raises(NotFound, match="Choose it again"):
        rehearsals.state(first.id)
    with pytest.raises(InvalidInput, match="1 byte to 1 GB expected, got 0 bytes"):
        rehearsals.begin("c.mp4", 0)


def test_frames_are_as_far_apart_as_those_of_a_camera(tmp_path: Path) -> None:
    path = video_of(tmp_path / "v.avi", [GREEN] * 3, rate=30.0)

    times = [frame.at_s for frame in frames_of(path, 10.0, 640, 2.0)]

    assert len(times) == 20
    assert np.diff(times) == pytest.approx(0.1, abs=0.035)
