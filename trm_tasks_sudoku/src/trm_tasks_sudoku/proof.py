"""Proving in plain Python that a puzzle has one solution.

Loading the compiled solver takes about a second, which a single puzzle is not worth.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trm_tasks_sudoku.geometry import geometry, size_of

PATIENCE = 2_000_000
"""Empty cells that a process may look at: a fraction of the time that the compiled solver takes to load."""


class Proof:
    """A search for the solutions of puzzles that gives up when its patience is exhausted."""

    def __init__(self, patience: int = PATIENCE) -> None:
        self.patience = patience

    def one_solution(self, puzzle: npt.NDArray[np.uint8]) -> bool:
        """Whether a puzzle [L] certainly has exactly one solution; False if that is not so, or not proven in time."""
        if self.patience < 0:
            return False
        size = size_of(len(puzzle))
        units = geometry(size).units.tolist()
        used = [0] * (3 * size)
        empty = []
        for cell, digit in enumerate(puzzle.tolist()):
            if digit == 0:
                empty.append(cell)
                continue
            for unit in units[cell]:
                if used[unit] >> digit & 1:
                    return False
                used[unit] |= 1 << digit
        full = (2 << size) - 2
        return self._solutions(empty, units, used, full) == 1

    def _solutions(self, empty: list[int], units: list[list[int]], used: list[int], full: int) -> int:
        """The number of ways to fill the cells, up to 2; 2 as well if the patience is exhausted."""
        if not empty:
            return 1
        self.patience -= len(empty)
        if self.patience < 0:
            return 2
        place, candidates = _tightest(empty, units, used, full)
        rest = empty[:place] + empty[place + 1 :]
        found = 0
        while candidates and found < 2:
            bit = candidates & -candidates
            candidates ^= bit
            for unit in units[empty[place]]:
                used[unit] |= bit
            found += self._solutions(rest, units, used, full)
            for unit in units[empty[place]]:
                used[unit] ^= bit
        return min(found, 2)


def _tightest(empty: list[int], units: list[list[int]], used: list[int], full: int) -> tuple[int, int]:
    """The place in `empty` of the cell with the fewest candidates, and the candidates as bits."""
    best, fewest, candidates = 0, full.bit_length(), 0
    for place, cell in enumerate(empty):
        row, column, box = units[cell]
        free = full & ~(used[row] | used[column] | used[box])
        count = free.bit_count()
        if count < fewest:
            best, fewest, candidates = place, count, free
            if count <= 1:
                break
    return best, candidates
