"""Deduction without guessing, for many puzzles at once.

A cell's candidates are bits: digit d is bit d - 1. Signs are 1 for "less than the next cell", -1 for "more", 0 for none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from trm.data import IntArray

LARGEST = 9
ALL = np.arange(1 << LARGEST)
COUNTS: IntArray = (ALL[:, None] >> np.arange(LARGEST) & 1).sum(axis=1)
"""The number of candidates of each set of candidates."""
BELOW: IntArray = np.array([(1 << max(int(mask).bit_length() - 1, 0)) - 1 for mask in ALL])
"""The digits that are less than some candidate."""
ABOVE: IntArray = np.array([~(((int(mask) & -int(mask)) << 1) - 1) & (len(ALL) - 1) if mask else 0 for mask in ALL])
"""The digits that are more than some candidate."""


@dataclass(frozen=True)
class Boards:
    """Puzzles of one size n, partly solved.

    Attributes:
        cells: candidates `[N, n, n]`.
        across: signs between a cell and the one to its right `[N, n, n - 1]`.
        down: signs between a cell and the one below `[N, n - 1, n]`.
    """

    cells: IntArray
    across: IntArray
    down: IntArray

    @classmethod
    def of(cls, givens: IntArray, across: IntArray, down: IntArray) -> Boards:
        """The start of puzzles with givens `[N, n, n]`, 0 where a cell is empty."""
        full = (1 << givens.shape[1]) - 1
        return cls(np.where(givens > 0, 1 << np.maximum(givens - 1, 0), full), across, down)

    def only(self, rows: npt.NDArray[np.intp]) -> Boards:
        """Some of the puzzles."""
        return Boards(self.cells[rows], self.across[rows], self.down[rows])

    @property
    def contradictory(self) -> npt.NDArray[np.bool_]:
        """Which puzzles have a cell without candidates `[N]`."""
        found: npt.NDArray[np.bool_] = (self.cells == 0).any(axis=(1, 2))
        return found


def deduce(boards: Boards) -> Boards:
    """Remove candidates by signs, by digits that are settled, and by digits with one place left, as far as that goes.

    A puzzle in which a contradiction is found has a cell without candidates.
    """
    cells = boards.cells.copy()
    active = np.arange(len(cells))
    while len(active):
        before = boards.only(active)
        before = replace(before, cells=cells[active])
        after = _by_lines(_by_signs(before))
        cells[active] = after.cells
        active = active[(after.cells != before.cells).any(axis=(1, 2)) & ~after.contradictory]
    return replace(boards, cells=cells)


def _by_signs(boards: Boards) -> Boards:
    cells = boards.cells.copy()
    _compare(cells[:, :, :-1], cells[:, :, 1:], boards.across)
    _compare(cells[:, :-1], cells[:, 1:], boards.down)
    return replace(boards, cells=cells)


def _compare(first: IntArray, second: IntArray, signs: IntArray) -> None:
    """Remove candidates of neighbours, in place, that violate their sign whatever the neighbour is."""
    less, more = signs == 1, signs == -1
    np.copyto(first, first & BELOW[second], where=less)
    np.copyto(second, second & ABOVE[first], where=less)
    np.copyto(second, second & BELOW[first], where=more)
    np.copyto(first, first & ABOVE[second], where=more)


def _by_lines(boards: Boards) -> Boards:
    cells = _by_rows(boards.cells)
    cells = _by_rows(cells.swapaxes(1, 2)).swapaxes(1, 2)
    return replace(boards, cells=cells)


def _by_rows(cells: IntArray) -> IntArray:
    """The digits of a row differ, and all of them occur."""
    size = cells.shape[2]
    settled = np.where(COUNTS[cells] == 1, cells, 0)
    others = np.bitwise_or.reduce(settled, axis=2, keepdims=True)
    twice = settled.sum(axis=2, keepdims=True) != others  # two cells settled on one digit carry into the next bit
    cells = np.where(settled > 0, cells, cells & ~others)
    once, more = np.zeros_like(cells[:, :, :1]), np.zeros_like(cells[:, :, :1])
    for column in range(size):
        cell = cells[:, :, column : column + 1]
        more |= once & cell
        once |= cell
    single = cells & ~more
    cells = np.where(single > 0, single, cells)
    wrong = twice | (once != (1 << size) - 1) | (COUNTS[single] > 1).any(axis=2, keepdims=True)
    return np.where(wrong, 0, cells)
