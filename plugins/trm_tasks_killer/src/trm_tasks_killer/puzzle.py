"""A Killer Sudoku, and its rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from trm.data import IntArray

from .geometry import Geometry, geometry
from .search import solve

MOST_GUESSES = 1_000_000
"""`solvable` gives up after this many guesses, which takes a few seconds."""


class Puzzle(NamedTuple):
    """A Killer Sudoku.

    Attributes:
        givens: the digit of each cell `[n * n]`, 0 where it is not given.
        cages: the cage of each cell `[n * n]`, numbered from 0 by their first cells.
        sums: the sum of each cage.
    """

    givens: IntArray
    cages: IntArray
    sums: IntArray

    @property
    def geometry(self) -> Geometry:
        return geometry(round(len(self.givens) ** 0.5))


def mistake(puzzle: Puzzle, digits: IntArray) -> str | None:
    """Return what is wrong with an answer `[n * n]`, in one sentence; None if it is right."""
    if len(empty := np.flatnonzero((digits < 1) | (digits > puzzle.geometry.size))):
        return f"{_place(puzzle, empty[0])} has no digit."
    if len(changed := np.flatnonzero((puzzle.givens > 0) & (puzzle.givens != digits))):
        return f"{_place(puzzle, changed[0])} is {digits[changed[0]]}, but {puzzle.givens[changed[0]]} is given."
    return next(_clashes(puzzle, digits), None)


def problem(puzzle: Puzzle) -> str | None:
    """Return why a puzzle does not have exactly one solution; None if it has, or if the search takes too long."""
    if clash := next(_clashes(puzzle, puzzle.givens), None):
        return clash
    found, guesses = solve(puzzle.givens, puzzle.cages, puzzle.sums, most_guesses=MOST_GUESSES)
    if len(found) > 1:
        return "The puzzle has more than one solution."
    return "The puzzle has no solution." if not len(found) and guesses <= MOST_GUESSES else None


def _clashes(puzzle: Puzzle, digits: IntArray) -> Iterator[str]:
    """What breaks a rule, each as one sentence. Cells with 0 are empty."""
    units = puzzle.geometry.units
    for unit in range(3 * puzzle.geometry.size):
        for digit in _twice(digits[(units == unit).any(axis=1)]):
            yield f"{puzzle.geometry.unit_name(unit).capitalize()} has more than one {digit}."
    for cage, total in enumerate(puzzle.sums):
        cells = np.flatnonzero(puzzle.cages == cage)
        where = f"The cage with the sum {total} at {_place(puzzle, cells[0]).lower()}"
        for digit in _twice(digits[cells]):
            yield f"{where} has more than one {digit}."
        reached = digits[cells].sum()
        if (digits[cells] > 0).all() and reached != total:
            yield f"{where} has digits with the sum {reached}."


def _twice(digits: IntArray) -> IntArray:
    """The digits that stand more than once among some."""
    return np.flatnonzero(np.bincount(digits[digits > 0]) > 1)


def _place(puzzle: Puzzle, cell: int) -> str:
    row, column = divmod(int(cell), puzzle.geometry.size)
    return f"Row {row + 1}, column {column + 1}"
