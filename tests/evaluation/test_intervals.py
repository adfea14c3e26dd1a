"""Confidence intervals, against published values and against their definition."""

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trm.evaluation.intervals import Z, of_mean, of_mean_difference, of_share_difference, wilson


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (29, 29, 0.8830, 1.0)],
)
def test_wilson_gives_the_published_values(hits: int, total: int, low: float, high: float) -> None:
    """The values of R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    assert wilson(hits, total) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 5000), st.floats(0, 1))
def test_the_ends_of_wilsons_interval_are_z_deviations_away(total: int, share: float) -> None:
    """Its definition: the shares p at which |hits/total - p| is Z standard deviations of p."""
    hits = round(share * total)
    for end in wilson(hits, total):
        distance = abs(hits / total - end)
        assert distance == pytest.approx(Z * math.sqrt(end * (1 - end) / total), abs=1e-7)


def test_the_interval_of_a_mean_needs_two_values() -> None:
    assert of_mean([0.5]) is None
    low, high = of_mean([0.9, 0.92, 0.94]) or (0, 0)
    assert (low + high) / 2 == pytest.approx(0.92)
    assert high - 0.92 == pytest.approx(4.303 * statistics.stdev([0.9, 0.92, 0.94]) / math.sqrt(3))


def test_the_difference_of_two_shares_gives_the_published_values() -> None:
    """The values of R. G. Newcombe, Statistics in Medicine 17 (1998), table II, method 10."""
    assert of_share_difference((56, 70), (48, 80)) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert of_share_difference((10, 10), (0, 10)) == pytest.approx((0.6075, 1.0), abs=5e-5)


def test_the_difference_of_two_means_has_welchs_degrees_of_freedom() -> None:
    low, high = of_mean_difference([1.0, 2.0, 3.0], [2.0, 4.0, 6.0])  # 2.94 degrees of freedom
    assert (low, high) == pytest.approx((-2 - 1.2910 * 4.303, -2 + 1.2910 * 4.303), abs=1e-3)
    assert of_mean_difference([1.0, 1.0], [0.5, 0.5]) == (0.5, 0.5)
