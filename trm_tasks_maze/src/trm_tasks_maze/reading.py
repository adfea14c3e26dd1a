"""Reading mazes from text in the forms that people have.

A maze has one line a row, or is one line if it is square. Cells may have separators between them, or be a printed array.
Walls are ``# █ X 1`` and others, free cells ``. 0 O`` or spaces, start and goal ``S G``, ``S E``, ``A B`` or ``2 3``; see
`trm_tasks_maze.alphabets`. A path, as in an answer, is read as free cells. Empty lines and titles separate mazes. Editors
strip spaces at line ends, but padding short rows would hide real mistakes, so the error message suggests dots instead.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

import numpy as np

from trm.data import Reading, csv_table
from trm.errors import PuzzleError, reason
from trm_tasks_maze.alphabets import Alphabet, alphabet_of
from trm_tasks_maze.config import MazeConfig
from trm_tasks_maze.csv_source import QUESTIONS
from trm_tasks_maze.grid import FREE, GOAL, MAX_SIDE, MIN_SIDE, PATH, START, IntArray
from trm_tasks_maze.layout import ONE_LINE, Block, Row, blocks_of, last_words, square_side
from trm_tasks_maze.rules import no_way

NO_MAZE = "The text contains no maze. Expected lines of '#' (wall), '.' (free cell), S (start) and G (goal)."


def read(text: str, config: MazeConfig) -> Reading:
    """Read the mazes of a text as tokens ``[L]``; mazes of another size than the settings are errors.

    Raises:
        PuzzleError: the text contains no maze.
    """
    reading = read_grids(text, config.shape)
    tokens = (maze if isinstance(maze, PuzzleError) else maze.reshape(-1).astype(np.int64) for maze in reading.puzzles)
    return Reading(reading.form, tokens, reading.usual)


def fit(text: str, config: MazeConfig) -> MazeConfig:
    """Return the settings with the size of the first maze in a text that can be read.

    Raises:
        PuzzleError: the text contains no maze, or none that can be read. This is the error of the first one.
    """
    errors = []
    for maze in read_grids(text).puzzles:
        if isinstance(maze, PuzzleError):
            errors.append(maze)
        else:
            rows, columns = maze.shape
            return config.model_copy(update={"size": rows, "width": None if columns == rows else columns})
    raise errors[0]


def read_grids(text: str, shape: tuple[int, int] | None = None) -> Reading:
    """Read the mazes of a text, each as an array ``[H, W]``.

    Args:
        text: the mazes.
        shape: required rows and columns. Default: any size.

    Raises:
        PuzzleError: the text contains no maze.
    """
    blocks = _of_table(text) or blocks_of(text)
    if not blocks:
        raise PuzzleError(NO_MAZE)
    cells = ["".join(row.cells for row in block.rows) for block in blocks]
    alphabet = alphabet_of(cells)
    notes = [note for note in dict.fromkeys(block.note for block in blocks) if note]
    names = [] if alphabet.is_usual and not notes else [alphabet.describe("".join(cells))]
    usual = alphabet.is_usual and notes in ([], [ONE_LINE])
    form = [*notes, *names] or ["one line a row"]
    title = last_words(text)
    if title is not None:
        form.append(f"line {title[0]:,}, {title[1][:30]!r}, is not a maze and was skipped")
    return Reading("; ".join(form), _mazes(blocks, alphabet, shape), usual and title is None)


def _of_table(text: str) -> list[Block]:
    """The mazes of a CSV file with a column for them; none if the text is something else."""
    table = csv_table(io.StringIO(text, newline=None), {"question": QUESTIONS})
    blocks = []
    try:
        for line, fields in table or ():
            cells = fields["question"]
            side = square_side(len(cells)) or max(len(cells), 1)
            rows = [Row(line, cells[at : at + side], [1] * side) for at in range(0, len(cells), side)]
            blocks.append(Block(tuple(rows or [Row(line, "", [])]), "CSV"))
    except csv.Error as error:
        raise PuzzleError(f"The table is damaged after {len(blocks)} mazes: {reason(error)}.") from error
    return blocks


def _mazes(
    blocks: Sequence[Block], alphabet: Alphabet, shape: tuple[int, int] | None
) -> Iterator[IntArray | PuzzleError]:
    tokens = alphabet.tokens
    for number, block in enumerate(blocks, start=1):
        mistake = _mistake(block, tokens)
        if mistake is None:
            maze = np.array([[tokens[cell] for cell in row.cells] for row in block.rows], dtype=np.int32)
            maze[maze == PATH] = FREE
            message = _misfit(maze, shape, alphabet)
            if message is None:
                yield maze
                continue
            mistake = (block.rows[0], 0, message)
        row, cell, message = mistake
        column = row.columns[cell] if cell < len(row.columns) else 1
        yield PuzzleError(f"Puzzle {number}, line {row.line}, column {column}: {message}")


def _mistake(block: Block, tokens: dict[str, int]) -> tuple[Row, int, str] | None:
    """What is wrong with the cells of a maze: the row, the cell in it, and a sentence."""
    first = block.rows[0]
    if block.problem:
        return first, 0, block.problem
    for row in block.rows:
        for cell, character in enumerate(row.cells):
            if character not in tokens:
                return row, cell, _foreign(character)
    if len(block.rows) == 1:
        return first, 0, (
            "A maze on a single line must have a square number of cells, such as 900 for 30 x 30. "
            f"This line has {len(first.cells)}."
        )  # fmt: skip
    width = max(len(row.cells) for row in block.rows)
    for row in block.rows:
        if len(row.cells) != width:
            return row, 0, (
                f"This row has {len(row.cells)} cells, but the longest one has {width}. All rows must have the same length. "
                "If an editor stripped spaces at line ends, write free cells as '.'."
            )  # fmt: skip
    rows = len(block.rows)
    if not (MIN_SIDE <= rows <= MAX_SIDE and MIN_SIDE <= width <= MAX_SIDE):
        return first, 0, f"The maze has {rows} rows and {width} columns. A maze has {MIN_SIDE} to {MAX_SIDE} of each."
    return None


def _foreign(character: str) -> str:
    if character in "+|-":
        return (
            f"{character!r} is not a cell. Mazes with lines between cells cannot be read; draw each wall as a cell '#'."
        )
    return f"{character!r} is not allowed in a maze. Use '#' for walls, '.' or a space for free cells, one S and one G."


def _misfit(maze: IntArray, shape: tuple[int, int] | None, alphabet: Alphabet) -> str | None:
    """What is wrong with a maze as a whole."""
    if shape is not None and maze.shape != shape:
        return f"The maze has {'x'.join(map(str, maze.shape))} cells, expected {'x'.join(map(str, shape))}."
    for token, name, character in ((START, "start", alphabet.start), (GOAL, "goal", alphabet.goal)):
        places = np.argwhere(maze == token)
        if not len(places):
            return (
                f"The maze has no {name}. Mark one cell with {character}. "
                "(An empty line ends a maze; write a row of free cells as dots.)"
            )
        if len(places) > 1:
            where = " and ".join(f"row {row + 1}, column {column + 1}" for row, column in places[:2])
            more = " and elsewhere" if len(places) > 2 else ""
            return f"The maze has {len(places)} {name}s, at {where}{more}. Keep one {character}."
    reason = no_way(maze)
    return f"{reason} Open a wall." if reason else None
