"""What the tasks share: shapes, rows of symbols from numbers and text and back, and what a relational model is told."""

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
    """As many rows and columns as a setting says."""
    return lambda settings: (settings[setting] + more_rows, settings[setting])


def one_row(length: int) -> Shape:
    return lambda settings: (1, length)


def cells(matrix: list[list[Any]], empty: str = "0") -> Rows:
    """A matrix as rows; `empty` stands for its zeros."""
    return [[str(value) if value != 0 else empty for value in row] for row in matrix]


def line(text: object) -> Rows:
    """The characters of a text in one row."""
    return [list(str(text))]


def words(rows: Rows) -> list[str]:
    """The words that the characters of an answer spell."""
    return text(rows).split()


def text(rows: Rows) -> str:
    return "".join(str(symbol) for row in rows for symbol in row)


def table(rows: Rows) -> str:
    """Symbols separated by spaces, in lines."""
    return "\n".join(" ".join(map(str, row)) for row in rows)


def flat(rows: Rows) -> str:
    return " ".join(table(rows).split())


def numbers(rows: Rows) -> list[list[int]]:
    return [[int(str(symbol)) for symbol in row] for row in rows]


def grid(neighbours: list[tuple[int, int]] | None = None) -> Callable[[int, int], Structure]:
    """Rows, columns and, on request, neighbours."""

    def structure(rows: int, columns: int) -> Structure:
        row, column = np.divmod(np.arange(rows * columns), columns)
        relations = {"row": row.tolist(), "column": column.tolist()}
        return Structure(grid=(rows, columns), relations=relations, neighbours=neighbours or [])

    return structure


def boxes(side: int, first: int) -> Callable[[int, int], Structure]:
    """Rows, columns and boxes of a Sudoku, whose digits, from token `first`, are interchangeable."""

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
