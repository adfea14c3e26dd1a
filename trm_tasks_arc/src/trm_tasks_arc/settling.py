"""When to stop learning a task: as soon as its two leading answers stay the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trm_tasks_arc.attempts import Standing
from trm_tasks_arc.grids import grid_key
from trm_tasks_arc.scoring import ATTEMPTS

PATIENCE = 4
"""Standings in a row with the same two leading answers after which more learning rarely changes them."""


def until_settled(standings: Iterable[Standing], patience: int = PATIENCE) -> Iterator[Standing]:
    """Yield standings until the two leading answers to every test input stay the same.

    They must also have more than half of the votes together, so that scattered first guesses do not count as settled.

    Args:
        standings: the standings, in order.
        patience: number of standings in a row with the same leading answers (default: 4).
    """
    previous, same = None, 0
    for standing in standings:
        yield standing
        leading = [[grid_key(grid) for grid, _ in ranked[:ATTEMPTS]] for ranked in standing.ranked]
        sure = all(sum(share for _, share in ranked[:ATTEMPTS]) > 0.5 for ranked in standing.ranked)
        same = same + 1 if leading == previous and sure else 1
        previous = leading
        if same >= patience:
            return
