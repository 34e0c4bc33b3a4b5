"""TFLite models as their makers published them, run on the processor by ai-edge-litert: the home of its SDK.

XNNPACK is what it uses where nothing else is asked for. What the file takes and gives is brought to the model contract
by the facts of the package's manifest and the layout that the file tells.
"""

from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from edge_common.errors import InferenceError, PackageError
from edge_common.tflite_facts import TfliteFacts, TfliteOutput, anchor_boxes

_FAULTS = (OSError, RuntimeError, TypeError, ValueError)


class TfliteRuntime:
    """A `Runtime`."""

    def __init__(self, model: Path, threads: int, facts: TfliteFacts) -> None:
        try:
            interpreter = Interpreter(model_content=model.read_bytes(), num_threads=threads)
            interpreter.allocate_tensors()
        except _FAULTS as error:
            raise PackageError(f"TFLite cannot load {model}: {_first_line(error)}") from error
        self._facts = facts
        inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
        shape = tuple(map(int, inputs[0]["shape"])) if len(inputs) == 1 else ()
        self._planes_last = shape[3:] == (3,)
        size = shape[1] if self._planes_last else shape[2] if len(shape) == 4 else 0
        if shape not in ((1, size, size, 3), (1, 3, size, size)) or inputs[0]["dtype"] is not np.float32:
            told = [(one["name"], list(one["shape"]), one["dtype"].__name__) for one in inputs]
            raise PackageError(
                f"{model}: one float32 input [1, size, size, 3] or [1, 3, size, size] expected, got {told}"
            )
        self._input = int(inputs[0]["index"])
        self._image = np.empty(shape, dtype=np.float32)
        self._shape = (1, 3, size, size)
        tensors = {str(one["name"]): int(one["index"]) for one in outputs if one["dtype"] is np.float32}
        if missing := [output.tensor for output in facts.outputs.values() if output.tensor not in tensors]:
            raise PackageError(f"{model}: float32 outputs {', '.join(missing)} expected, got {', '.join(tensors)}")
        self._tensors = tensors
        self._anchors = anchor_boxes(facts.anchors) if facts.anchors else np.empty((0, 4), dtype=np.float32)
        self._interpreter: Interpreter | None = interpreter

    def infer(self, image: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
        if self._interpreter is None:
            raise InferenceError("TFLite: the model is closed")
        if image.shape != self._shape:
            raise InferenceError(f"TFLite: an image of shape {self._shape} expected, got {image.shape}")
        self._take(image)
        try:
            self._interpreter.set_tensor(self._input, self._image)
            self._interpreter.invoke()
            found = {name: self._interpreter.get_tensor(index) for name, index in self._tensors.items()}
        except _FAULTS as error:
            raise InferenceError(f"TFLite failed: {_first_line(error)}") from error
        return {name: self._as_agreed(output, found[output.tensor]) for name, output in self._facts.outputs.items()}

    def close(self) -> None:
        self._interpreter = None

    def _take(self, image: NDArray[np.float32]) -> None:
        """Plane by plane, which is faster than reordering the whole."""
        facts = self._facts
        for plane in range(3):
            target = plane if facts.colours == "bgr" else 2 - plane
            place = self._image[0, :, :, target] if self._planes_last else self._image[0, target]
            np.multiply(image[0, plane], np.float32(facts.scale), out=place)
        self._image += np.float32(facts.offset)

    def _as_agreed(self, output: TfliteOutput, values: NDArray[np.float32]) -> NDArray[np.float32]:
        if output.values == "logits":
            # Beyond, the logistic function is 0 or 1 in 32 bits, and its power would overflow.
            return np.float32(1) / (np.float32(1) + np.exp(-np.clip(values, -80, 80)))
        if output.values == "encodings":
            return self._decoded(values)
        return values

    def _decoded(self, encodings: NDArray[np.float32]) -> NDArray[np.float32]:
        """[1, anchors, 4] as ty, tx, th, tw to cx, cy, w, h."""
        facts, anchors = self._facts, self._anchors
        if encodings.shape != (1, len(anchors), 4):
            raise InferenceError(f"TFLite: encodings of shape (1, {len(anchors)}, 4) expected, got {encodings.shape}")
        boxes = np.empty_like(encodings)
        shift = encodings[0, :, 1::-1] / np.float32(facts.centre_scale)
        growth = np.clip(encodings[0, :, :1:-1] / np.float32(facts.size_scale), -facts.most_growth, facts.most_growth)
        boxes[0, :, :2] = shift * anchors[:, 2:] + anchors[:, :2]
        boxes[0, :, 2:] = np.exp(growth) * anchors[:, 2:]
        return boxes


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
