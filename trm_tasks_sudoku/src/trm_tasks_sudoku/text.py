"""Sudoku puzzles as text: one line of 16, 36, 81, 256 or 625 characters, or a grid over several lines.

An empty cell is `.`, `0` or `_`. Digits are 1 to 9, followed by A to G for 16x16 and A to P for 25x25. Spaces and lines
drawn with `|`, `+`, `-` or box-drawing characters are ignored. A text can contain any number of puzzles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trm.errors import PuzzleError
from trm_tasks_sudoku.geometry import SIZES, size_of
from trm_tasks_sudoku.rules import first_conflict

Grid = npt.NDArray[np.uint8]

DIGITS = ".123456789ABCDEFGHIJKLMNOP"
_VALUES = {character: value for value, character in enumerate(DIGITS)} | {"0": 0, "_": 0}
_VALUES |= {character.lower(): value for character, value in _VALUES.items()}
CELLS = tuple(size * size for size in SIZES)
_LONGEST_SEARCH = 1_000_000  # backtracks, which take a few seconds


class _Line(NamedTuple):
    """A line of the text: its number from 1, and the column (from 1) and value of each cell."""

    number: int
    columns: list[int]
    values: list[int]


def read_puzzles(text: str) -> list[Grid]:
    """Read all puzzles of a text, each an array [L] with 0 for an empty cell.

    Raises:
        PuzzleError: a puzzle is malformed, or has two equal digits in a row, column or box. The message names the line.
    """
    puzzles = []
    for rows in _puzzles(_lines(text)):
        grid = _grid(rows)
        _check_rules(grid, rows[0].number)
        puzzles.append(grid)
    if not puzzles:
        raise PuzzleError("There is no puzzle in the text. Give one as 81 characters, with '.' for an empty cell.")
    return puzzles


def read_puzzle(text: str) -> Grid:
    """Read the only puzzle of a text, an array [L].

    Raises:
        PuzzleError: as in `read_puzzles`, or there are several puzzles.
    """
    puzzles = read_puzzles(text)
    if len(puzzles) > 1:
        raise PuzzleError(f"The text has {len(puzzles)} puzzles: expected one.")
    return puzzles[0]


def to_text(grid: npt.NDArray[np.integer]) -> str:
    """Write a grid [L] as one line, with '.' for an empty cell, for `read_puzzle`."""
    return "".join(DIGITS[digit] for digit in grid)


def cell_name(cell: int, size: int) -> str:
    return f"row {cell // size + 1}, column {cell % size + 1}"


def explain(puzzle: Grid) -> str:
    """A sentence that says whether a puzzle [L] has no, one or several solutions."""
    from trm_tasks_sudoku.solver import solve  # compiled code, which reading does not need

    result = solve(puzzle, limit=2, max_backtracks=_LONGEST_SEARCH)
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
            f"Cannot tell whether the puzzle has one solution: the search stopped after {_LONGEST_SEARCH:,} backtracks."
        )
    if result.solutions == 0:
        return "The puzzle has no solution: its clues contradict each other."
    return "The puzzle has exactly one solution."


def require_one_solution(puzzle: Grid) -> Grid:
    """The solution [L] of a puzzle [L].

    Raises:
        PuzzleError: the puzzle has no solution or several. The message says why.
    """
    from trm_tasks_sudoku.solver import solve

    result = solve(puzzle, limit=2, max_backtracks=_LONGEST_SEARCH)
    if result.solutions == 1 and result.complete:
        return result.grids[0]
    raise PuzzleError(explain(puzzle))


def _lines(text: str) -> list[_Line]:
    """The lines of the text that have cells."""
    lines = []
    for number, content in enumerate(text.splitlines(), start=1):
        cells = [
            (column, character) for column, character in enumerate(content, start=1) if not _is_decoration(character)
        ]
        for column, character in cells:
            if character not in _VALUES:
                raise PuzzleError(
                    f"Line {number}, column {column}: {character!r} is not a cell of a Sudoku. "
                    "Digits are 1 to 9 (then A to P), an empty cell is '.', '0' or '_'."
                )
        if cells:
            lines.append(_Line(number, [column for column, _ in cells], [_VALUES[character] for _, character in cells]))
    return lines


def _is_decoration(character: str) -> bool:
    return character in "|+-" or character.isspace() or "\u2500" <= character <= "\u257f"


def _puzzles(lines: list[_Line]) -> Iterator[list[_Line]]:
    """The lines of each puzzle: a single one, or the rows of a grid."""
    position = 0
    while position < len(lines):
        size = len(lines[position].values)
        rows = lines[position : position + size]
        if size not in SIZES or _on_one_line(rows):
            rows = rows[:1]
        else:
            _check_rows(rows)
        yield rows
        position += len(rows)


def _on_one_line(rows: list[_Line]) -> bool:
    """Whether 16 cells are a 4x4 puzzle, not a row of a 16x16 one, which has 16 such rows and digits above 4."""
    is_grid = [len(row.values) for row in rows] == [16] * 16 and max(max(row.values) for row in rows) > 4
    return len(rows[0].values) == 16 and not is_grid


def _check_rows(rows: list[_Line]) -> None:
    first, size = rows[0].number, len(rows[0].values)
    for row in rows:
        if len(row.values) != size:
            raise PuzzleError(
                f"Line {row.number} has {len(row.values)} cells where the {size}x{size} grid that begins "
                f"on line {first} needs {size}."
            )
    if len(rows) < size:
        raise PuzzleError(
            f"The {size}x{size} grid that begins on line {first} has only {len(rows)} of its {size} rows."
        )


def _grid(rows: list[_Line]) -> Grid:
    values = [value for row in rows for value in row.values]
    if len(values) not in CELLS:
        raise PuzzleError(
            f"Line {rows[0].number} has {len(values)} cells. A Sudoku on one line has {_or(CELLS)} of "
            f"them, a row of a grid {_or(SIZES)}."
        )
    size = size_of(len(values))
    for row in rows:
        for column, value in zip(row.columns, row.values, strict=True):
            if value > size:
                raise PuzzleError(
                    f"Line {row.number}, column {column}: {DIGITS[value]!r} is not a digit of a {size}x{size} Sudoku, "
                    f"which has 1 to {DIGITS[size]}."
                )
    return np.array(values, np.uint8)


def _check_rules(grid: Grid, line: int) -> None:
    conflict = first_conflict(grid)
    if conflict is None:
        return
    size = size_of(len(grid))
    first, second = (cell_name(cell, size) for cell in conflict.cells)
    raise PuzzleError(
        f"The puzzle on line {line} has the digit {DIGITS[conflict.digit]} twice in {conflict.kind} {conflict.unit + 1}: "
        f"at {first}, and at {second}."
    )


def _or(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers[:-1]) + f" or {numbers[-1]}"
