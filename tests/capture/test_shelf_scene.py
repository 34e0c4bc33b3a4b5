import time

import numpy as np
import pytest

from modules.capture.camera_sim import SimulatedCamera, scene_time_s
from modules.capture.shelf_scene import GAP, LABELS, ShelfScene

AT_S = 1_790_000_000.0


@pytest.fixture(scope="module")
def scene() -> ShelfScene:
    return ShelfScene(7)


def test_the_same_seed_and_time_give_the_same_picture_and_boxes_in_any_order(scene: ShelfScene) -> None:
    other = ShelfScene(7)
    late = other.draw(AT_S + 40)

    early = other.draw(AT_S)

    np.testing.assert_array_equal(scene.draw(AT_S), early)
    np.testing.assert_array_equal(scene.draw(AT_S + 40), late)
    assert scene.at(AT_S) == other.at(AT_S)


def test_another_seed_is_another_shelf(scene: ShelfScene) -> None:
    assert ShelfScene(8).at(AT_S) != scene.at(AT_S)


def test_fifteen_captures_within_a_minute_differ(scene: ShelfScene) -> None:
    captures = [
        {(label, round(box.x0, 2), round(box.y1, 1)) for label, box in scene.at(AT_S + 4 * n)} for n in range(15)
    ]

    assert all(first != second for index, first in enumerate(captures) for second in captures[index + 1 :])


def test_places_open_and_fill_within_half_a_minute(scene: ShelfScene) -> None:
    def gaps(t_s: float) -> set[tuple[int, int]]:
        return {(round(box.x0 * 50), round(box.y1 * 10)) for label, box in scene.at(t_s) if label == GAP}

    now, later = gaps(AT_S), gaps(AT_S + 30)

    assert now - later, "no place was filled"
    assert later - now, "no place was emptied"


@pytest.mark.parametrize("seed", range(5))
def test_every_shelf_has_goods_of_several_kinds_and_some_gaps(seed: int) -> None:
    scene = ShelfScene(seed, width=320, height=180)

    seen = [{label for label, _ in scene.at(AT_S + 10 * n)} for n in range(6)]

    assert all(len(labels - {GAP}) >= 4 for labels in seen)
    assert all(labels <= set(LABELS) for labels in seen)
    assert GAP in set().union(*seen)


def test_boxes_lie_in_the_picture_and_do_not_overlap(scene: ShelfScene) -> None:
    boxes = [box for _, box in scene.at(AT_S)]

    assert all(0 <= box.x0 < box.x1 <= 1 and 0 <= box.y0 < box.y1 <= 1 for box in boxes)
    assert max(a.iou(b) for index, a in enumerate(boxes) for b in boxes[index + 1 :]) < 0.02


def test_boxes_are_where_the_goods_are_drawn(scene: ShelfScene) -> None:
    # Gaps are plain, goods are colourful: the spread of colours inside a box tells which is which.
    picture = scene.draw(AT_S).astype(np.float32)

    def colourfulness(x0: float, y0: float, x1: float, y1: float) -> float:
        part = picture[round(y0 * 540) + 4 : round(y1 * 540) - 14, round(x0 * 960) + 2 : round(x1 * 960) - 2]
        return float((part.max(axis=2) - part.min(axis=2)).mean())

    found = [(label, colourfulness(box.x0, box.y0, box.x1, box.y1)) for label, box in scene.at(AT_S)]

    assert max(value for label, value in found if label == GAP) < min(value for label, value in found if label != GAP)


def test_light_changes_slowly_and_noise_with_each_frame(scene: ShelfScene) -> None:
    first, next_one, later = (scene.draw(AT_S + t_s).astype(np.float32) for t_s in (0, 0.1, 30))

    assert abs(first.mean() - next_one.mean()) < 1.5
    assert abs(first.mean() - later.mean()) > 2
    assert np.abs(first[:5] - next_one[:5]).mean() > 1


def test_a_frame_can_be_told_from_its_time_alone(scene: ShelfScene) -> None:
    camera = SimulatedCamera(scene, speed=2.5)

    shot = camera.read()

    np.testing.assert_array_equal(shot.pixels, scene.draw(scene_time_s(shot.taken_ns, 2.5)))


def test_drawing_is_quick(scene: ShelfScene) -> None:
    spent_s = []
    for index in range(30):
        begun_s = time.perf_counter()
        scene.draw(AT_S + index)
        spent_s.append(time.perf_counter() - begun_s)

    assert float(np.median(spent_s)) < 0.03
