"""What a share measured on few pictures promises for new ones: intervals that hold in nine of ten cases. Pure."""

import numpy as np
from numpy.typing import NDArray

from edge_common.scores import Rate

Counts = NDArray[np.intp]

Z = 1.645 * 2**0.5
"""Of the normal distribution for nine of ten cases; the root of two, since new pictures vary as those measured do."""


def share_interval(share: float, count: float) -> tuple[float, float]:
    """Where the share of as many new independent cases lies (after Wilson 1927); 0 to 1 when there is none."""
    if count <= 0:
        return 0.0, 1.0
    centre = (share + Z**2 / (2 * count)) / (1 + Z**2 / count)
    half = Z / (1 + Z**2 / count) * np.sqrt(share * (1 - share) / count + Z**2 / (4 * count**2))
    return float(max(0.0, min(share, centre - half))), float(min(1.0, max(share, centre + half)))


def rate_of(hits: Counts, cases: Counts) -> Rate:
    """The share of all cases that are hits, from both counts picture by picture [pictures].

    Cases of one picture are alike, so they count for fewer: their number is divided by how much more the share varies
    between pictures than it would between independent cases (the design effect, Kish 1965).
    """
    total = int(cases.sum())
    if total == 0:
        return Rate(value=0.0, low=0.0, high=1.0)
    share = float(hits.sum() / total)
    pictures = int((cases > 0).sum())
    effect = 1.0
    if pictures > 1 and 0 < share < 1:
        between = float(((hits - share * cases) ** 2).sum()) * pictures / (pictures - 1) / total**2
        effect = max(1.0, between / (share * (1 - share) / total))
    low, high = share_interval(share, total / effect)
    return Rate(value=share, low=low, high=high)


def of_committee(rate: Rate, members: int) -> Rate:
    """What members promise, as a promise of their mean: its error is between theirs and, at best, a part of it.

    Members that err alike gain nothing by being averaged; the error of those that err apart shrinks to one over their
    number (Krogh & Vedelsby 1995). Which it is cannot be seen on images that most of them have learned from.
    """
    return rate.model_copy(update={"high": 1 - (1 - rate.high) / members})
