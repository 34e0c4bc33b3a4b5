"""Reads a model zip as azureeyemodule does and says what is wrong with it, before anybody is told of its address.

azureeyemodule itself says nothing: with a zip that it cannot use it runs its own COCO model, and with a `DomainType`
that it does not know it ends, and ends again at every start.
"""

import io
import json
import re
import zipfile
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_common.detections import Detection
from edge_common.errors import InferenceError, PackageError
from edge_common.images import Pixels
from edge_common.onnx_graph import OPSET, VPU_OPERATIONS, external_files, opset_and_operations
from edge_common.onnx_session import OnnxSession
from modules.trainer_agent.handoff.s1 import read_labels, read_s1, to_s1_input

DOMAIN_TYPES = (
    *("ssd100", "ssd200", "yolo", "s1", "classification", "openpose", "ocr", "onnxssd", "unet"),
    *("faster-rcnn-resnet50", "objectdetection", "default"),
)
"""All that `parser.cpp` knows, in small letters."""
MOST_MODEL_BYTES = 100_000_000
"""Larger ones are "serious trouble" by its README."""
MOST_ZIP_BYTES = 250_000_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""A file's name reaches a shell there; a comma would part it in two."""
_FURTHEST, _LARGEST = 2.0, 8.0
"""Centres and sizes of boxes as fractions of the picture: with pixels in their place they are far beyond."""


def check_zip(data: bytes, labels: Sequence[str], pixels: Pixels, *, threads: int = 1) -> tuple[Detection, ...]:
    """What azureeyemodule would find in the picture; `labels` are those of the package, in its order.

    Raises PackageError that says what it would not take, which value that is, and what it expects.
    """
    files = _files(data)
    config = _config(files)
    _check_domain(_text(config, "DomainType"))
    model_name = _file_of(config, "ModelFileName", files)
    found = read_labels(files[_file_of(config, "LabelFileName", files)])
    if found != tuple(labels):
        raise PackageError(f"labels: {', '.join(map(repr, labels))} expected in this order, got {list(found)!r}")
    onnx_name = _onnx_beside(model_name, files)
    for name in {model_name, onnx_name}:
        if len(files[name]) > MOST_MODEL_BYTES:
            raise PackageError(f"{name}: {MOST_MODEL_BYTES} bytes at most expected, got {len(files[name])}")
        if not files[name]:
            raise PackageError(f"{name}: a model expected, the file is empty")
    _check_graph(onnx_name, files[onnx_name])
    session = OnnxSession(files[onnx_name], threads=threads)
    size = _check_shapes(session, len(found))
    try:
        outputs = session.run({"image": to_s1_input(pixels, size)})
    except InferenceError as error:
        raise PackageError(f"{onnx_name} does not run on a picture: {error}") from error
    boxes, probs = (np.asarray(outputs[name], dtype=np.float32) for name in ("raw_boxes", "raw_probs"))
    _check_values(boxes, probs)
    return read_s1(boxes, probs, found)


def _files(data: bytes) -> dict[str, bytes]:
    if len(data) > MOST_ZIP_BYTES:
        raise PackageError(f"zip: {MOST_ZIP_BYTES} bytes at most expected, got {len(data)}")
    files: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                if not _NAME.fullmatch(entry.filename) or entry.filename in files:
                    raise PackageError(f"zip: plain names, each once, expected, got {entry.filename[:80]!r}")
                if entry.file_size > MOST_ZIP_BYTES:
                    raise PackageError(f"zip: {entry.filename} unpacks to {entry.file_size} bytes")
                files[entry.filename] = archive.read(entry)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise PackageError(f"zip: it cannot be unpacked: {error}") from error
    return files


def _config(files: dict[str, bytes]) -> dict[str, Any]:
    if "config.json" not in files:
        raise PackageError(f"config.json expected in the zip, got {sorted(files)}")
    try:
        config = json.loads(files["config.json"])
    except ValueError as error:
        raise PackageError(f"config.json: JSON expected, got {files['config.json'][:80]!r}") from error
    if not isinstance(config, dict):
        raise PackageError(f"config.json: an object expected, got {config!r}")
    return config


def _check_domain(domain: str) -> None:
    if domain.lower() not in DOMAIN_TYPES:
        raise PackageError(f"DomainType: one of {', '.join(DOMAIN_TYPES)} expected, got {domain!r}; it would end")
    if domain.lower() != "s1":
        raise PackageError(f"DomainType: s1 expected, whose outputs this model has, got {domain!r}")


def _text(config: dict[str, Any], key: str) -> str:
    value = config.get(key)
    if not isinstance(value, str) or not value:
        raise PackageError(f"{key}: text expected in config.json, got {value!r}")
    return value


def _file_of(config: dict[str, Any], key: str, files: dict[str, bytes]) -> str:
    name = _text(config, key)
    if name not in files:
        raise PackageError(f"{key}: a file of the zip ({', '.join(sorted(files))}) expected, got {name!r}")
    return name


def _onnx_beside(model_name: str, files: dict[str, bytes]) -> str:
    """The ONNX file that the model is, or was compiled of: a blob cannot be looked into."""
    stem, _, kind = model_name.rpartition(".")
    if kind not in ("onnx", "blob"):
        raise PackageError(f"ModelFileName: a name that ends in .onnx or .blob expected, got {model_name!r}")
    if f"{stem}.onnx" not in files:
        raise PackageError(f"{stem}.onnx expected beside {model_name}, to see what it gives")
    return f"{stem}.onnx"


def _check_graph(name: str, model: bytes) -> None:
    if outside := external_files(model):
        raise PackageError(f"{name}: all weights expected in it, some are in {', '.join(outside)}")
    opset, operations = opset_and_operations(model)
    if opset > OPSET:
        raise PackageError(f"{name}: opset {OPSET} at most expected by the VPU's compiler, got {opset}")
    if beyond := operations - VPU_OPERATIONS:
        raise PackageError(f"{name}: a Myriad X is not known to run {', '.join(sorted(beyond))}")


def _check_shapes(session: OnnxSession, labels: int) -> int:
    """The input's side in pixels."""
    if set(session.inputs) != {"image"}:
        raise PackageError(f"inputs: image alone expected, got {sorted(session.inputs)}")
    shape = session.inputs["image"]
    side = shape[-1]
    if not isinstance(side, int) or shape != (1, 3, side, side):
        raise PackageError(f"image: shape [1, 3, size, size] expected, got {list(shape)}")
    if set(session.outputs) != {"raw_boxes", "raw_probs"}:
        raise PackageError(f"outputs: raw_boxes and raw_probs expected, got {sorted(session.outputs)}")
    boxes, probs = session.outputs["raw_boxes"], session.outputs["raw_probs"]
    rows = boxes[1] if len(boxes) == 3 else None
    if not isinstance(rows, int) or rows < 1 or boxes != (1, rows, 4):
        raise PackageError(f"raw_boxes: fixed shape [1, n, 4] expected, got {list(boxes)}")
    if probs != (1, rows, 1 + labels):
        wanted = f"[1, {rows}, {1 + labels}], background and {labels} labels,"
        raise PackageError(f"raw_probs: shape {wanted} expected, got {list(probs)}")
    return side


def _check_values(boxes: NDArray[np.float32], probs: NDArray[np.float32]) -> None:
    for name, values in (("raw_boxes", boxes), ("raw_probs", probs)):
        if not np.isfinite(values).all():
            raise PackageError(f"{name}: finite numbers expected, got {values[~np.isfinite(values)][0]}")
    if probs.min() < 0 or probs.max() > 1:
        raise PackageError(f"raw_probs: 0 to 1 expected, got {probs.min():g} to {probs.max():g}")
    # Nearly all of some thousand places show nothing: the background stands where the mean is highest.
    means = probs[0].mean(axis=0)
    if means.argmax() != 0:
        raise PackageError(
            f"raw_probs: the background expected first, the mean of class {means.argmax()} is higher: {means.max():g}, "
            f"that of class 0 is {means[0]:g}"
        )
    if np.abs(boxes[..., :2] - 0.5).max() > _FURTHEST or boxes[..., 2:].max() > _LARGEST:
        raise PackageError(
            "raw_boxes: centres and sizes as fractions of the picture expected, got centres of "
            f"{boxes[..., :2].min():g} to {boxes[..., :2].max():g}, sizes up to {boxes[..., 2:].max():g}"
        )
    if boxes[..., 2:].min() < 0:
        raise PackageError(f"raw_boxes: sizes from 0 expected, got {boxes[..., 2:].min():g}")
