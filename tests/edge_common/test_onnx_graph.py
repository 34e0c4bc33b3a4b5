from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from edge_common.errors import InferenceError, PackageError
from edge_common.onnx_graph import (
    OPSET,
    GraphBuilder,
    array_of,
    at_opset,
    attribute,
    load_graph,
    operations_beyond_vpu,
    parse_graph,
    read_as,
    what_makes,
    with_constant,
    with_outputs,
)
from edge_common.onnx_session import OnnxSession

IMAGE = {"image": [1, 2, 4, 4]}


def built(builder: GraphBuilder, output: str, shape: list[int | str]) -> OnnxSession:
    return OnnxSession(builder.build("made", IMAGE, {output: shape}).SerializeToString(), threads=1)


def test_a_convolution_and_a_clip_do_what_they_say() -> None:
    builder = GraphBuilder()
    weights = np.array([[1, 1], [-1, 0]], dtype=np.float32)[:, :, None, None]
    made = builder.conv("image", weights, np.array([0, 1], dtype=np.float32))
    builder.clip(made, 0, 2.5, "out")
    image = np.full((1, 2, 4, 4), 2, dtype=np.float32)

    out = built(builder, "out", [1, 2, 4, 4]).run({"image": image})["out"]

    assert (out[0, 0] == 2.5).all()
    assert (out[0, 1] == 0).all()


def test_a_convolution_can_be_without_a_bias() -> None:
    builder = GraphBuilder()
    builder.conv("image", np.array([[1, 1]], dtype=np.float32)[:, :, None, None], None, name="out")

    out = built(builder, "out", [1, 1, 4, 4]).run({"image": np.full((1, 2, 4, 4), 2, dtype=np.float32)})["out"]

    assert (out == 4).all()


def test_a_quotient_and_a_difference_are_made_of_what_a_vpu_takes() -> None:
    rng = np.random.default_rng(0)
    image = rng.uniform(0.001, 1000, (1, 2, 4, 4)).astype(np.float32)
    other = rng.uniform(0.001, 1000, (1, 2, 4, 4)).astype(np.float32)
    builder = GraphBuilder()
    second = builder.constant(other)
    builder.quotient("image", second, "quotient")
    builder.difference("image", second, "difference")

    model = builder.build("made", IMAGE, {"quotient": [1, 2, 4, 4], "difference": [1, 2, 4, 4]})
    out = OnnxSession(model.SerializeToString(), threads=1).run({"image": image})

    assert {node.op_type for node in model.graph.node} == {"Add", "Mul", "Pow"}
    np.testing.assert_allclose(out["quotient"], image / other, rtol=1e-6)
    np.testing.assert_array_equal(out["difference"], image - other)


def test_what_no_output_needs_is_left_out() -> None:
    builder = GraphBuilder()
    builder.node("Mul", ["image", builder.constant(np.float32(2), "unused")])
    builder.node("Relu", ["image"], "out")

    model = builder.build("made", IMAGE, {"out": [1, 2, 4, 4]})

    assert [node.op_type for node in model.graph.node] == ["Relu"]
    assert not model.graph.initializer
    assert [item.version for item in model.opset_import] == [OPSET]


def test_a_graph_taken_over_can_be_extended_cut_and_fed_by_other_names() -> None:
    first = GraphBuilder()
    doubled = first.node("Mul", ["image", first.constant(np.float32(2))])
    first.node("Relu", [first.node("Add", [doubled, first.constant(np.float32(1))])], "old")
    graph = first.build("first", IMAGE, {"old": [1, 2, 4, 4]}).graph

    second = GraphBuilder()
    halved = second.node("Mul", ["image", second.constant(np.float32(0.5), "half")], "halved")
    second.adopt(graph, {"image": halved, "old": "middle"}, operations=("Mul", "Add", "Relu"))
    second.node("Add", ["middle", second.constant(np.float32(10))], "new")

    out = built(second, "new", [1, 2, 4, 4]).run({"image": np.full((1, 2, 4, 4), 3, dtype=np.float32)})["new"]
    assert (out == 3 * 0.5 * 2 + 1 + 10).all()


def test_two_graphs_of_the_same_names_are_taken_over_side_by_side() -> None:
    def scaled(by: float) -> GraphBuilder:
        builder = GraphBuilder()
        builder.node("Mul", ["image", builder.constant(np.float32(by), "factor")], "scaled")
        return builder

    both = GraphBuilder()
    both.adopt(scaled(2).build("one", IMAGE, {"scaled": [1, 2, 4, 4]}).graph, {})
    both.adopt(scaled(5).build("other", IMAGE, {"scaled": [1, 2, 4, 4]}).graph, {"scaled": "second"}, prefix="other.")
    both.node("Add", ["scaled", "second"], "out")

    out = built(both, "out", [1, 2, 4, 4]).run({"image": np.ones((1, 2, 4, 4), dtype=np.float32)})["out"]

    assert (out == 7).all()


def test_a_constant_is_replaced_in_a_copy() -> None:
    builder = GraphBuilder()
    builder.node("Mul", ["image", builder.constant(np.float32(2), "factor")], "out")
    graph = builder.build("made", IMAGE, {"out": [1, 2, 4, 4]}).graph

    changed = with_constant(graph, "factor", np.array(5, dtype=np.float32))

    assert [array_of(tensor).item() for one in (graph, changed) for tensor in one.initializer] == [2, 5]


def test_attributes_of_whole_numbers_are_read() -> None:
    builder = GraphBuilder()
    builder.conv("image", np.ones((2, 2, 3, 3), dtype=np.float32), np.zeros(2), stride=2, pads=(0, 0, 1, 1), name="out")

    (node,) = builder.build("made", IMAGE, {"out": [1, 2, 2, 2]}).graph.node

    assert attribute(node, "strides") == [2, 2]
    assert attribute(node, "group") == 1
    assert attribute(node, "dilations") is None


@pytest.mark.parametrize(
    ("operation", "inputs", "shape", "reason"),
    [
        pytest.param("Relu", ["nowhere"], [1, 2, 4, 4], "not valid ONNX", id="a tensor that nothing makes"),
        pytest.param("Reloo", ["image"], [1, 2, 4, 4], "not valid ONNX", id="an operation that there is not"),
        pytest.param("Relu", ["image"], [1, 2, 4, 5], "not valid ONNX", id="another shape than promised"),
        pytest.param("Softmax", ["image"], [1, 2, 4, 4], "Myriad X is not known to run Softmax", id="not for a VPU"),
        pytest.param(
            "Div", ["image", "image"], [1, 2, 4, 4], "Myriad X is not known to run Div", id="a plain quotient"
        ),
    ],
)
def test_a_graph_that_is_not_valid_or_not_for_a_vpu_is_not_built(operation, inputs, shape, reason) -> None:
    builder = GraphBuilder()
    builder.node(operation, inputs, "out")

    with pytest.raises(PackageError, match=f"made: .*{reason}"):
        builder.build("made", IMAGE, {"out": shape})


def test_a_graph_survives_its_file(tmp_path: Path) -> None:
    builder = GraphBuilder()
    builder.node("Relu", ["image"], "out")
    model = builder.build("made", IMAGE, {"out": [1, 2, 4, 4]})
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())

    assert load_graph(tmp_path / "model.onnx") == model
    assert operations_beyond_vpu(model) == set()


def test_a_session_names_what_it_takes_and_gives() -> None:
    builder = GraphBuilder()
    builder.node("Relu", ["image"], "out")

    session = OnnxSession(
        builder.build("made", {"image": ["batch", 2]}, {"out": ["batch", 2]}).SerializeToString(), threads=1
    )

    assert (session.inputs, session.outputs) == ({"image": ("batch", 2)}, {"out": ("batch", 2)})
    with pytest.raises(InferenceError, match="ONNX Runtime failed"):
        session.run({"image": np.zeros((1, 3), dtype=np.float32)})
    with pytest.raises(InferenceError, match="ONNX Runtime failed"):
        session.run({"picture": np.zeros((1, 2), dtype=np.float32)})


def test_a_session_gives_the_outputs_that_are_wanted() -> None:
    builder = GraphBuilder()
    for factor in (2, 3):
        builder.node("Mul", ["image", builder.constant(np.float32(factor))], f"times{factor}")
    outputs = {name: [1, 2, 4, 4] for name in ("times2", "times3")}
    session = OnnxSession(builder.build("made", IMAGE, outputs).SerializeToString(), threads=1)
    feeds = {"image": np.ones((1, 2, 4, 4), dtype=np.float32)}

    assert list(session.run(feeds, wanted=["times3"])) == ["times3"]
    assert set(session.run(feeds)) == {"times2", "times3"}
    with pytest.raises(InferenceError, match="times9"):
        session.run(feeds, wanted=["times9"])


def test_a_file_that_is_no_model_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"hello")

    with pytest.raises(PackageError, match=r"cannot load .*model\.onnx"):
        OnnxSession(tmp_path / "model.onnx", threads=1)
    with pytest.raises(PackageError, match="cannot load a model of 5 bytes"):
        OnnxSession(b"hello", threads=1)


def a_chain() -> GraphBuilder:
    """The picture doubled, then tripled, and beside that its sum over channels."""
    builder = GraphBuilder()
    twice = builder.node("Mul", ["image", builder.constant(np.float32(2))], "twice")
    builder.node("Mul", [twice, builder.constant(np.float32(3))], "six")
    builder.node("ReduceSum", ["image"], "sum", axes=[1], keepdims=1)
    return builder


def test_a_model_says_the_same_in_the_words_of_a_later_opset() -> None:
    made = a_chain().build("made", IMAGE, {"six": [1, 2, 4, 4], "sum": [1, 1, 4, 4]})
    image = np.arange(32, dtype=np.float32).reshape(1, 2, 4, 4)

    later = at_opset(made, 13, 8)

    assert (later.opset_import[0].version, later.ir_version, made.opset_import[0].version) == (13, 8, OPSET)
    out = OnnxSession(later.SerializeToString(), threads=1).run({"image": image})
    np.testing.assert_allclose(out["six"], image * 6)
    np.testing.assert_allclose(out["sum"], image.sum(axis=1, keepdims=True))


def test_a_model_can_be_asked_for_what_is_inside_it() -> None:
    made = a_chain().build("made", IMAGE, {"six": [1, 2, 4, 4]})
    image = np.ones((1, 2, 4, 4), dtype=np.float32)

    out = OnnxSession(with_outputs(parse_graph(made.SerializeToString()), ["twice"]), threads=1).run({"image": image})

    assert list(out) == ["twice"]
    np.testing.assert_allclose(out["twice"], 2)


def test_what_makes_an_output_is_found_in_order() -> None:
    made = a_chain().build("made", IMAGE, {"six": [1, 2, 4, 4], "sum": [1, 1, 4, 4]})

    assert [node.output[0] for node in what_makes(made.graph.node, ["six"])] == ["twice", "six"]
    assert [node.output[0] for node in what_makes(made.graph.node, ["sum"])] == ["sum"]


def test_of_a_quantised_tensor_the_layers_after_it_read_what_is_left_of_it() -> None:
    plain = a_chain().build("made", IMAGE, {"six": [1, 2, 4, 4]}).graph
    quantised = at_opset(a_chain().build("made", IMAGE, {"six": [1, 2, 4, 4]}), 13, 8).graph
    step = [
        helper.make_tensor("step", TensorProto.FLOAT, [], [0.1]),
        helper.make_tensor("zero", TensorProto.UINT8, [], [0]),
    ]
    quantised.initializer.extend(step)
    quantised.node[1].input[0] = "left"
    quantised.node.insert(1, helper.make_node("QuantizeLinear", ["twice", "step", "zero"], ["eight bits"]))
    quantised.node.insert(2, helper.make_node("DequantizeLinear", ["eight bits", "step", "zero"], ["left"]))

    assert read_as(quantised, "twice") == "left"
    assert (read_as(plain, "twice"), read_as(plain, "six")) == ("twice", "six")
