"""ONNX models of a few nodes that give what the fake runtime gives, their packages, and frames to try them on."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edge_common.detections import ModelKind
from edge_common.frames import Frame
from edge_common.packages import Manifest, PackageStore
from modules.inference.runtimes.runtime_fake import QUARTERS

SIZE = 64
GREEN_SHELF, RED_SHELF = "green shelf", "red shelf"


def onnx_model(kind: ModelKind, size: int = SIZE, *, scale: float = 1 / 255) -> bytes:
    """The mean colours of quarters or of the whole picture; opset 13. Another scale breaks the model contract."""
    init = [numpy_helper.from_array(np.array(scale, dtype=np.float32), "scale")]
    nodes = [helper.make_node("Mul", ["image", "scale"], ["scaled"])]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, size, size])
    if kind == "classification":
        init.append(numpy_helper.from_array(np.array([1, 3]), "shape"))
        nodes.append(helper.make_node("GlobalAveragePool", ["scaled"], ["means"]))
        nodes.append(helper.make_node("Reshape", ["means", "shape"], ["probs"]))
        outputs = [helper.make_tensor_value_info("probs", TensorProto.FLOAT, [1, 3])]
    else:
        half = size // 2
        init.append(numpy_helper.from_array(np.array([1, 3, 4]), "shape"))
        init.append(numpy_helper.from_array(np.array([[*QUARTERS]], dtype=np.float32), "quarters"))
        nodes.append(
            helper.make_node("AveragePool", ["scaled"], ["means"], kernel_shape=[half, half], strides=[half, half])
        )
        nodes.append(helper.make_node("Reshape", ["means", "shape"], ["rows"]))
        nodes.append(helper.make_node("Transpose", ["rows"], ["raw_probs"], perm=[0, 2, 1]))
        nodes.append(helper.make_node("Identity", ["quarters"], ["raw_boxes"]))
        outputs = [
            helper.make_tensor_value_info("raw_boxes", TensorProto.FLOAT, [1, 4, 4]),
            helper.make_tensor_value_info("raw_probs", TensorProto.FLOAT, [1, 4, 3]),
        ]
    graph = helper.make_graph(nodes, "means", [image], outputs, init)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def fake_model(kind: ModelKind, size: int = SIZE) -> bytes:
    return json.dumps({"kind": kind, "size": size}).encode()


def manifest(version: str = "1", **changes: Any) -> Manifest:
    values: dict[str, Any] = {
        "model_id": "shelf",
        "model_name": "Shelf",
        "version": version,
        "kind": "detection",
        "labels": (GREEN_SHELF, RED_SHELF),
        "input_size_px": SIZE,
        "backbone": "none",
        "backbone_sha256": "0" * 64,
        "thresholds": {GREEN_SHELF: 0.5, RED_SHELF: 0.5},
        "score": None,
        "images": 15,
        "boxes": 20,
        "dataset_sha256": "0" * 64,
        "parent_version": None,
        "created": "2026-11-22T10:00:00Z",
        "program_version": "0",
    }
    return Manifest.model_validate(values | changes)


def publish_model(store: PackageStore, version: str, model: bytes | None = None, **changes: Any) -> Path:
    """Write a package and make it active."""
    described = manifest(version, **changes)
    folder = store.write(described, onnx_model(described.kind) if model is None else model)
    store.activate(described.model_id, version)
    return folder


def coloured_frame(
    colour: tuple[int, int, int] = (0, 255, 0), *, camera: str = "camera-1", sequence: int = 1, taken_ns: int = 1
) -> Frame:
    """A square frame of one colour (BGR), so that letterboxing adds nothing."""
    return Frame(camera, sequence, taken_ns, np.full((96, 96, 3), colour, dtype=np.uint8))
