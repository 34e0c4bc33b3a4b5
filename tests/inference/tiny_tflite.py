"""TFLite models of a few nodes that give what those of tiny_models give, once they are brought to the contract.

They take RGB from -1 to 1, rows of pixels, and tell boxes from anchors, as the zoo's detector does.
"""

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edge_common.detections import ModelKind
from edge_common.tflite_facts import AnchorMap, TfliteFacts, TfliteOutput
from tests.inference.tiny_models import SIZE

DETECTION = TfliteFacts(
    colours="rgb",
    scale=2 / 255,
    offset=-1,
    outputs={
        "raw_boxes": TfliteOutput(tensor="encodings", values="encodings"),
        "raw_probs": TfliteOutput(tensor="means", values="as they are"),
    },
    anchors=(AnchorMap(places=2, sizes=((0.5, 0.5),)),),
)
CLASSIFICATION = TfliteFacts(
    colours="rgb", scale=2 / 255, offset=-1, outputs={"probs": TfliteOutput(tensor="means", values="as they are")}
)
FACTS: dict[ModelKind, TfliteFacts] = {"detection": DETECTION, "classification": CLASSIFICATION}
_TYPES = {np.dtype(np.float32): schema.TensorType.FLOAT32, np.dtype(np.int32): schema.TensorType.INT32}


class _Graph:
    """Tensors and operators one by one; every method gives the number of the tensor that it made."""

    def __init__(self) -> None:
        self._part = schema.SubGraphT()
        self._part.tensors, self._part.operators = [], []
        self._codes: list[int] = []
        self._buffers = [schema.BufferT()]

    def tensor(self, name: str, shape: list[int], value: np.ndarray | None = None) -> int:
        one = schema.TensorT()
        one.name, one.shape = name, shape
        one.type = _TYPES[np.dtype(np.float32) if value is None else value.dtype]
        if value is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(value.tobytes(), dtype=np.uint8)
            self._buffers.append(buffer)
            one.buffer = len(self._buffers) - 1
        self._part.tensors.append(one)
        return len(self._part.tensors) - 1

    def constant(self, value: Any, kind: type = np.float32) -> int:
        array = np.asarray(value, dtype=kind)
        return self.tensor(f"constant {len(self._part.tensors)}", list(array.shape), array)

    def node(self, operation: str, inputs: list[int], shape: list[int], name: str = "", **options: Any) -> int:
        code = getattr(schema.BuiltinOperator, operation)
        if code not in self._codes:
            self._codes.append(code)
        one = schema.OperatorT()
        one.opcodeIndex, one.inputs = self._codes.index(code), inputs
        kind = options.pop("kind", None)
        if kind is not None:
            one.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            one.builtinOptions = getattr(schema, f"{kind}T")()
            for key, value in options.items():
                setattr(one.builtinOptions, key, value)
        made = self.tensor(name or f"tensor {len(self._part.tensors)}", shape)
        one.outputs = [made]
        self._part.operators.append(one)
        return made

    def packed(self, image: int, outputs: list[int]) -> bytes:
        self._part.inputs, self._part.outputs = [image], outputs
        model = schema.ModelT()
        model.version, model.subgraphs, model.buffers = 3, [self._part], self._buffers
        model.operatorCodes = []
        for code in self._codes:
            told = schema.OperatorCodeT()
            told.builtinCode, told.deprecatedBuiltinCode, told.version = code, min(code, 127), 1
            model.operatorCodes.append(told)
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def tflite_model(kind: ModelKind, size: int = SIZE) -> bytes:
    graph = _Graph()
    image = graph.tensor("pixels", [1, size, size, 3])
    if kind == "classification":
        means = graph.node("MEAN", [image, graph.constant([1, 2], np.int32)], [1, 3], kind="ReducerOptions")
        return graph.packed(image, [_as_bgr(graph, means, [1, 3])])
    half = size // 2
    places = graph.node(
        *("AVERAGE_POOL_2D", [image], [1, 2, 2, 3]),
        kind="Pool2DOptions",
        padding=schema.Padding.VALID,
        strideW=half,
        strideH=half,
        filterWidth=half,
        filterHeight=half,
    )
    rows = graph.node("RESHAPE", [places, graph.constant([1, 4, 3], np.int32)], [1, 4, 3], kind="ReshapeOptions")
    means = _as_bgr(graph, rows, [1, 4, 3])
    wider = graph.node("PAD", [means, graph.constant([[0, 0], [0, 0], [0, 1]], np.int32)], [1, 4, 4], kind="PadOptions")
    encodings = graph.node("MUL", [wider, graph.constant([0.0])], [1, 4, 4], "encodings", kind="MulOptions")
    return graph.packed(image, [encodings, means])


def _as_bgr(graph: _Graph, means: int, shape: list[int]) -> int:
    """From -1 to 1 in RGB to 0 to 1 in BGR."""
    halves = graph.node("MUL", [means, graph.constant([0.5])], shape, kind="MulOptions")
    shares = graph.node("ADD", [halves, graph.constant([0.5])], shape, kind="AddOptions")
    last = graph.constant([len(shape) - 1], np.int32)
    return graph.node("REVERSE_V2", [shares, last], shape, "means", kind="ReverseV2Options")
