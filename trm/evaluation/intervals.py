"""Confidence intervals at 95 %: of a share of puzzles, and of a mean over seeds."""

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
    return max(0.0, center - half), min(1.0, center + half)


def of_mean(values: Sequence[float]) -> Interval | None:
    """Student's interval of the mean of independent runs; None for a single one, which says nothing about the spread."""
    if len(values) < 2:
        return None
    quantile = T[len(values) - 2] if len(values) - 2 < len(T) else Z
    mean, half = statistics.fmean(values), quantile * statistics.stdev(values) / math.sqrt(len(values))
    return mean - half, mean + half
