"""Mazes as text.

A maze has one line per row, with `#` for a wall, a space or `.` for a free cell, `S` for the start and `G` for the goal.
`o`, which marks the path in an answer, is read as a free cell, so an answer can be parsed as a maze. Empty lines separate
mazes. All rows must have the same length. Editors strip spaces at line ends, but padding short rows would hide real
mistakes, so the error message suggests dots instead. A single line is read as the benchmark's format: the rows of a
square maze without line breaks.
"""

from __future__ import annotations

import math

import numpy as np

from trm.errors import PuzzleError
from trm_tasks_maze.grid import CHARACTERS, FREE, GOAL, MAX_SIDE, MIN_SIDE, PATH, START, IntArray
from trm_tasks_maze.rules import no_way

_TOKENS = {character: token for token, character in enumerate(CHARACTERS, start=1)} | {".": FREE}


def parse(text: str, shape: tuple[int, int] | None = None) -> list[IntArray]:
    """Parse all mazes of a text, each into `[H, W]`.

    Args:
        text: the mazes.
        shape: required rows and columns (default: any size).

    Raises:
        PuzzleError: the text contains no maze, or one with an unknown character, rows of different lengths, a size that is
            out of range or differs from `shape`, not exactly one start and one goal, or no path between them.
    """
    mazes = [_parse_rows(rows, first_line, shape) for first_line, rows in _paragraphs(text)]
    if not mazes:
        raise PuzzleError(
            "The text contains no maze. Expected lines of '#' (wall), '.' (free cell), S (start) and G (goal)."
        )
    return mazes


def to_text(maze: IntArray) -> str:
    """Format a maze or an answer `[H, W]` as lines of `# SGo`, with `?` for padding."""
    alphabet = np.array(list("?" + CHARACTERS))
    return "\n".join("".join(row) for row in alphabet[maze])


def _paragraphs(text: str) -> list[tuple[int, list[str]]]:
    """Return the runs of lines between empty lines, each with the number of its first line."""
    found: list[tuple[int, list[str]]] = []
    previous_is_empty = True
    for number, line in enumerate(text.split("\n"), start=1):
        row = line.removesuffix("\r")
        if row:
            if previous_is_empty:
                found.append((number, []))
            found[-1][1].append(row)
        previous_is_empty = not row
    # Around a maze, a line of spaces is blank; inside a maze, it is a row of free cells.
    return [(number, rows) for number, rows in found if any(not row.isspace() for row in rows)]


def _parse_rows(rows: list[str], first_line: int, shape: tuple[int, int] | None) -> IntArray:
    for line, row in enumerate(rows, start=first_line):
        for column, character in enumerate(row, start=1):
            if character not in _TOKENS:
                raise PuzzleError(
                    f"Line {line}, column {column}: {character!r} is not allowed in a maze. "
                    "Use '#' for walls, '.' or a space for free cells, one S and one G."
                )
    if len(rows) == 1:
        rows = _square_rows(rows[0], first_line)
    _check_shape(rows, first_line)
    maze = np.array([[_TOKENS[character] for character in row] for row in rows], dtype=np.int32)
    maze[maze == PATH] = FREE
    if shape is not None and maze.shape != shape:
        raise PuzzleError(f"The maze at line {first_line} has {_size(maze.shape)} cells, expected {_size(shape)}.")
    _check_ends(maze, first_line)
    return maze


def _square_rows(line: str, number: int) -> list[str]:
    side = math.isqrt(len(line))
    if side * side != len(line):
        raise PuzzleError(
            f"Line {number}: a maze on a single line must have a square number of cells, such as 900 for 30 x 30. "
            f"This line has {len(line)}."
        )
    return [line[start : start + side] for start in range(0, len(line), side)]


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _check_shape(rows: list[str], first_line: int) -> None:
    width = max(len(row) for row in rows)
    for line, row in enumerate(rows, start=first_line):
        if len(row) != width:
            raise PuzzleError(
                f"Line {line} has {len(row)} cells, but the longest line has {width}. All rows must have the same length. "
                "If an editor stripped spaces at line ends, write free cells as '.'."
            )
    if not (MIN_SIDE <= len(rows) <= MAX_SIDE and MIN_SIDE <= width <= MAX_SIDE):
        raise PuzzleError(
            f"The maze at line {first_line} has {len(rows)} rows and {width} columns. "
            f"A maze has {MIN_SIDE} to {MAX_SIDE} of each."
        )


def _check_ends(maze: IntArray, first_line: int) -> None:
    for token, name, character in ((START, "start", "S"), (GOAL, "goal", "G")):
        places = np.argwhere(maze == token)
        if not len(places):
            raise PuzzleError(
                f"The maze at line {first_line} has no {name}. Mark one cell with {character}. "
                "(An empty line ends a maze; write a row of free cells as dots.)"
            )
        if len(places) > 1:
            where = " and ".join(f"row {row + 1}, column {column + 1}" for row, column in places[:2])
            raise PuzzleError(
                f"The maze at line {first_line} has {len(places)} {name}s, at {where}"
                f"{' and elsewhere' if len(places) > 2 else ''}. Keep one {character}."
            )
    reason = no_way(maze)
    if reason:
        raise PuzzleError(f"{reason[:-1]} in the maze at line {first_line}. Open a wall.")
