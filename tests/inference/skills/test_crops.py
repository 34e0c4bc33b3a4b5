import threading
import time
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from edge_common.errors import InferenceError
from edge_common.frames import Frame
from edge_common.geometry import Box
from edge_common.packages import PackageStore
from modules.inference.model import LoadedModel, key_of, load_model
from modules.inference.runtimes.runtime import NOTHING_MORE
from modules.inference.skills.crops import Crops
from tests.inference.conftest import SETTINGS
from tests.inference.tiny_models import GREEN_SHELF, coloured_frame, publish_model

COLOURS = {"labels": ("blue", "green", "red"), "thresholds": dict.fromkeys(("blue", "green", "red"), 0.3)}
PART = Box(0.5, 0.25, 0.75, 0.75)


def loaded(store: PackageStore, model_id: str) -> LoadedModel:
    key = key_of(model_id, "1", SETTINGS)
    return load_model(store, key, coloured_frame(), SETTINGS, NOTHING_MORE, lambda event, message: None)


@pytest.fixture
def colours(store: PackageStore) -> Iterator[LoadedModel]:
    """Tells the mean colours of what it is shown."""
    publish_model(store, "1", model_id="colours", kind="classification", **COLOURS)
    with closing(loaded(store, "colours")) as model:
        yield model


def frame_with(part: tuple[int, int, int], rest: tuple[int, int, int]) -> Frame:
    """120 x 80 pixels: PART, to the pixel, in one colour and all else in another."""
    pixels = np.full((80, 120, 3), rest, dtype=np.uint8)
    pixels[20:60, 60:90] = part
    return Frame("shelf", 1, 1, pixels)


def test_a_second_model_sees_the_part_alone(colours: LoadedModel) -> None:
    crops = Crops(lambda: (colours,))

    def seen(rest: tuple[int, int, int]) -> list[tuple[str, float]]:
        found = crops.glance(frame_with((0, 0, 255), rest))("colours", PART, SETTINGS)
        return [(one.label, one.confidence) for one in found]

    # The rest of the picture changes nothing, to the last bit; the whole picture would be of the rest's colour.
    assert seen((0, 255, 0)) == seen((255, 0, 0)) == seen((0, 0, 0))
    assert seen((0, 255, 0))[0][0] == "red"
    whole = colours.look(frame_with((0, 0, 255), (0, 255, 0)), SETTINGS)
    assert whole.detections[0].label == "green"


def test_what_it_finds_lies_where_it_is_in_the_whole_picture(store: PackageStore) -> None:
    publish_model(store, "1")
    with closing(loaded(store, "shelf")) as model:
        frame = Frame("shelf", 1, 1, np.full((80, 80, 3), (0, 255, 0), dtype=np.uint8))
        found = Crops(lambda: (model,)).glance(frame)("shelf", Box(0.5, 0, 1, 0.5), SETTINGS)

    assert {one.label for one in found} == {GREEN_SHELF}
    boxes = sorted(one.box.to_list() for one in found if one.box)
    assert np.allclose(boxes, [[0.5, 0, 0.75, 0.25], [0.5, 0.25, 0.75, 0.5], [0.75, 0, 1, 0.25], [0.75, 0.25, 1, 0.5]])


def test_nothing_is_found_by_a_model_or_in_a_frame_that_is_not_there(colours: LoadedModel) -> None:
    crops = Crops(lambda: (colours,))

    assert crops.glance(frame_with((0, 0, 255), (0, 0, 0)))("others", PART, SETTINGS) == ()
    assert crops.glance(None)("colours", PART, SETTINGS) == ()


def test_a_model_that_is_closed_while_it_is_used_finds_nothing_from_then_on(
    colours: LoadedModel, caplog: pytest.LogCaptureFixture
) -> None:
    glance = Crops(lambda: (colours,)).glance(frame_with((0, 0, 255), (0, 0, 0)))
    lengths: list[int] = []
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            lengths.append(len(glance("colours", PART, SETTINGS)))

    thread = threading.Thread(target=look)
    thread.start()
    time.sleep(0.1)
    colours.close()
    time.sleep(0.1)
    over.set()
    thread.join()

    assert lengths[0] == 1
    assert lengths[-1] == 0
    assert "is closed" in caplog.text
    with pytest.raises(InferenceError, match="closed"):
        colours.look(coloured_frame(), SETTINGS)
