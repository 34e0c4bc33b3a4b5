import numpy as np
import pytest

from edge_common.geometry import Letterbox
from edge_common.images import LETTERBOX_GREY, Pixels, letterbox
from modules.trainer_agent.learning.augment import View, plain_view, random_view, render, view_boxes

SIZES = [
    pytest.param(200, 150, id="small"),
    pytest.param(420, 300, id="middling"),
    pytest.param(2400, 1000, id="large"),
]
SIZE = 320


def picture_with_rectangle(width: int, height: int, rng: np.random.Generator) -> tuple[Pixels, np.ndarray]:
    """Black with a white rectangle, and the rectangle's corners [1, 4] in 0-1."""
    low = rng.uniform(0.05, 0.5, 2) * (width, height)
    high = low + rng.uniform(0.2, 0.45, 2) * (width, height)
    (x0, y0), (x1, y1) = low.astype(int), high.astype(int)
    picture = np.zeros((height, width, 3), dtype=np.uint8)
    picture[y0:y1, x0:x1] = 255
    return picture, np.array([[x0 / width, y0 / height, x1 / width, y1 / height]], dtype=np.float32)


def white_extent(square: Pixels) -> np.ndarray:
    """Corners of the white part in px; no light makes grey or black as bright as 165 or white as dark."""
    rows, columns = np.nonzero((square > 165).all(axis=2))
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_boxes_follow_the_pixels_of_a_random_view(width: int, height: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    picture, box = picture_with_rectangle(width, height, rng)
    view = random_view(width, height, SIZE, rng)

    placed, visible = view_boxes(box, width, height, view, SIZE)

    assert visible.shape == (1,)
    if visible[0]:
        # A pixel, and the blur of an edge where a picture is enlarged.
        slack_px = 1 + max(view.scale_x, view.scale_y, 1) / 2
        np.testing.assert_allclose(white_extent(render(picture, view, SIZE)), placed[0] * SIZE, atol=slack_px)


@pytest.mark.parametrize("mirrored", [False, True])
def test_boxes_follow_the_pixels_when_a_large_picture_is_strongly_shrunk(mirrored: bool) -> None:
    picture, box = picture_with_rectangle(4000, 3000, np.random.default_rng(1))
    view = View(0.031, 0.027, 40.3, 20.7, mirrored, contrast=1.0, brightness=0.0, gains=(1.0, 1.0, 1.0))

    placed, _ = view_boxes(box, 4000, 3000, view, SIZE)

    np.testing.assert_allclose(white_extent(render(picture, view, SIZE)), placed[0] * SIZE, atol=0.75)


def test_shrinking_averages_instead_of_picking_points() -> None:
    stripes = np.zeros((2000, 2000, 3), dtype=np.uint8)
    stripes[:, ::2] = 255

    square = render(stripes, plain_view(2000, 2000, SIZE), SIZE)

    np.testing.assert_allclose(square[2:-2, 2:-2], 127.5, atol=22)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_plain_view_is_what_inference_sees(width: int, height: int) -> None:
    picture, box = picture_with_rectangle(width, height, np.random.default_rng(2))
    view = plain_view(width, height, SIZE)

    square, seen = render(picture, view, SIZE), letterbox(picture, SIZE)

    placed, _ = view_boxes(box, width, height, view, SIZE)
    np.testing.assert_allclose(placed * SIZE, Letterbox(width, height, SIZE).into(box) * SIZE, atol=1)
    np.testing.assert_allclose(white_extent(square), white_extent(seen), atol=1)
    assert (square[0, 0] == LETTERBOX_GREY).all()
    assert (seen[0, 0] == LETTERBOX_GREY).all()


def test_a_mirrored_box_is_on_the_other_side() -> None:
    view = View(1, 1, 0, 0, mirrored=True, contrast=1.0, brightness=0.0, gains=(1.0, 1.0, 1.0))

    placed, _ = view_boxes(np.array([[0.1, 0.2, 0.4, 0.6]], dtype=np.float32), 100, 100, view, 100)

    np.testing.assert_allclose(placed, [[0.6, 0.2, 0.9, 0.6]], rtol=1e-6)


def test_a_box_with_less_than_a_third_left_in_the_view_is_not_visible() -> None:
    view = View(1, 1, -50, 0, mirrored=False, contrast=1.0, brightness=0.0, gains=(1.0, 1.0, 1.0))
    boxes = np.array([[0.42, 0, 0.52, 1], [0.42, 0, 0.56, 1], [0.6, 0, 0.7, 1], [0.1, 0, 0.2, 1]], dtype=np.float32)

    placed, visible = view_boxes(boxes, 100, 100, view, 100)

    assert visible.tolist() == [False, True, True, False]
    assert placed.min() >= 0


def test_light_changes_contrast_about_the_middle_then_brightness_then_each_colour() -> None:
    picture = np.full((64, 64, 3), 148, dtype=np.uint8)
    view = View(1, 1, 0, 0, mirrored=False, contrast=0.5, brightness=10.0, gains=(1.0, 0.5, 2.0))

    square = render(picture, view, 64)

    assert square[32, 32].tolist() == [148, 74, 255]


def test_random_views_stay_within_their_bounds_and_differ() -> None:
    rng = np.random.default_rng(0)

    views = [random_view(640, 480, SIZE, rng, zoom=1.6) for _ in range(300)]

    scales = np.array([(view.scale_x * view.scale_y) ** 0.5 * 2 for view in views])
    stretches = np.array([view.scale_x / view.scale_y for view in views])
    assert (scales.min() >= 1 / 1.6, scales.max() <= 1.6) == (True, True)
    assert (stretches.min() >= 1 / 1.2, stretches.max() <= 1.2) == (True, True)
    assert 100 < sum(view.mirrored for view in views) < 200
    assert len(set(views)) == 300
