"""Whether a new version goes live by itself. Pure."""

from typing import Literal

from edge_common.scores import Comparison
from edge_common.sentences import marked

Rule = Literal["if_better", "always", "never"]


def reason_to_wait(rule: Rule, comparison: Comparison | None) -> str:
    """Why a new version is kept as a candidate, in a sentence for staff; empty when it goes live.

    `comparison` is None when nothing is live, or nothing that could be compared.
    """
    if rule == "never":
        return marked("This device is set up so that new versions do not go live by themselves.")
    if rule == "if_better" and comparison is not None and comparison.worse:
        images = "image" if comparison.images == 1 else f"{comparison.images} images"
        live, new = (
            f"{value * 100:.{_decimals(comparison)}f} %" for value in (comparison.live_value, comparison.value)
        )
        return f"On the same {images} the version in use does better: {live} against {new}."
    return ""


def _decimals(comparison: Comparison) -> int:
    """As many as it takes to see a difference."""
    return 0 if round(comparison.live_value * 100) != round(comparison.value * 100) else 1
