"""Gradients by central differences, to hold those of the learner against."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


def numeric_gradient(function: Callable[[Doubles], float], at: Doubles, step: float = 1e-6) -> Doubles:
    """The gradient of a number by every entry of `at`."""
    gradient = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        moved = at.copy()
        moved[place] = at[place] + step
        above = function(moved)
        moved[place] = at[place] - step
        gradient[place] = (above - function(moved)) / (2 * step)
    return gradient


def numeric_slope(function: Callable[[Doubles], float], at: Doubles, direction: Doubles, step: float = 1e-5) -> float:
    """How fast a number grows from `at` in a direction."""
    return (function(at + step * direction) - function(at - step * direction)) / (2 * step)
