"""Solving and rating Sudoku puzzles of any supported size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from trm_tasks_sudoku.geometry import size_of
from trm_tasks_sudoku.search import NO_STREAM, UNLIMITED, load, place, search, workspace

Grids = npt.NDArray[np.uint8]
Counts = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Solution:
    """The result of a search.

    Attributes:
        grids: solutions [K, L], up to the limit of the search.
        backtracks: guesses that were given up because no solution followed from them.
        complete: False if the search ended early because of too many backtracks; there may be more solutions.
    """

    grids: Grids
    backtracks: int
    complete: bool

    @property
    def solutions(self) -> int:
        """The number of solutions found."""
        return len(self.grids)


@njit(cache=True, nogil=True)
def _rate(work: Any, grids: Any, limit: int, no_stream: Any, solutions: Any, backtracks: Any) -> None:
    found = np.empty((0, grids.shape[1]), np.uint8)
    for index in range(len(grids)):
        work.grid[:] = grids[index]
        solutions[index], backtracks[index] = search(work, limit, UNLIMITED, no_stream, found)


@njit(cache=True)
def _naked_singles(work: Any, grids: Any, solved: Any) -> None:
    full = (1 << (len(work.used) // 3)) - 1
    for index in range(len(grids)):
        work.grid[:] = grids[index]
        empty = load(work)
        before = empty + 1
        while 0 < empty < before:
            before = empty
            for position in range(empty - 1, -1, -1):
                row, column, box = work.units[work.order[position]]
                candidates = full & ~(work.used[row] | work.used[column] | work.used[box])
                if candidates and candidates & (candidates - 1) == 0:
                    empty = place(work, position, candidates, empty)
        solved[index] = empty == 0


def solve(grid: npt.ArrayLike, limit: int = 2, max_backtracks: int | None = None) -> Solution:
    """Find up to `limit` solutions of a puzzle. The search is deterministic.

    Args:
        grid: digits [L], 0 for an empty cell.
        limit: 2 is enough to know whether the first solution is unique.
        max_backtracks: end the search after more backtracks than this. Default: no limit.

    Raises:
        UsageError: L is not the number of cells of a supported size.
    """
    cells = np.asarray(grid, np.uint8)
    work = workspace(size_of(cells.size))
    work.grid[:] = cells.ravel()
    found = np.zeros((limit, cells.size), np.uint8)
    most = UNLIMITED if max_backtracks is None else max_backtracks
    solutions, backtracks = search(work, limit, most, NO_STREAM, found)
    return Solution(found[:solutions], backtracks, backtracks <= most)


def rate(grids: npt.ArrayLike, limit: int = 2) -> tuple[Counts, Counts]:
    """The number of solutions [N], up to `limit`, and of backtracks [N] of each puzzle [N, L].

    Backtracks measure difficulty: 0 if naked and hidden singles suffice, a few hundred for the hardest known 9x9 puzzles.
    """
    cells = np.ascontiguousarray(grids, np.uint8)
    solutions, backtracks = np.zeros((2, len(cells)), np.int32)
    _rate(workspace(size_of(cells.shape[1])), cells, limit, NO_STREAM, solutions, backtracks)
    return solutions, backtracks


def solved_by_naked_singles(grids: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Whether repeatedly filling cells with a single candidate solves each puzzle [N, L], as [N]."""
    cells = np.ascontiguousarray(grids, np.uint8)
    solved = np.zeros(len(cells), np.bool_)
    _naked_singles(workspace(size_of(cells.shape[1])), cells, solved)
    return solved
