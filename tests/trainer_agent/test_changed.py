import numpy as np
import pytest

from edge_common.images import small_grey_of
from modules.trainer_agent.changed import LOOK_PX, has_changed
from tests.trainer_agent.conftest import noise

SHELF = noise(3, 640, 480)


def look(pixels):
    return small_grey_of(pixels, LOOK_PX)


def with_patch(size_px):
    changed = SHELF.copy()
    changed[100 : 100 + size_px, 200 : 200 + size_px] = 255 - changed[100 : 100 + size_px, 200 : 200 + size_px] // 2
    return changed


def with_noise():
    grain = np.random.default_rng(1).normal(0, 8, SHELF.shape)
    return np.clip(SHELF + grain, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("now", "changed"),
    [
        pytest.param(SHELF, False, id="the same"),
        pytest.param(with_noise(), False, id="grain of the sensor"),
        pytest.param(np.clip(SHELF.astype(int) + 25, 0, 255).astype(np.uint8), False, id="a little more light"),
        pytest.param(with_patch(60), True, id="one thing taken away"),
        pytest.param(with_patch(4), False, id="a fly"),
        pytest.param(noise(4, 640, 480), True, id="another place"),
    ],
)
def test_what_counts_as_a_change(now, changed):
    assert has_changed(look(SHELF), look(now)) is changed
