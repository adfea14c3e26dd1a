"""Helpers that the tasks share: shapes, conversion between rows and numbers or text, and structures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from trm import Structure
from trm_tasks_reasoning_gym.gym_task import Rows

DIGITS = tuple("0123456789")
FOUR = [(0, 1), (1, 0), (0, -1), (-1, 0)]
EIGHT = [*FOUR, (1, 1), (1, -1), (-1, 1), (-1, -1)]

Shape = Callable[[Mapping[str, Any]], tuple[int, int]]


def square(setting: str, more_rows: int = 0) -> Shape:
    """Return a shape function whose rows and columns are both given by a setting."""
    return lambda settings: (settings[setting] + more_rows, settings[setting])


def one_row(length: int) -> Shape:
    """Return a shape function for one row of `length` cells."""
    return lambda settings: (1, length)


def cells(matrix: list[list[Any]], empty: str = "0") -> Rows:
    """Convert a matrix to rows of symbols, with `empty` in place of zeros."""
    return [[str(value) if value != 0 else empty for value in row] for row in matrix]


def line(text: object) -> Rows:
    """Put the characters of a text into one row."""
    return [list(str(text))]


def words(rows: Rows) -> list[str]:
    """Split the characters of an answer into words."""
    return text(rows).split()


def text(rows: Rows) -> str:
    """Join all symbols without separators."""
    return "".join(str(symbol) for row in rows for symbol in row)


def table(rows: Rows) -> str:
    """Write one line per row, with symbols separated by spaces."""
    return "\n".join(" ".join(map(str, row)) for row in rows)


def flat(rows: Rows) -> str:
    """Write all symbols on one line, separated by spaces."""
    return " ".join(table(rows).split())


def numbers(rows: Rows) -> list[list[int]]:
    """Convert rows of symbols to a matrix of integers."""
    return [[int(str(symbol)) for symbol in row] for row in rows]


def grid(neighbours: list[tuple[int, int]] | None = None) -> Callable[[int, int], Structure]:
    """Return a function that builds a structure of rows, columns and the given neighbours (default: none)."""

    def structure(rows: int, columns: int) -> Structure:
        row, column = np.divmod(np.arange(rows * columns), columns)
        relations = {"row": row.tolist(), "column": column.tolist()}
        return Structure(grid=(rows, columns), relations=relations, neighbours=neighbours or [])

    return structure


def boxes(side: int, first: int) -> Callable[[int, int], Structure]:
    """Return a function that builds a Sudoku's rows, columns and boxes; its digits start at token `first`."""

    def structure(rows: int, columns: int) -> Structure:
        row, column = np.divmod(np.arange(rows * columns), columns)
        box = row // side * side + column // side
        return Structure(
            grid=(rows, columns),
            relations={"row": row.tolist(), "column": column.tolist(), "box": box.tolist()},
            alike=[["row", "column"]],
            interchangeable=list(range(first, first + side**2)),
        )

    return structure
