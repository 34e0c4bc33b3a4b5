import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest

from edge_common.errors import NotFound, PackageError
from edge_common.images import decode_image, letterbox
from edge_common.lite0 import build_lite0
from edge_common.onnx_graph import GraphBuilder, load_graph, operations_beyond_vpu
from edge_common.onnx_session import OnnxSession
from edge_common.ssd import ANCHORS, FEATURE_MAPS, LOGITS, STRIDES, anchor_boxes
from edge_common.ssd_backbone import build_backbone
from edge_common.zoo import INDEX_FILE, LITE0, SSD_BACKBONE, SSD_DETECTOR, find, find_tflite, read_index
from edge_common.zoo_setup import LITE0_WEIGHTS, SSD_LABELS, SSD_TFLITE, read_source, set_up
from modules.capture.shelf_scene import ShelfScene
from tests.requirements_here import skip_or_fail
from tests.zoo_here import NODE_MODULES, copy_of_zoo, shared_data, zoo_folder, zoo_model

DETECTOR_SIZE = 300
BOXES, CLASSES = "raw_outputs/box_encodings", "raw_outputs/class_predictions"


def planes(square: np.ndarray) -> np.ndarray:
    """A square picture, BGR, as the detector takes it: RGB, -1 to 1, [1, 3, size, size]."""
    return (square[..., ::-1].transpose(2, 0, 1)[None] / 127.5 - 1).astype(np.float32)


def noise(size: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)


def shelf(size: int) -> np.ndarray:
    return letterbox(ShelfScene(3).draw(1.0), size)


# What is pinned, and where it is kept


@pytest.mark.parametrize("source", [SSD_TFLITE, SSD_LABELS, LITE0_WEIGHTS], ids=lambda source: source.path)
def test_every_pinned_file_is_what_it_was(source) -> None:
    zoo_folder()

    assert read_source(source, NODE_MODULES)


def test_other_bytes_than_those_pinned_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / SSD_LABELS.package
    folder.mkdir(parents=True)
    (folder / SSD_LABELS.path).write_bytes(b"???\nPerson\n")

    with pytest.raises(PackageError, match=f"has sha256 [0-9a-f]{{64}}, {SSD_LABELS.sha256} expected"):
        read_source(SSD_LABELS, tmp_path)


def test_an_npm_package_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"package @mediapipe/objectron: .* cannot be read"):
        read_source(SSD_TFLITE, tmp_path)


def test_a_pip_package_that_is_missing_is_named_with_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="package no-such-weights is not installed: run `make setup`"):
        read_source(replace(LITE0_WEIGHTS, package="no-such-weights"), tmp_path)


def test_set_up_fills_an_empty_folder_and_does_nothing_the_second_time(tmp_path: Path) -> None:
    made: list[int] = []

    def build() -> dict[str, bytes]:
        made.append(1)
        return {"one": b"a model", "two": b"another"}

    filled = [set_up(tmp_path / "zoo", build) for _ in range(2)]

    assert (filled, len(made)) == ([True, False], 1)
    assert find(tmp_path / "zoo", "two").path.read_bytes() == b"another"


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda zoo: (zoo / "one.onnx").write_bytes(b"a modem"), id="an altered model"),
        pytest.param(lambda zoo: (zoo / "one.onnx").unlink(), id="a missing model"),
        pytest.param(lambda zoo: (zoo / INDEX_FILE).write_text("{"), id="half an index"),
        pytest.param(lambda zoo: (zoo / INDEX_FILE).write_text('{"converter": 1, "models": []}'), id="a list"),
        pytest.param(lambda zoo: (zoo / INDEX_FILE).write_text('{"converter": 0, "models": {}}'), id="an older one"),
    ],
)
def test_set_up_makes_a_damaged_or_older_zoo_again(tmp_path: Path, damage) -> None:
    set_up(tmp_path, lambda: {"one": b"a model"})
    damage(tmp_path)

    assert set_up(tmp_path, lambda: {"one": b"a model"})
    assert find(tmp_path, "one").path.read_bytes() == b"a model"


def test_a_zoo_from_before_gets_its_tflite_files_and_keeps_its_models(tmp_path: Path) -> None:
    made: list[int] = []

    def build() -> dict[str, bytes]:
        made.append(1)
        return {"one": b"a model"}

    set_up(tmp_path, build)

    filled = [set_up(tmp_path, build, published=lambda: {"one": b"as published"}) for _ in range(2)]

    assert (filled, len(made)) == ([True, False], 1)
    assert (find_tflite(tmp_path, "one"), find_tflite(tmp_path, "two")) == (b"as published", None)


def test_a_damaged_tflite_file_is_refused_with_what_to_do_and_made_again(tmp_path: Path) -> None:
    def again() -> bool:
        return set_up(tmp_path, lambda: {"one": b"a model"}, published=lambda: {"one": b"as published"})

    again()
    for damage in (lambda path: path.write_bytes(b"as perished"), Path.unlink):
        damage(tmp_path / "one.tflite")

        with pytest.raises(PackageError, match=r"one\.tflite is missing or damaged: delete .* and run `make setup`"):
            find_tflite(tmp_path, "one")
        assert again()
        assert find_tflite(tmp_path, "one") == b"as published"


def test_a_damaged_model_is_refused_with_what_to_do(tmp_path: Path) -> None:
    zoo = copy_of_zoo(tmp_path)
    path = zoo / f"{LITE0}.onnx"
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(PackageError, match=r"missing or damaged: delete .* and run `make setup`"):
        find(zoo, LITE0)


def test_a_model_that_the_zoo_does_not_have_is_not_found(tmp_path: Path) -> None:
    assert read_index(tmp_path) == {}
    with pytest.raises(NotFound, match="run `make setup`"):
        find(tmp_path, SSD_DETECTOR)


@pytest.mark.parametrize("index", ["{", "[]", '{"models": []}', "{}"])
def test_a_damaged_index_is_refused(tmp_path: Path, index: str) -> None:
    (tmp_path / INDEX_FILE).write_text(index)

    with pytest.raises(PackageError, match="is damaged"):
        read_index(tmp_path)


def test_the_index_names_three_models() -> None:
    index = json.loads((zoo_folder() / INDEX_FILE).read_bytes())

    assert set(index["models"]) == {SSD_DETECTOR, SSD_BACKBONE, LITE0}


# The detector


@pytest.fixture(scope="module")
def tflite():
    """The detector as its makers published it, run by their own runtime."""
    zoo_folder()
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        skip_or_fail("ai-edge-litert is not installed here: run `make setup`")
    interpreter = Interpreter(model_content=read_source(SSD_TFLITE, NODE_MODULES), num_threads=1)
    interpreter.allocate_tensors()

    def run(tensor: np.ndarray) -> dict[str, np.ndarray]:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], tensor.transpose(0, 2, 3, 1))
        interpreter.invoke()
        return {one["name"]: interpreter.get_tensor(one["index"]) for one in interpreter.get_output_details()}

    return run


@pytest.mark.parametrize(
    "square",
    [
        pytest.param(noise(DETECTOR_SIZE, 1), id="noise"),
        pytest.param(noise(DETECTOR_SIZE, 2), id="other noise"),
        pytest.param(shelf(DETECTOR_SIZE), id="a drawn shelf"),
        pytest.param(np.zeros((DETECTOR_SIZE, DETECTOR_SIZE, 3), dtype=np.uint8), id="darkness"),
    ],
)
def test_the_converted_detector_says_what_the_published_one_says(tflite, square: np.ndarray) -> None:
    tensor = planes(square)

    expected = tflite(tensor)

    made = OnnxSession(zoo_model(SSD_DETECTOR).path, threads=1).run({"normalized_input_image_tensor": tensor})
    # The largest difference seen: 2.1e-4 for the drawn shelf, 3.8e-5 for noise; encodings go up to 81.
    for name in (BOXES, CLASSES):
        assert made[name].shape == expected[name].shape
        np.testing.assert_allclose(made[name], expected[name], atol=5e-4)


def test_a_network_that_is_not_the_detector_is_refused() -> None:
    builder = GraphBuilder()
    builder.node("Relu", ["image"], "same")
    other = builder.build("other", {"image": [1, 3, 8, 8]}, {"same": [1, 3, 8, 8]})

    with pytest.raises(PackageError, match=r"SSD-MobileNetV2 expected, the graph has no 'BoxPredictor_0/Reshape'"):
        build_backbone(other)


# The backbone that is cut out of it


def any_size_detector() -> tuple[onnx.ModelProto, list[str]]:
    """The detector's own layers up to its six predictors, padded by the runtime's rule for "same" at any size."""
    model = load_graph(zoo_model(SSD_DETECTOR).path)
    graph = model.graph
    maker = {name: node for node in graph.node for name in node.output}
    outputs = []
    for level in range(len(STRIDES)):
        for reshape in ("Reshape", "Reshape_1"):
            transpose = maker[maker[f"BoxPredictor_{level}/{reshape}"].input[0]]
            outputs.append(transpose.input[0])
    for node in graph.node:
        if node.op_type == "Conv":
            kept = [item for item in node.attribute if item.name not in ("pads", "auto_pad")]
            del node.attribute[:]
            node.attribute.extend([*kept, onnx.helper.make_attribute("auto_pad", "SAME_UPPER")])
    wanted, nodes = set(outputs), []
    for node in reversed(graph.node):
        if wanted & set(node.output):
            wanted |= set(node.input)
            nodes.append(node)
    anything = [None, None, None, None]
    made = onnx.helper.make_graph(
        nodes[::-1],
        "any size",
        [onnx.helper.make_tensor_value_info(graph.input[0].name, onnx.TensorProto.FLOAT, [1, 3, None, None])],
        [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, anything) for name in outputs],
        list(graph.initializer),
    )
    return onnx.helper.make_model(made, opset_imports=model.opset_import, ir_version=model.ir_version), outputs


@pytest.fixture(scope="module")
def reference():
    model, outputs = any_size_detector()
    session = OnnxSession(model.SerializeToString(), threads=1)

    def run(square: np.ndarray) -> list[np.ndarray]:
        made = session.run({"normalized_input_image_tensor": planes(square)})
        return [made[name] for name in outputs]

    return run


@pytest.fixture(scope="module")
def backbone() -> OnnxSession:
    return OnnxSession(zoo_model(SSD_BACKBONE).path, threads=1)


def test_at_its_own_size_the_reference_is_the_detector(reference) -> None:
    square = shelf(DETECTOR_SIZE)
    whole = OnnxSession(zoo_model(SSD_DETECTOR).path, threads=1).run({"normalized_input_image_tensor": planes(square)})

    first_boxes, first_logits = reference(square)[:2]

    count = 19 * 19 * ANCHORS[0]
    np.testing.assert_allclose(first_boxes[0].transpose(1, 2, 0).reshape(-1, 4), whole[BOXES][0, :count], atol=2e-4)
    np.testing.assert_allclose(
        first_logits[0].transpose(1, 2, 0).reshape(-1, LOGITS), whole[CLASSES][0, :count], atol=2e-4
    )


@pytest.mark.parametrize("size", [320, 448])
@pytest.mark.parametrize("picture", [shelf, noise], ids=["a drawn shelf", "noise"])
def test_the_backbone_says_at_other_sizes_what_the_detectors_layers_say(reference, backbone, picture, size) -> None:
    square = picture(size)

    made = backbone.run({"image": square.transpose(2, 0, 1)[None].astype(np.float32)})

    # The largest difference seen: 4.6e-5.
    names = [f"{kind}{stride}" for stride in STRIDES for kind in ("boxes", "logits")]
    for name, expected in zip(names, reference(square), strict=True):
        np.testing.assert_allclose(made[name], expected, atol=2e-4, err_msg=name)


def test_maps_have_their_strides_and_end_in_relu6(backbone: OnnxSession) -> None:
    made = backbone.run({"image": shelf(320).transpose(2, 0, 1)[None].astype(np.float32)})

    for name, channels in FEATURE_MAPS.items():
        side = 320 // int(name.removeprefix("map"))
        assert made[name].shape == (1, channels, side, side)
        assert (made[name].min(), made[name].max() <= 6) == (0, True)


def test_the_backbone_and_lite0_are_of_operations_that_the_vpu_runs() -> None:
    for name in (SSD_BACKBONE, LITE0):
        assert operations_beyond_vpu(load_graph(zoo_model(name).path)) == set()


@pytest.mark.parametrize("size", [320, 640])
def test_anchors_keep_their_size_in_pixels(size: int) -> None:
    levels = anchor_boxes(size)

    assert [level.shape for level in levels] == [
        (size // stride, size // stride, each, 4) for stride, each in zip(STRIDES, ANCHORS, strict=True)
    ]
    np.testing.assert_allclose(levels[0][0, 0, 0] * size, [8, 8, 30, 30], rtol=1e-6)
    np.testing.assert_allclose(levels[1][0, 1, 0] * size, [48, 16, 105, 105], rtol=1e-6)
    np.testing.assert_allclose(levels[2][1, 0, 1] * size, [32, 96, 150 * 2**0.5, 150 / 2**0.5], rtol=1e-6)


# Lite0


@pytest.fixture(scope="module")
def lite0() -> OnnxSession:
    return OnnxSession(zoo_model(LITE0).path, threads=1)


def test_lite0_gives_features_maps_and_logits(lite0: OnnxSession) -> None:
    image = np.stack([noise(224, seed).transpose(2, 0, 1) for seed in range(2)]).astype(np.float32)

    made = lite0.run({"image": image})

    assert {name: value.shape for name, value in made.items()} == {
        "features": (2, 1280),
        "map": (2, 1280, 7, 7),
        "map16": (2, 672, 14, 14),
        "logits": (2, 1000),
    }
    np.testing.assert_allclose(made["features"], made["map"].mean(axis=(2, 3)), atol=1e-5)


def test_lite0_cannot_be_built_from_weights_of_another_network() -> None:
    with pytest.raises(KeyError, match="_conv_stem"):
        build_lite0({})


def test_lite0_sees_a_grocery_store_in_a_photo_of_a_shelf(lite0: OnnxSession) -> None:
    path = shared_data("photos/shelf.jpg")
    pixels = decode_image(path.read_bytes())
    side = min(pixels.shape[:2])
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    square = cv2.resize(pixels[top : top + side, left : left + side], (224, 224), interpolation=cv2.INTER_AREA)

    logits = lite0.run({"image": square.transpose(2, 0, 1)[None].astype(np.float32)})["logits"][0]

    grocery_store = 582  # of ImageNet's thousand classes
    assert grocery_store in np.argsort(-logits)[:5]
