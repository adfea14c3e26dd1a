"""All diagonal Latin squares of 6x6, their symmetries, and puzzles that have one of them as their only solution.

A square is a row of 36 digits from 1 to 6, read row by row. Up to the names of the digits there are 128 squares.
Rearranging rows and columns turns them into each other within two classes of 96 and 32.
"""

from __future__ import annotations

from functools import cache
from itertools import permutations

import numpy as np
import numpy.typing as npt

from trm.data import IntArray

SIZE = 6
CELLS = SIZE**2
GRID = np.arange(CELLS).reshape(SIZE, SIZE)
LINES: IntArray = np.concatenate([GRID, GRID.T, [GRID.diagonal(), GRID[:, ::-1].diagonal()]])
"""The cells of each row, each column and both diagonals `[14, 6]`."""


@cache
def symmetries() -> IntArray:
    """Return all permutations of the cells that map lines to lines, and diagonals to diagonals `[192, 36]`.

    Rows and columns are rearranged alike, so that mirrored rows stay mirrored; then the square may be reflected, which
    swaps the diagonals, and transposed, which swaps rows and columns.
    """
    found = []
    for order in map(np.array, permutations(range(SIZE))):
        if (order[::-1] == SIZE - 1 - order).all():
            for square in (GRID[order][:, order], GRID[order][:, order[::-1]]):
                found += [square.ravel(), square.T.ravel()]
    return np.array(found)


@cache
def squares() -> IntArray:
    """Return all squares whose first row is 1 to 6 `[128, 36]`."""
    found: list[list[int]] = []
    earlier = [[other for line in LINES if cell in line for other in line if other < cell] for cell in range(CELLS)]

    def extend(square: list[int]) -> None:
        if len(square) == CELLS:
            found.append(square)
            return
        taken = {square[other] for other in earlier[len(square)]}
        for digit in range(1, SIZE + 1):
            if digit not in taken:
                extend([*square, digit])

    extend(list(range(1, SIZE + 1)))
    return np.array(found)


@cache
def classes() -> IntArray:
    """Return for each of the `squares` the number of the first one that it can be turned into `[128]`."""
    images = squares()[:, symmetries()]
    return numbers(images.reshape(-1, CELLS)).reshape(len(squares()), -1).min(axis=1)


def numbers(answers: IntArray) -> IntArray:
    """Return which of the `squares` each of the answers `[N, 36]` is, once its first row is renamed to 1 to 6 `[N]`."""
    known = {square.tobytes(): number for number, square in enumerate(squares())}
    names = np.argsort(answers[:, :SIZE], axis=1) + 1
    renamed = np.take_along_axis(names, answers - 1, axis=1).astype(squares().dtype)
    return np.array([known[square.tobytes()] for square in renamed])


@cache
def differences() -> npt.NDArray[np.bool_]:
    """Return whether two cells hold the same digit in one square and not in another `[128, 128, 36, 36]`.

    Shown cells exclude another square, whatever its digits are called, if and only if two of them differ in this way.
    """
    equal = squares()[:, :, None] == squares()[:, None]
    return np.asarray(equal[:, None] != equal)


def solutions(puzzle: IntArray) -> int:
    """Return how many squares a puzzle `[36]` fits, up to the names of digits that are not in it."""
    given = np.flatnonzero(puzzle)
    same = puzzle[given][:, None] == puzzle[given]
    found = squares()[:, given]
    return int(((found[:, :, None] == found[:, None]) == same).all(axis=(1, 2)).sum())


def named(puzzle: IntArray) -> bool:
    """Whether the names of all digits follow from a puzzle `[36]`: at most one of them is missing."""
    return len(np.unique(puzzle[puzzle > 0])) >= SIZE - 1


def dig(rng: np.random.Generator, answers: IntArray, wanted: IntArray) -> IntArray:
    """Empty cells of answers `[N, 36]` in random order, as long as one solution is left and more than `wanted` are shown.

    Returns:
        The puzzles `[N, 36]`, with 0 in empty cells. Each has one solution.
    """
    chosen, rows = numbers(answers), np.arange(len(answers))
    puzzles = answers.copy()
    apart = differences()[chosen].sum(axis=(2, 3)).astype(np.int64)  # pairs of shown cells that exclude each square
    apart[rows, chosen] = 1  # the answer itself is never excluded
    counts = np.full((len(answers), SIZE + 1), SIZE)  # how often each digit is shown
    for cell in rng.permuted(np.tile(np.arange(CELLS), (len(answers), 1)), axis=1).T:
        lost = 2 * (differences()[chosen, :, cell] & (puzzles > 0)[:, None]).sum(axis=2)
        fewer = counts.copy()
        fewer[rows, answers[rows, cell]] -= 1
        empties = ((apart - lost) > 0).all(axis=1) & ((fewer[:, 1:] > 0).sum(axis=1) >= SIZE - 1)
        empties &= (puzzles > 0).sum(axis=1) > wanted
        counts = np.where(empties[:, None], fewer, counts)
        apart -= np.where(empties[:, None], lost, 0)
        puzzles[rows[empties], cell[empties]] = 0
    return puzzles
