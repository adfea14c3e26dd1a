"""Puzzles and answers as text.

A puzzle is its clues, first of the rows, then of the columns: ``1,1;5;5;3;1/2;4;4;4;2``. Or it is a picture of ``#``
and ``.``, whose clues are taken: in lines, or on one line as ``.#.#./#####/#####/.###./..#..``. An answer is written as
such a picture.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from trm.errors import PuzzleError

from .encoding import TOKENS, Puzzle
from .lines import BoolArray, Clue, clue_of

CELLS = TOKENS[:2]
SHOWN = 20  # characters of a wrong text that a message repeats
EXPECTED = (
    "Expected the clues of the rows and of the columns, as in 1,1;5;5;3;1/2;4;4;4;2, or a picture of '#' and '.'."
)


def read(text: str) -> list[tuple[Puzzle, str]]:
    """Read puzzles of any size, each with its place in the text, as in "Line 3".

    Raises:
        PuzzleError: a line is no puzzle, or there is none.
    """
    found = list(_puzzles(text))
    if not found:
        raise PuzzleError(f"The text has no puzzle. {EXPECTED}")
    return found


def write(puzzle: Puzzle) -> str:
    """A puzzle as one line, which `read` reads."""
    return "/".join(";".join(written(clue) for clue in lines) for lines in puzzle)


def written(clue: Clue) -> str:
    """A clue such as ``2,1``; ``0`` for an empty line."""
    return ",".join(map(str, clue)) or "0"


def write_picture(cells: BoolArray) -> str:
    """A picture ``[height, width]`` as one line, which `read` reads."""
    return "/".join("".join(CELLS[filled] for filled in row) for row in cells.astype(int).tolist())


def _puzzles(text: str) -> Iterator[tuple[Puzzle, str]]:
    """The puzzles of a text. Lines of cells are a picture until another kind of line follows."""
    picture: list[str] = []
    start = 0
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        line = line.strip()
        cells = bool(line) and set(line) <= set(CELLS)
        if cells:
            start = start if picture else number
            picture.append(line)
            continue
        if picture:
            yield _of_picture(picture, f"Line {start}" if len(picture) == 1 else f"Lines {start} to {number - 1}")
            picture = []
        if line and set(line) <= {*CELLS, "/"}:
            yield _of_picture(line.split("/"), f"Line {number}")
        elif line:
            yield _of_clues(line, f"Line {number}")


def _of_picture(rows: list[str], place: str) -> tuple[Puzzle, str]:
    width = len(rows[0])
    for number, row in enumerate(rows, start=1):
        if len(row) != width or not row:
            raise PuzzleError(
                f"{place}: row {number} of the picture has {len(row)} cells and row 1 has {width}. "
                "All rows must be of one length; separate pictures by an empty line."
            )
    cells = np.array([[cell == "#" for cell in row] for row in rows])
    return Puzzle(tuple(map(clue_of, cells)), tuple(map(clue_of, cells.T))), place


def _of_clues(line: str, place: str) -> tuple[Puzzle, str]:
    sides = line.split("/")
    if len(sides) != 2:
        raise PuzzleError(f"{place}: {_short(line)} has {len(sides) - 1} slashes, expected 1. {EXPECTED}")
    between = ";" if ";" in line else ","
    rows, columns = (
        [_clue(clue, f"{place}, {name} {number}") for number, clue in enumerate(side.split(between), start=1)]
        for name, side in zip(("row", "column"), sides, strict=True)
    )
    for name, clues, across, length in (("row", rows, "columns", len(columns)), ("column", columns, "rows", len(rows))):
        for number, clue in enumerate(clues, start=1):
            need = sum(clue) + max(len(clue) - 1, 0)
            if need > length:
                raise PuzzleError(
                    f"{place}, {name} {number}: the runs {written(clue)} need {need} cells, but the puzzle has "
                    f"{length} {across}."
                )
    return Puzzle(tuple(rows), tuple(columns)), place


def _clue(text: str, place: str) -> Clue:
    """A clue of numbers with commas or spaces between them."""
    numbers = text.replace(",", " ").split()
    if not numbers:
        raise PuzzleError(f"{place} has no clue. Write 0 for a line without filled cells.")
    for number in numbers:
        if not (number.isascii() and number.isdigit()):
            raise PuzzleError(f"{place}: {_short(number)} is not a number of cells. {EXPECTED}")
        if len(number) > 3:
            raise PuzzleError(f"{place}: a run of {_short(number)} cells is too long.")
    clue = tuple(map(int, numbers))
    if clue == (0,):
        return ()
    if 0 in clue:
        raise PuzzleError(f"{place}: {_short(text.strip())} has a run of 0 cells. Write 0 alone for an empty line.")
    return clue


def _short(text: str) -> str:
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "...")
