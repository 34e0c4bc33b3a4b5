import numpy as np
import pytest

from edge_common.scores import Rate
from modules.trainer_agent.learning.intervals import of_committee, rate_of, share_interval


@pytest.mark.parametrize(
    ("share", "count", "expected"),
    [
        pytest.param(0.5, 100, (0.387, 0.613), id="half of a hundred"),
        pytest.param(1.0, 15, (0.735, 1), id="all of fifteen prove less than certainty"),
        pytest.param(0.0, 15, (0, 0.265), id="none of fifteen"),
        pytest.param(0.7, 0, (0.0, 1.0), id="nothing counted says nothing"),
    ],
)
def test_intervals_of_shares(share: float, count: int, expected: tuple[float, float]) -> None:
    assert share_interval(share, count) == pytest.approx(expected, abs=1e-3)


def test_the_interval_holds_the_share_of_as_many_new_cases_in_nine_of_ten() -> None:
    rng = np.random.default_rng(0)

    kept = []
    for _ in range(4000):
        low, high = share_interval(rng.binomial(40, 0.8) / 40, 40)
        kept.append(low <= rng.binomial(40, 0.8) / 40 <= high)

    assert np.mean(kept) == pytest.approx(0.9, abs=0.03)


def test_cases_that_come_in_pictures_prove_less_than_single_ones() -> None:
    apart = rate_of(np.array([1, 1, 1, 0] * 5), np.ones(20, dtype=np.intp))
    together = rate_of(np.array([5, 5, 5, 0]), np.full(4, 5))

    assert apart.value == together.value == 0.75
    assert together.low < apart.low
    assert together.high > apart.high


def test_the_interval_holds_for_new_pictures_that_are_all_right_or_all_wrong() -> None:
    rng = np.random.default_rng(1)
    kept = []
    for _ in range(2000):
        cases = rng.integers(1, 6, 20)
        new = rng.integers(1, 6, 20)
        rate = rate_of(cases * (rng.random(20) < 0.7), cases)
        kept.append(rate.low <= (new * (rng.random(20) < 0.7)).sum() / new.sum() <= rate.high)

    assert np.mean(kept) >= 0.85


def test_nothing_counted_is_nothing_known() -> None:
    rate = rate_of(np.zeros(3, dtype=np.intp), np.zeros(3, dtype=np.intp))

    assert (rate.value, rate.low, rate.high) == (0, 0, 1)


@pytest.mark.parametrize(
    ("rate", "members", "high"),
    [
        pytest.param((0.8, 0.6, 0.9), 1, 0.9, id="one alone promises what it does"),
        pytest.param((0.8, 0.6, 0.9), 4, 0.975, id="the error of four may shrink to a quarter"),
        pytest.param((1.0, 0.7, 1.0), 4, 1.0, id="nothing is better than right"),
        pytest.param((0.0, 0.0, 0.2), 2, 0.6, id="of members that are wrong"),
    ],
)
def test_a_committee_may_be_better_than_its_members_and_is_hardly_worse(
    rate: tuple[float, float, float], members: int, high: float
) -> None:
    value, low, most = rate

    whole = of_committee(Rate(value=value, low=low, high=most), members)

    assert (whole.value, whole.low) == (value, low)
    assert whole.high == pytest.approx(high)
