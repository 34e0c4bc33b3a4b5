"""Ready-made models as packages: what they say is what the published networks say."""

from dataclasses import replace

import numpy as np
import pytest

from edge_common.detections import Detection
from edge_common.errors import NotFound, PackageError
from edge_common.geometry import Letterbox
from edge_common.images import letterbox
from edge_common.model_io import decode, to_input
from edge_common.onnx_graph import external_files, load_graph, operations_beyond_vpu
from edge_common.onnx_session import OnnxSession
from edge_common.ready_made import DETECTOR_SIZE_PX, READY_MADE, build_package, detector_maps, ready_made
from edge_common.tflite_facts import anchor_boxes
from edge_common.zoo import LITE0, SSD_DETECTOR, labels_file, read_labels
from edge_common.zoo_setup import LITE0_LABELS, build_labels, distinct_labels, read_source
from modules.capture.shelf_scene import ShelfScene
from tests.zoo_here import NODE_MODULES, copy_of_zoo, shared_data, zoo_folder, zoo_model

PICTURE = ShelfScene(3).draw(1.0)


def test_labels_are_distinct_and_short_enough_to_be_tags():
    assert distinct_labels(["missile", "Missile", "x" * 30 + " (one or the other)", 'a "b"']) == (
        "missile",
        "Missile 2",
        "x" * 30 + " (one or",
        "a b",
    )


def test_the_zoo_has_the_labels_of_both_in_the_order_of_their_outputs():
    detector, pictures = read_labels(zoo_folder(), SSD_DETECTOR), read_labels(zoo_folder(), LITE0)

    assert (len(detector), detector[0], detector[-1]) == (23, "Bicycle", "Car")
    assert (len(pictures), pictures[0], pictures[1], pictures[954], pictures[999]) == (
        *(1000, "tench", "goldfish", "banana"),
        "toilet paper",
    )
    assert max(map(len, pictures)) <= 40
    assert {SSD_DETECTOR: detector, LITE0: pictures} == build_labels(NODE_MODULES)


def test_the_pinned_names_are_what_they_were():
    zoo_folder()

    assert read_source(LITE0_LABELS, NODE_MODULES)
    with pytest.raises(PackageError, match="has sha256"):
        read_source(replace(LITE0_LABELS, end=10), NODE_MODULES)


def test_labels_that_are_missing_or_damaged_are_refused_with_what_to_run(tmp_path):
    zoo = copy_of_zoo(tmp_path)
    path = zoo / labels_file(LITE0)

    for damage in (b"", b"one\none\n", b"\xff\xff"):
        path.write_bytes(damage)
        with pytest.raises(PackageError, match="run `make setup`"):
            read_labels(zoo, LITE0)
    path.unlink()
    with pytest.raises(PackageError, match="run `make setup`"):
        build_package(zoo, ready_made("pictures"))


def test_an_unknown_one_is_not_found():
    with pytest.raises(NotFound, match="no ready-made model 'x'"):
        ready_made("x")


@pytest.mark.parametrize("one", READY_MADE, ids=lambda one: one.name)
def test_a_package_is_static_alone_and_of_operations_that_the_vpu_runs(tmp_path, one):
    manifest, model = build_package(zoo_folder(), one)
    path = tmp_path / "model.onnx"
    path.write_bytes(model)

    session = OnnxSession(path, threads=1)

    assert session.inputs == {"image": (1, 3, one.size_px, one.size_px)}
    assert manifest.score is None
    assert set(manifest.thresholds) == set(manifest.labels)
    assert set(one.samples) <= set(manifest.labels)
    assert external_files(model) == []
    assert operations_beyond_vpu(load_graph(path)) == set()


def test_the_detectors_package_says_what_the_detector_says():
    raw = OnnxSession(zoo_model(SSD_DETECTOR).path, threads=1)
    _, model = build_package(zoo_folder(), ready_made("objects"))
    square = letterbox(PICTURE, DETECTOR_SIZE_PX)
    planes = (square[..., ::-1].transpose(2, 0, 1)[None] / 127.5 - 1).astype(np.float32)
    expected = raw.run({"normalized_input_image_tensor": planes})

    made = OnnxSession(model, threads=1).run({"image": to_input(PICTURE, DETECTOR_SIZE_PX)})

    logits = expected["raw_outputs/class_predictions"]
    np.testing.assert_allclose(made["raw_probs"], 1 / (1 + np.exp(-logits)), atol=1e-4)
    ty, tx, th, tw = np.moveaxis(expected["raw_outputs/box_encodings"][0], 1, 0)
    cx, cy, wide, high = anchor_boxes(detector_maps()).T
    boxes = np.stack([cx + tx / 10 * wide, cy + ty / 10 * high, wide * np.exp(tw / 5), high * np.exp(th / 5)], axis=1)
    sane = np.abs(np.stack([tw, th])).max(axis=0) < 20  # beyond, ours are held
    np.testing.assert_allclose(made["raw_boxes"][0][sane], boxes[sane], atol=1e-3)


def test_the_classifiers_probabilities_are_those_of_its_logits():
    raw = OnnxSession(zoo_model(LITE0).path, threads=1)
    _, model = build_package(zoo_folder(), ready_made("pictures"))
    tensor = to_input(PICTURE, 224)
    logits = raw.run({"image": tensor}, ["logits"])["logits"].astype(np.float64)

    probs = OnnxSession(model, threads=1).run({"image": tensor})["probs"]

    powers = np.exp(logits - logits.max())
    np.testing.assert_allclose(probs, powers / powers.sum(), atol=1e-5)


def seen(one, pixels) -> tuple[Detection, ...]:
    manifest, model = build_package(zoo_folder(), one)
    return decode(
        OnnxSession(model, threads=1).run({"image": to_input(pixels, one.size_px)}),
        kind=one.kind,
        labels=manifest.labels,
        thresholds=np.full(len(manifest.labels), one.threshold, dtype=np.float32),
        overlap=0.5,
        place=Letterbox(pixels.shape[1], pixels.shape[0], one.size_px),
    )


def test_on_a_real_picture_it_finds_an_animal_where_it_is():
    from edge_common.images import decode_image

    path = shared_data("detection/raccoon") / "images" / "raccoon-123.jpg"

    best = seen(ready_made("objects"), decode_image(path.read_bytes()))[0]

    assert best.label in ("Cat", "Dog")
    assert best.box.area > 0.2
