"""A detector of a few nodes as the trainer exports one: boxes of quarters, each as likely as it is green or red."""

from typing import Any

import numpy as np

from edge_common.onnx_graph import GraphBuilder
from edge_common.packages import Manifest, PackageStore

SIZE = 64
LABELS = ("green shelf", "red shelf")
QUARTERS = [[x, y, 0.5, 0.5] for y in (0.25, 0.75) for x in (0.25, 0.75)]


def detector(
    *,
    boxes: str = "raw_boxes",
    probs: str = "raw_probs",
    image: str = "image",
    background_last: bool = False,
    times: float = 1.0,
    spans: float = 1.0,
) -> bytes:
    """The ONNX file; each argument but the first breaks the contract in its own way, or renames something."""
    builder = GraphBuilder()
    half = SIZE // 2
    means = builder.node("AveragePool", [image], kernel_shape=[half, half], strides=[half, half])
    means = builder.node("Mul", [means, builder.constant(np.float32(1 / 255))])
    rows = builder.node("Reshape", [means, builder.constant(np.array([1, 3, 4]))])
    rows = builder.node("Transpose", [rows], perm=[0, 2, 1])
    # A half of a colour is next to nothing, so that most of a picture is background.
    rows = builder.node("Pow", [rows, builder.constant(np.float32(4))])
    pick = np.zeros((3, 2), dtype=np.float32)
    pick[1, 0] = pick[2, 1] = times
    likely = builder.node("MatMul", [rows, builder.constant(pick)])
    taken = builder.node("ReduceSum", [likely], axes=[2], keepdims=1)
    left = builder.clip(builder.difference(builder.constant(np.float32(1)), taken), 0, 1)
    builder.node("Concat", [likely, left] if background_last else [left, likely], probs, axis=2)
    nothing = builder.node("MatMul", [rows, builder.constant(np.zeros((3, 4), dtype=np.float32))])
    builder.node("Add", [nothing, builder.constant(spans * np.array([QUARTERS], dtype=np.float32))], boxes)
    model = builder.build("quarters", {image: [1, 3, SIZE, SIZE]}, {boxes: [1, 4, 4], probs: [1, 4, 3]})
    return bytes(model.SerializeToString())


def manifest(version: str, **changes: Any) -> Manifest:
    values: dict[str, Any] = {
        "model_id": "shelf",
        "model_name": "Shelf",
        "version": version,
        "kind": "detection",
        "labels": LABELS,
        "input_size_px": SIZE,
        "backbone": "none",
        "backbone_sha256": "0" * 64,
        "thresholds": dict.fromkeys(LABELS, 0.5),
        "score": None,
        "attributes": {"aisle": "4"},
        "images": 15,
        "boxes": 20,
        "dataset_sha256": "0" * 64,
        "parent_version": None,
        "created": "2026-11-26T10:00:00Z",
        "program_version": "0",
    }
    return Manifest.model_validate(values | changes)


def put_live(store: PackageStore, version: str, model: bytes | None = None, **changes: Any) -> None:
    described = manifest(version, **changes)
    store.write(described, detector() if model is None else model)
    store.activate(described.model_id, version)
