"""Checking the rules of Sudoku: every digit once in each row, column and box."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trm_tasks_sudoku.geometry import geometry, size_of

KINDS = ("row", "column", "box")


class Conflict(NamedTuple):
    """Two equal digits in one unit.

    Attributes:
        digit: the digit.
        kind: "row", "column" or "box".
        unit: number of the unit, from 0.
        cells: numbers of the two cells.
    """

    digit: int
    kind: str
    unit: int
    cells: tuple[int, int]


def is_solved(answers: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Whether each grid [N, L] is filled with the digits 1 .. n and breaks no rule."""
    size = size_of(answers.shape[1])
    shape = geometry(size)
    in_range = np.logical_and.reduce((answers >= 1) & (answers <= size), axis=1)
    digits = np.left_shift(1, np.where((answers >= 1) & (answers <= size), answers, 0).astype(np.int64))
    every_digit = 2 * ((1 << size) - 1)
    solved = in_range
    for units in (shape.rows, shape.columns, shape.boxes):
        groups = digits[:, np.argsort(units, kind="stable")].reshape(len(answers), size, size)
        solved &= (np.bitwise_or.reduce(groups, axis=2) == every_digit).all(axis=1)
    return solved


def keeps_givens(puzzles: npt.NDArray[np.integer], answers: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Whether each answer [N, L] has the digits that its puzzle [N, L] gives."""
    return ((puzzles == 0) | (puzzles == answers)).all(axis=1)


def is_valid(puzzles: npt.NDArray[np.integer], answers: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Whether each answer [N, L] solves its puzzle [N, L]: no rule broken and the givens kept."""
    return is_solved(answers) & keeps_givens(puzzles, answers)


def first_conflict(grid: npt.NDArray[np.integer]) -> Conflict | None:
    """The first pair of equal digits in a unit of a grid [L], 0 for an empty cell; None if there is none.

    Rows are checked first, then columns, then boxes.
    """
    shape = geometry(size_of(len(grid)))
    for kind, units in zip(KINDS, (shape.rows, shape.columns, shape.boxes), strict=True):
        seen: dict[tuple[int, int], int] = {}
        for cell in np.flatnonzero(grid):
            key = int(units[cell]), int(grid[cell])
            if key in seen:
                return Conflict(key[1], kind, key[0], (seen[key], int(cell)))
            seen[key] = int(cell)
    return None


def conflicting(grids: npt.NDArray[np.integer], size: int) -> npt.NDArray[np.bool_]:
    """Whether each grid [N, L], 0 for an empty cell, has two equal digits in a row, column or box."""
    shape = geometry(size)
    bits = np.where(grids > 0, np.left_shift(np.int64(1), grids.astype(np.int64)), 0)
    found = np.zeros(len(grids), np.bool_)
    for units in (shape.rows, shape.columns, shape.boxes):
        groups = bits[:, np.argsort(units, kind="stable")].reshape(len(grids), size, size)
        found |= (np.bitwise_or.reduce(groups, axis=2) != groups.sum(axis=2)).any(axis=1)
    return found


def cell_name(cell: int, size: int) -> str:
    """The place of a cell, as in "row 1, column 9"."""
    return f"row {cell // size + 1}, column {cell % size + 1}"
