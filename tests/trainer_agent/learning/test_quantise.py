from pathlib import Path

import numpy as np
import pytest

from edge_common.errors import LearningError, RuntimeUnavailable
from edge_common.images import letterbox
from edge_common.model_io import to_input
from edge_common.onnx_graph import parse_graph
from edge_common.onnx_session import OnnxSession
from edge_common.ssd import FEATURE_MAPS
from modules.inference.runtimes.runtime import open_runtime
from modules.trainer_agent.learning.quantise import layers_of_backbones, quantised
from tests.requirements_here import skip_or_fail
from tests.trainer_agent.learning.conftest import SIZE, Trained
from tests.trainer_agent.learning.made import draw_shapes

UNSEEN = to_input(draw_shapes(101)[0], SIZE)


@pytest.fixture(scope="module")
def whole(detector_file: Path, trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("int8")
    squares = [letterbox(picture, SIZE) for picture in trained.pictures]
    path = folder / "model.int8.onnx"
    path.write_bytes(quantised(detector_file.read_bytes(), squares, folder / "room"))
    assert not (folder / "room").exists()
    return path


def test_the_layers_of_the_backbone_are_in_whole_numbers_and_what_was_learned_is_not(
    detector_file: Path, whole: Path
) -> None:
    before = parse_graph(detector_file.read_bytes())
    after = parse_graph(whole.read_bytes())
    bits8 = {node.output[0] for node in after.graph.node if node.op_type == "DequantizeLinear"}

    def kernels_in_whole_numbers(model_graph) -> int:
        return sum(node.op_type == "Conv" and node.input[1] in bits8 for node in model_graph.node)

    of_backbone = [node for node in layers_of_backbones(before) if node.op_type == "Conv"]
    assert kernels_in_whole_numbers(after.graph) == len(of_backbone) > 40
    of_all = [node for node in before.graph.node if node.op_type == "Conv"]
    assert sum(node.op_type == "Conv" for node in after.graph.node) == len(of_all) > len(of_backbone)
    assert not any(name.startswith(("boxes", "logits")) for node in of_backbone for name in node.output)
    assert whole.stat().st_size < detector_file.stat().st_size * 0.6


def test_pixels_are_brought_to_the_range_of_the_backbone_before_its_first_layer(detector_file: Path) -> None:
    layers = layers_of_backbones(parse_graph(detector_file.read_bytes()))

    assert layers[0].op_type == "Conv"
    assert not any("image" in node.input for node in layers)
    assert {name for node in layers for name in node.output} >= FEATURE_MAPS.keys()


def test_it_takes_and_gives_what_the_model_in_floating_point_does(detector_file: Path, whole: Path) -> None:
    in_float, in_int8 = (OnnxSession(path, threads=1) for path in (detector_file, whole))

    assert (in_int8.inputs, in_int8.outputs) == (in_float.inputs, in_float.outputs)
    expected, given = (session.run({"image": UNSEEN}) for session in (in_float, in_int8))
    best = int(expected["raw_probs"][0, :, 1:].max(axis=1).argmax())
    # The differences seen: 0.06 in the probability of the surest box, 0.01 in where it lies.
    np.testing.assert_allclose(given["raw_probs"][0, best], expected["raw_probs"][0, best], atol=0.15)
    np.testing.assert_allclose(given["raw_boxes"][0, best], expected["raw_boxes"][0, best], atol=0.04)


def test_openvino_reads_it_and_says_nearly_the_same(whole: Path) -> None:
    try:
        runtimes = [open_runtime(kind, whole, threads=1) for kind in ("onnx", "openvino")]
    except RuntimeUnavailable as reason:
        skip_or_fail(str(reason))

    expected, given = (runtime.infer(UNSEEN) for runtime in runtimes)

    for runtime in runtimes:
        runtime.close()
    assert given.keys() >= expected.keys()
    best = np.argsort(-expected["raw_probs"][0, :, 1:].max(axis=1))[:5]
    # The largest differences seen: 0.05 in probabilities, 0.005 in places. Each runtime rounds where it likes to.
    np.testing.assert_allclose(given["raw_probs"][0, best], expected["raw_probs"][0, best], atol=0.1)
    np.testing.assert_allclose(given["raw_boxes"][0, best], expected["raw_boxes"][0, best], atol=0.02)


def test_what_cannot_be_quantised_is_told_with_the_reason_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(LearningError, match=r"quantising ended with exit code 1: .*(DecodeError|parsing)"):
        quantised(b"no model", [np.zeros((64, 64, 3), dtype=np.uint8)], tmp_path / "room")

    assert list(tmp_path.iterdir()) == []


def test_squares_of_another_size_are_told_with_the_reason(detector_file: Path, tmp_path: Path) -> None:
    with pytest.raises(LearningError, match="INVALID_ARGUMENT"):
        quantised(detector_file.read_bytes(), [np.zeros((64, 64, 3), dtype=np.uint8)], tmp_path / "room")
