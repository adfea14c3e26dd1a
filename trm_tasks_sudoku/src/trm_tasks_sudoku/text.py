"""Sudoku puzzles written as text, and sentences about them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trm.data import showing_compilation
from trm_tasks_sudoku.geometry import size_of
from trm_tasks_sudoku.proof import Proof
from trm_tasks_sudoku.rules import cell_name
from trm_tasks_sudoku.symbols import DIGITS

ONE_SOLUTION = "The puzzle has exactly one solution."
_PROOF = Proof()
LONGEST_SEARCH = 1_000_000
"""Number of backtracks after which a search ends; they take a few seconds."""


def to_text(grid: npt.NDArray[np.integer]) -> str:
    """Write a grid [L] as one line, with '.' for an empty cell, for `trm_tasks_sudoku.reading`."""
    return "".join(DIGITS[digit] for digit in grid)


def explain(puzzle: npt.NDArray[np.uint8]) -> str:
    """A sentence that says whether a puzzle [L] has no, one or several solutions."""
    if _PROOF.one_solution(puzzle):
        return ONE_SOLUTION
    from trm_tasks_sudoku.solver import solve  # compiled code, which takes long to load

    with showing_compilation():
        result = solve(puzzle, limit=2, max_backtracks=LONGEST_SEARCH)
    size = size_of(len(puzzle))
    if result.solutions == 2:
        first, second = result.grids
        cell = int(np.flatnonzero(first != second)[0])
        return (
            f"The puzzle has several solutions: the cell at {cell_name(cell, size)} may be {DIGITS[first[cell]]} or "
            f"{DIGITS[second[cell]]}. It needs more clues."
        )
    if not result.complete:
        return (
            f"Cannot tell whether the puzzle has one solution: the search stopped after {LONGEST_SEARCH:,} backtracks."
        )
    if result.solutions == 0:
        return "The puzzle has no solution: its clues contradict each other."
    return ONE_SOLUTION
