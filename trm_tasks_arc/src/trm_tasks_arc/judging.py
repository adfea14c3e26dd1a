"""What is wrong with two attempts at a test input, in one of a few words that can be counted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trm_tasks_arc.grids import Grid

NEARLY = 0.9
"""Share of right cells from which an answer of the right size is nearly right."""

MODES = ("timeout", "too large", "no answer", "wrong size", "nearly right", "wrong colours", "wrong cells")


def mode_of(attempts: Sequence[Grid], solution: Grid) -> str | None:
    """Name the failure of some attempts at one test input; None if one of them is the solution.

    The best attempt counts: "nearly right" has the right size and at least 90 % of the cells; "wrong colours" has the right
    size, and its set of colours differs from that of the solution; "wrong cells" has the right colours too.
    """
    if any(np.array_equal(attempt, solution) for attempt in attempts):
        return None
    answers = [attempt for attempt in attempts if attempt.size]
    if not answers:
        return "no answer"
    sized = [attempt for attempt in answers if attempt.shape == solution.shape]
    if not sized:
        return "wrong size"
    best = max(sized, key=lambda attempt: float((attempt == solution).mean()))
    if (best == solution).mean() >= NEARLY:
        return "nearly right"
    return "wrong cells" if set(best.flat) == set(solution.flat) else "wrong colours"
