"""Whether two runtimes say the same of an image."""

from typing import NamedTuple

import numpy as np

from modules.inference.runtimes.runtime import Outputs

_CONTRACT = ("raw_boxes", "raw_probs", "probs")


class Tolerance(NamedTuple):
    """The largest differences that are taken for the same: of a probability; of a side or centre of a box.

    Of boxes larger than the picture, as those of places without an object can be, as a part of their own size.
    """

    probability: float
    box: float


FP32 = Tolerance(0.005, 0.005)
"""Runtimes that count in 32 bits were 0.000006 apart on photos; a quarter of 0.02 moves nothing over a threshold."""
INT8 = Tolerance(0.1, 0.08)
"""Twice what two runtimes were apart on the same file of whole numbers: they round in different places (ADR 31)."""
FP16 = Tolerance(0.1, 0.05)
"""Ten times what 16 bits make of our models (docs/vpu.md). What is no answer is farther off: boxes of anchors are."""


def disagreement(found: Outputs, expected: Outputs, tolerance: Tolerance) -> str:
    """What of the model contract's outputs is not as expected; empty when all is. Not-a-number never is."""
    ours, theirs = shapes_of(expected), shapes_of(found)
    if ours != theirs:
        return f"outputs of shapes {ours} expected, got {theirs}"
    for name in ours:
        distance = np.abs(found[name] - expected[name])
        most = tolerance.probability
        if name == "raw_boxes":
            most = tolerance.box
            distance = distance / np.maximum(1, np.tile(expected[name][..., 2:], 2))
        worst = float(distance.max(initial=0))
        if not worst <= most:
            return f"{name} at most {most:g} off expected, got {worst:.3g}"
    return ""


def shapes_of(outputs: Outputs) -> dict[str, tuple[int, ...]]:
    """Of the model contract's outputs; other names of the same are left out."""
    return {name: outputs[name].shape for name in _CONTRACT if name in outputs}
