import numpy as np
import pytest

from edge_common.frames import Frame
from modules.inference import backlog
from modules.inference.backlog import Backlog

FRAME_BYTES = 40 * 30 * 3


def frame(camera: str, sequence: int) -> Frame:
    return Frame(camera, sequence, sequence, np.zeros((30, 40, 3), dtype=np.uint8))


def show(frames: Backlog, camera: str, *sequences: int) -> None:
    for sequence in sequences:
        frames.put(camera, frame(camera, sequence))


def taken(frames: Backlog) -> list[tuple[str, int]]:
    found = []
    while (one := frames.take(0)) is not None:
        found.append((one[0], one[1].sequence))
    return found


def test_the_newest_frame_wins_as_a_rule() -> None:
    frames = Backlog()
    show(frames, "till", 1, 2, 3)

    assert taken(frames) == [("till", 3)]


def test_while_a_model_is_loaded_every_frame_waits_for_its_turn() -> None:
    frames = Backlog()
    with frames.held():
        show(frames, "till", 1, 2, 3)

    assert taken(frames) == [("till", 1), ("till", 2), ("till", 3)]


def test_cameras_take_turns_while_they_wait() -> None:
    frames = Backlog()
    with frames.held():
        show(frames, "till", 1, 2, 3)
        show(frames, "door", 1, 2)

    assert taken(frames) == [("till", 1), ("door", 1), ("till", 2), ("door", 2), ("till", 3)]


def test_what_comes_just_after_waits_too_though_none_waited_meanwhile() -> None:
    frames = Backlog()
    with frames.held():
        show(frames, "till", 1, 2)
    show(frames, "till", 3)

    assert taken(frames) == [("till", 1), ("till", 2), ("till", 3)]
    show(frames, "till", 4, 5)
    assert taken(frames) == [("till", 4), ("till", 5)]


def test_later_the_newest_wins_again_and_what_was_not_worked_off_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "AFTERWARDS_S", 0.0)
    frames = Backlog()
    with frames.held():
        show(frames, "till", 1, 2)
    show(frames, "till", 3)

    assert taken(frames) == [("till", 3)]


def test_no_more_waits_than_memory_is_given_and_the_camera_with_most_loses_its_oldest() -> None:
    frames = Backlog(most_bytes=3 * FRAME_BYTES)
    with frames.held():
        show(frames, "door", 1, 2)
        show(frames, "till", 1, 2, 3, 4)

    assert taken(frames) == [("door", 1), ("till", 2), ("door", 2), ("till", 3), ("till", 4)]


def test_two_loads_at_a_time_hold_until_the_second_has_ended() -> None:
    frames = Backlog()
    with frames.held():
        with frames.held():
            pass
        show(frames, "till", 1, 2)

    assert taken(frames) == [("till", 1), ("till", 2)]


def test_of_a_camera_that_is_forgotten_nothing_waits() -> None:
    frames = Backlog()
    with frames.held():
        show(frames, "till", 1, 2)
        frames.forget("till")
        show(frames, "door", 1)

    assert taken(frames) == [("door", 1)]
