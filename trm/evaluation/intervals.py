"""Confidence intervals at 95 %: of a share of puzzles, of a mean over seeds, and of the difference of two of them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

Interval = tuple[float, float]

Z = statistics.NormalDist().inv_cdf(0.975)
T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131)
"""The 97.5 % quantile of Student's t distribution for 1, 2, ... degrees of freedom."""


def wilson(hits: float, total: int) -> Interval:
    """Wilson's score interval of a share, which stays inside 0 to 1 and is useful at 0 and 100 % too.

    Args:
        hits: number of successes.
        total: number of trials, at least 1.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    """
    share, spread = hits / total, Z**2 / total
    center = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) * spread + spread**2 / 4) / (1 + spread)
    # Rounding must not exclude a share of exactly 0 or 1.
    return max(0.0, min(center - half, share)), min(1.0, max(center + half, share))


def of_mean(values: Sequence[float]) -> Interval | None:
    """Student's interval of the mean of independent runs; None for a single one, which says nothing about the spread."""
    if len(values) < 2:
        return None
    mean = statistics.fmean(values)
    half = _quantile(len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    return mean - half, mean + half


def of_mean_share(shares: Sequence[float]) -> Interval | None:
    """Same as `of_mean`, for values from 0 to 1: the interval stays inside 0 to 1."""
    interval = of_mean(shares)
    return interval and (max(interval[0], 0.0), min(interval[1], 1.0))


def of_share_difference(one: Sequence[float], other: Sequence[float]) -> Interval:
    """Newcombe's interval of the difference of two shares of independent puzzles, built from their Wilson intervals.

    Args:
        one: hits and total of the first share.
        other: hits and total of the share that is subtracted.

    Source: R. G. Newcombe, "Interval estimation for the difference", Statistics in Medicine 17 (1998), method 10.
    """
    (hits, total), (other_hits, other_total) = one, other
    share, other_share = hits / total, other_hits / other_total
    (low, high), (other_low, other_high) = wilson(hits, int(total)), wilson(other_hits, int(other_total))
    difference = share - other_share
    return (
        difference - math.hypot(share - low, other_high - other_share),
        difference + math.hypot(high - share, other_share - other_low),
    )


def of_mean_difference(one: Sequence[float], other: Sequence[float]) -> Interval:
    """Welch's interval of the difference of two means over independent runs, at least two each."""
    parts = [statistics.variance(values) / len(values) for values in (one, other)]
    freedom = [part**2 / (len(values) - 1) for part, values in zip(parts, (one, other), strict=True)]
    half = _quantile(sum(parts) ** 2 / sum(freedom)) * math.sqrt(sum(parts)) if any(parts) else 0.0
    difference = statistics.fmean(one) - statistics.fmean(other)
    return difference - half, difference + half


def _quantile(freedom: float) -> float:
    """The 97.5 % quantile of Student's t distribution, for degrees of freedom rounded down."""
    return T[int(freedom) - 1] if freedom < len(T) + 1 else Z
