import time
from collections.abc import Iterator

import numpy as np
import pytest

from edge_common.frames import FramePublisher, FrameSubscriber
from edge_common.model_io import to_input
from modules.inference.preparing import Prepared, Preparer
from tests.inference.tiny_models import SIZE, coloured_frame


class Side:
    """A camera on one side and whoever looks on the other, a preparer between them."""

    def __init__(self, endpoint: str) -> None:
        self.camera = FramePublisher(endpoint)
        self.frames = FrameSubscriber(endpoint, everything=True)
        self.preparer = Preparer(self.frames)
        self.preparer.sizes = frozenset({SIZE})
        self._number = 0

    def show(self, camera: str = "camera-1") -> int:
        self._number += 1
        self.camera.publish(coloured_frame((0, 0, self._number % 256), camera=camera, sequence=self._number))
        return self._number

    def take(self, busy_s: float = 0.0, timeout_s: float = 3.0) -> Prepared:
        taken = self.preparer.take(timeout_s, busy_s)
        assert taken is not None
        return taken

    def close(self) -> None:
        self.preparer.close()
        self.frames.close()
        self.camera.close()


@pytest.fixture
def side(sockets) -> Iterator[Side]:
    made = Side(f"ipc://{sockets}/frames")
    made.preparer.start()
    while made.preparer.take(0.1, 0.0) is None:  # sockets join when they join
        made.show()
    while made.preparer.take(0.3, 0.0) is not None:
        pass
    yield made
    made.close()


def test_inputs_are_ready_when_a_frame_is_taken(side: Side) -> None:
    side.show()
    taken = side.take()

    np.testing.assert_array_equal(taken.inputs[SIZE], to_input(taken.frame.pixels, SIZE))
    assert taken.input(SIZE) is taken.inputs[SIZE]


def test_an_input_of_a_size_that_came_meanwhile_is_made_when_it_is_asked_for(side: Side) -> None:
    side.show()
    taken = side.take()

    np.testing.assert_array_equal(taken.input(32), to_input(taken.frame.pixels, 32))


def test_without_a_frame_there_is_nothing_to_take(side: Side) -> None:
    assert side.preparer.take(0.05, 0.0) is None


def test_while_one_is_looked_at_for_long_the_newest_of_those_that_come_is_prepared_next(side: Side) -> None:
    side.show()
    side.take(busy_s=2.0)

    for _ in range(10):
        last = side.show()
        time.sleep(0.03)

    assert side.take().frame.sequence == last


def test_every_camera_has_its_turn(side: Side) -> None:
    side.show("a")
    side.take(busy_s=1.0)
    for camera in ("b", "a", "a", "c", "a"):
        side.show(camera)

    assert [side.take().frame.camera for _ in range(3)] == ["b", "a", "c"]


def test_a_closed_one_has_ended(side: Side) -> None:
    assert side.preparer.alive()

    side.preparer.close()

    assert not side.preparer.alive()
