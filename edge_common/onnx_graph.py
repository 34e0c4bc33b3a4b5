"""The one home of the onnx package: small ways to read, cut, extend and check graphs, kept to what a Myriad X runs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper, version_converter

from edge_common.errors import PackageError

OPSET = 11
"""What the VPU's own compiler reads; newer readers take it too. It has no usable Softmax (its axis rule differs)."""
IR_VERSION = 6
VPU_OPERATIONS = frozenset(
    {"Add", "AveragePool", "Clip", "Concat", "Conv", "Exp", "Flatten", "Gemm", "GlobalAveragePool", "MatMul", "Mul"}
    | {"Pow", "ReduceMax", "ReduceSum", "Relu", "Reshape", "Resize", "Sigmoid", "Transpose"}
)
"""Those of which OpenVINO 2021.4.2's Myriad plugin takes every layer of our files (docs/vpu.md).

It depends on what stands next to each other too, so a changed graph has to be asked about again.
"""

Shape = Sequence[int | str]
# The package's own types under names of this file, so that no other file needs the package.
ModelProto = onnx.ModelProto
GraphProto = onnx.GraphProto
NodeProto = onnx.NodeProto


def load_graph(path: Path) -> ModelProto:
    return onnx.load(str(path))


def parse_graph(model: bytes) -> ModelProto:
    return onnx.load_model_from_string(model)


def at_opset(model: ModelProto, opset: int, ir_version: int) -> ModelProto:
    """The same model in the words of a later opset."""
    later = version_converter.convert_version(model, opset)
    later.ir_version = ir_version
    return later


def array_of(tensor: onnx.TensorProto) -> NDArray[np.float32]:
    return np.asarray(numpy_helper.to_array(tensor))


def with_constant(graph: GraphProto, name: str, value: NDArray[np.float32]) -> GraphProto:
    """A copy of the graph in which the initializer of that name has another value."""
    changed = GraphProto()
    changed.CopyFrom(graph)
    tensor = next(tensor for tensor in changed.initializer if tensor.name == name)
    tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(value), name))
    return changed


class GraphBuilder:
    """Adds nodes and constants one by one; every method returns the name of what it made."""

    def __init__(self) -> None:
        self._nodes: list[NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._taken: set[str] = set()
        self._count = 0

    def adopt(
        self,
        graph: GraphProto,
        renamed: Mapping[str, str],
        *,
        operations: Iterable[str] | None = None,
        pads: Callable[[NodeProto], Sequence[int]] | None = None,
        prefix: str = "",
    ) -> None:
        """Take over a graph's constants and nodes (of these operations only), tensors renamed, Conv pads replaced.

        `prefix` is put before every name but those of the graph's inputs, so that several graphs can be taken over.
        """
        if prefix:
            made = [tensor.name for tensor in graph.initializer] + [name for node in graph.node for name in node.output]
            renamed = {name: prefix + name for name in made} | dict(renamed)
        for tensor in graph.initializer:
            constant = TensorProto()
            constant.CopyFrom(tensor)
            constant.name = renamed.get(tensor.name, tensor.name)
            self._constants.append(constant)
            self._taken.add(constant.name)
        wanted = None if operations is None else set(operations)
        for original in graph.node:
            if wanted is not None and original.op_type not in wanted:
                continue
            node = NodeProto()
            node.CopyFrom(original)
            node.input[:] = [renamed.get(name, name) for name in node.input]
            node.output[:] = [renamed.get(name, name) for name in node.output]
            node.name = node.output[0]
            if pads is not None and node.op_type == "Conv":
                next(item for item in node.attribute if item.name == "pads").ints[:] = pads(node)
            self._nodes.append(node)
            self._taken.update(node.output)

    def constant(self, value: NDArray[np.generic] | np.generic, name: str = "") -> str:
        name = name or self._next("const")
        self._constants.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        return name

    def node(self, operation: str, inputs: Sequence[str], name: str = "", **attributes: int | str | list[int]) -> str:
        """One node with one output."""
        output = name or self._next(operation.lower())
        node = helper.make_node(operation, list(inputs), [output], name=output)
        node.attribute.extend(helper.make_attribute(key, value) for key, value in sorted(attributes.items()))
        self._nodes.append(node)
        return output

    def conv(
        self,
        source: str,
        weights: NDArray[np.float32],
        bias: NDArray[np.float32] | None,
        *,
        stride: int = 1,
        groups: int = 1,
        pads: Sequence[int] = (0, 0, 0, 0),
        name: str = "",
    ) -> str:
        """Convolution: weights [out, in / groups, k, k], bias [out] or none, pads top, left, bottom, right."""
        size = weights.shape[2]
        parameters = [weights] if bias is None else [weights, bias]
        return self.node(
            "Conv",
            [source, *(self.constant(parameter.astype(np.float32)) for parameter in parameters)],
            name,
            kernel_shape=[size, size],
            strides=[stride, stride],
            pads=list(pads),
            group=groups,
        )

    def clip(self, source: str, low: float, high: float, name: str = "") -> str:
        bounds = [self.constant(np.array(bound, dtype=np.float32)) for bound in (low, high)]
        return self.node("Clip", [source, *bounds], name)

    # The VPU's plugin takes neither Div nor Sub, but what they are made of.

    def quotient(self, over: str, under: str, name: str = "") -> str:
        """`over` / `under`, which must be far enough from zero that 16 bits hold 1 / `under`."""
        return self.node("Mul", [over, self.node("Pow", [under, self.constant(np.float32(-1))])], name)

    def difference(self, first: str, second: str, name: str = "") -> str:
        """`first` - `second`."""
        return self.node("Add", [first, self.node("Mul", [second, self.constant(np.float32(-1))])], name)

    def build(self, name: str, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape]) -> ModelProto:
        """The finished float32 model, without what no output needs.

        Raises PackageError if it is not valid ONNX or has an operation that is not one of VPU_OPERATIONS.
        """
        graph = helper.make_graph(
            what_makes(self._nodes, outputs),
            name,
            [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in inputs.items()],
            [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in outputs.items()],
        )
        used = {source for node in graph.node for source in node.input}
        graph.initializer.extend(tensor for tensor in self._constants if tensor.name in used)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="fifteen")
        model.ir_version = IR_VERSION
        try:
            onnx.checker.check_model(model, full_check=True)
        except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
            raise PackageError(f"{name}: the graph is not valid ONNX: {error}") from error
        if beyond := operations_beyond_vpu(model):
            raise PackageError(f"{name}: a Myriad X is not known to run {', '.join(sorted(beyond))}")
        return model

    def _next(self, kind: str) -> str:
        # A graph taken over may have been made here too, so numbers can be taken already.
        while f"{kind}_{self._count}" in self._taken:
            self._count += 1
        self._taken.add(f"{kind}_{self._count}")
        return f"{kind}_{self._count}"


def attribute(node: NodeProto, name: str) -> list[int] | int | None:
    """A node's attribute of whole numbers, None if it has none of that name."""
    for item in node.attribute:
        if item.name == name:
            return list(item.ints) if item.type == onnx.AttributeProto.INTS else int(item.i)
    return None


def read_as(graph: GraphProto, name: str) -> str:
    """The tensor that the layers after `name` read: of a quantised one what is left of it, else itself."""
    readers = [node for node in graph.node if name in node.input]
    if [node.op_type for node in readers] != ["QuantizeLinear"]:
        return name
    quantised = readers[0].output[0]
    return next(str(node.output[0]) for node in graph.node if quantised in node.input)


def with_outputs(model: ModelProto, names: Iterable[str]) -> bytes:
    """The file of a model that gives these tensors (float32) and no others."""
    asked = ModelProto()
    asked.CopyFrom(model)
    del asked.graph.output[:]
    asked.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    return bytes(asked.SerializeToString())


def external_files(model: bytes) -> list[str]:
    """Other files that a model says to have weights in; raises PackageError when it is no ONNX model."""
    try:
        parsed = onnx.load_model_from_string(model)
    except Exception as error:  # protobuf's own error, which has no home here
        raise PackageError(f"an ONNX model expected, got {len(model)} bytes of something else") from error
    tensors = list(parsed.graph.initializer)
    tensors += [item.t for node in parsed.graph.node for item in node.attribute if item.HasField("t")]
    outside = [tensor for tensor in tensors if tensor.data_location == TensorProto.EXTERNAL]
    return [next((item.value for item in tensor.external_data if item.key == "location"), "?") for tensor in outside]


def opset_and_operations(model: bytes) -> tuple[int, set[str]]:
    """Which opset a model asks for, and the names of its operations, those of other makers with theirs.

    Raises PackageError when it is no ONNX model.
    """
    try:
        parsed = onnx.load_model_from_string(model)
    except Exception as error:  # protobuf's own error, which has no home here
        raise PackageError(f"an ONNX model expected, got {len(model)} bytes of something else") from error
    opset = max((one.version for one in parsed.opset_import if one.domain in ("", "ai.onnx")), default=0)
    return opset, {f"{node.domain}.{node.op_type}".removeprefix(".") for node in parsed.graph.node}


def operations_beyond_vpu(model: ModelProto) -> set[str]:
    """Names of operations in the graph that are not of VPU_OPERATIONS."""
    return {node.op_type for node in model.graph.node} - VPU_OPERATIONS


def what_makes(nodes: Sequence[NodeProto], outputs: Iterable[str]) -> list[NodeProto]:
    """Those of the nodes, each after what it reads, that the outputs come from; in the same order."""
    wanted = set(outputs)
    kept: list[NodeProto] = []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(node.input)
    return kept[::-1]
