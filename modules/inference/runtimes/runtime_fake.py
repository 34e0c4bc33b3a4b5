"""A runtime without an SDK: "models" that measure the mean colours of a picture, the same answer every time.

It serves tests, and demonstrations on machines that have no runtime. Its model file is JSON:
{"kind": "detection" or "classification", "size": 64}. Detection looks at the four quarters of the picture: the
probability of background is the mean of blue, of the first label green, of the second red. Classification gives
the same three means of the whole picture as three labels.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_common.errors import InferenceError, PackageError

QUARTERS = ((0.25, 0.25, 0.5, 0.5), (0.75, 0.25, 0.5, 0.5), (0.25, 0.75, 0.5, 0.5), (0.75, 0.75, 0.5, 0.5))
"""cx, cy, w, h, row by row."""


class FakeRuntime:
    """A `Runtime`."""

    def __init__(self, model: Path) -> None:
        try:
            spec = json.loads(model.read_bytes())
            self._kind, self._size = str(spec["kind"]), int(spec["size"])
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise PackageError(f"{model}: JSON with kind and size expected: {error!r}") from error
        if self._kind not in ("detection", "classification"):
            raise PackageError(f"{model}: kind detection or classification expected, got {self._kind!r}")
        self._open = True

    def infer(self, image: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
        expected = (1, 3, self._size, self._size)
        if not self._open:
            raise InferenceError("fake runtime: the model is closed")
        if image.shape != expected:
            raise InferenceError(f"fake runtime: an image of shape {expected} expected, got {image.shape}")
        if self._kind == "classification":
            return {"probs": image.mean(axis=(2, 3)) / np.float32(255)}
        half = self._size // 2
        means = image[:, :, : 2 * half, : 2 * half].reshape(1, 3, 2, half, 2, half).mean(axis=(3, 5))
        return {
            "raw_boxes": np.array([QUARTERS], dtype=np.float32),
            "raw_probs": means.reshape(1, 3, 4).transpose(0, 2, 1) / np.float32(255),
        }

    def close(self) -> None:
        self._open = False
