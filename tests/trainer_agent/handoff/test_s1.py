import numpy as np
import pytest

from edge_common.geometry import Letterbox
from edge_common.model_io import detect
from modules.trainer_agent.handoff.s1 import NATIVE_SIZE, read_labels, read_s1, to_s1_input


def outputs(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Of one label: four places well apart, each with five boxes that are nearly the same."""
    rng = np.random.default_rng(seed)
    places = np.array([(x, y, 0.3, 0.25) for x in (0.25, 0.75) for y in (0.25, 0.75)])
    boxes = (places[:, None] + rng.uniform(-0.01, 0.01, (4, 5, 4))).reshape(1, 20, 4)
    likely = rng.uniform(0.3, 1, (1, 20, 1))
    return boxes.astype(np.float32), np.concatenate([1 - likely, likely], axis=2).astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
def test_of_one_label_it_finds_what_this_product_finds_on_its_own_grid_of_pixels(seed: int) -> None:
    boxes, probs = outputs(seed)

    theirs = read_s1(boxes, probs, ("full",))
    thresholds = np.array([0.5], dtype=np.float32)
    ours = detect(boxes[0], probs[0, :, 1:], ("full",), thresholds, 0.5, Letterbox(64, 64, 64))

    assert [one.confidence for one in theirs] == [one.confidence for one in ours]
    assert all(one.box.iou(other.box) > 0.97 for one, other in zip(theirs, ours, strict=True))


def test_a_box_of_one_label_drops_a_weaker_one_of_another() -> None:
    boxes = np.array([[[0.5, 0.5, 0.4, 0.4], [0.5, 0.5, 0.4, 0.4]]], dtype=np.float32)
    probs = np.array([[[0, 0.9, 0], [0, 0, 0.8]]], dtype=np.float32)

    assert [one.label for one in read_s1(boxes, probs, ("full", "empty"))] == ["full"]


def test_a_class_without_a_label_is_told_by_its_number() -> None:
    boxes, probs = np.array([[[0.5, 0.5, 0.2, 0.2]]], np.float32), np.array([[[0, 0, 0.9]]], np.float32)

    assert read_s1(boxes, probs, ("full",))[0].label == "1"


def test_what_is_less_sure_than_one_half_is_not_told() -> None:
    boxes, probs = np.array([[[0.5, 0.5, 0.2, 0.2]]], np.float32), np.array([[[0.51, 0.49]]], np.float32)

    assert read_s1(boxes, probs, ("full",)) == ()


def test_labels_are_lines_with_any_end() -> None:
    assert read_labels(b"a\r\nb\nc") == ("a", "b", "c")
    assert read_labels(b"a\n\n") == ("a", "")


def test_the_picture_is_stretched_to_the_square() -> None:
    width, height = NATIVE_SIZE
    picture = np.zeros((height, width, 3), dtype=np.uint8)
    picture[:, width // 2 :] = (1, 2, 3)

    planes = to_s1_input(picture, 32)

    assert planes.shape == (1, 3, 32, 32)
    assert planes.dtype == np.float32
    assert [planes[0, channel, 5, 31] for channel in range(3)] == [1, 2, 3]
    assert planes[0, :, :, :15].max() == 0
