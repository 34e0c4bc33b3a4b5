"""How azureeyemodule reads an S1 model's outputs: `s1_kernels.hpp`, `objectdetector.cpp` and `labels.cpp` of
microsoft/azure-percept-advanced-development, in numpy. Pure.

It asserts four dimensions and takes the last two; outputs of three get one in front, as those of Custom Vision's own S1
models do (`object_detection_no_postprocess_s1` of Azure-Samples/customvision-export-samples). Unlike this product it
stretches the picture to the model's square, drops a box for one of any other label, and does
not cut boxes off at the edge.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_common.detections import Detection
from edge_common.errors import PackageError
from edge_common.geometry import Box, suppress
from edge_common.images import Pixels, scale_to

Floats = NDArray[np.float32]

NATIVE_SIZE = (816, 616)
"""Width and height of its pictures as it is shipped."""
CONFIDENCE, OVERLAP = 0.5, 0.5
_MOST = 10_000


def read_labels(data: bytes) -> tuple[str, ...]:
    """The lines of the label file; raises PackageError where they are not UTF-8."""
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError as error:
        raise PackageError(f"labels: UTF-8 expected, got {data[error.start : error.end]!r}") from error
    # What follows the last end of line is a line only if there is something.
    lines = lines if lines[-1] else lines[:-1]
    return tuple(line.removesuffix("\r") for line in lines)


def to_s1_input(pixels: Pixels, size: int) -> Floats:
    """The picture stretched to float32 [1, 3, size, size], BGR, whole numbers of 0 to 255."""
    square = scale_to(pixels, (size, size))
    return np.ascontiguousarray(square.transpose(2, 0, 1)[None], dtype=np.float32)


def read_s1(
    raw_boxes: Floats, raw_probs: Floats, labels: Sequence[str], size: tuple[int, int] = NATIVE_SIZE
) -> tuple[Detection, ...]:
    """What it would tell of outputs [1, n, 4] and [1, n, 1 + labels] for a picture of that size, surest first."""
    boxes, probs = raw_boxes.reshape(-1, 4), raw_probs.reshape(len(raw_boxes[0]), -1)
    rows, classes = np.nonzero(probs[:, 1:] >= CONFIDENCE)
    if len(rows) == 0:
        return ()
    width, height = size
    spans = boxes[rows, 2:] * (width, height)
    low = np.trunc((boxes[rows, :2] - boxes[rows, 2:] / 2) * (width, height))
    corners = np.concatenate([low, low + np.trunc(spans)], axis=1) / (width, height, width, height)
    sure = probs[rows, classes + 1]
    kept = suppress(corners.astype(np.float32), sure, OVERLAP, _MOST)
    return tuple(
        Detection(_label(int(classes[one]), labels), float(sure[one]), Box(*map(float, corners[one]))) for one in kept
    )


def _label(index: int, labels: Sequence[str]) -> str:
    return labels[index] if index < len(labels) else str(index)
