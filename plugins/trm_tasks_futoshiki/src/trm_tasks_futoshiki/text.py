"""Puzzles as text."""

from __future__ import annotations

from collections.abc import Iterator

from trm.data import IntArray
from trm.errors import PuzzleError

from .layouts import Grid, Line, is_game_id, read_game_id
from .puzzle import LARGEST, Puzzle, puzzle_of, row_of
from .task import Config, describe

ACROSS, DOWN = {0: "", 1: "<", -1: ">"}, {0: ".", 1: "^", -1: "v"}


def parse(text: str, config: Config) -> list[IntArray]:
    """Read puzzles: grids over several lines, one-line forms with /, and game IDs of Unequal.

    Raises:
        PuzzleError: with the line and the problem.
    """
    return [row_of(puzzle, describe(config)) for puzzle in puzzles(text, config.size)]


def fit(text: str, config: Config) -> Config:
    """The settings for the size of the largest puzzle in a text.

    Raises:
        PuzzleError: the text is not a puzzle.
    """
    size = max(puzzle.size for puzzle in puzzles(text, LARGEST))
    return config.model_copy(update={"size": size, "smallest": None})


def puzzles(text: str, largest: int) -> list[Puzzle]:
    """All puzzles of a text, of at most `largest` rows. Empty lines, and lines that start with #, don't count.

    Raises:
        PuzzleError: with the line and the problem.
    """
    found = list(_puzzles(text, largest))
    if not found:
        raise PuzzleError(
            "There is no puzzle in the text. Write rows such as 4 . < . . with lines of ^ and v between them."
        )
    return found


def _puzzles(text: str, largest: int) -> Iterator[Puzzle]:
    grid = Grid(largest)
    for number, content in enumerate(text.splitlines(), start=1):
        line = Line(f"Line {number}", content)
        if not content.strip() or content.lstrip().startswith("#"):
            continue
        whole = "/" in content or is_game_id(content)
        if whole and grid.rows:
            raise _unfinished(grid)
        if whole:
            yield _one_line(line, largest)
            continue
        grid.add(line, signs=line.has_signs_only)
        if grid.complete:
            yield grid.puzzle()
            grid = Grid(largest)
    if grid.rows:
        raise _unfinished(grid)


def _one_line(line: Line, largest: int) -> Puzzle:
    if is_game_id(line.text):
        return read_game_id(line, largest)
    grid = Grid(largest)
    lines = [Line(f"{line.place}, part {number}", part) for number, part in enumerate(line.text.split("/"), start=1)]
    for number, part in enumerate(lines):
        if grid.complete:
            raise part.error(f"The puzzle already has its {grid.size} rows.")
        if not part.text.strip():
            continue
        # With a part between all rows, a part without signs is dots only, as a row of empty cells is.
        between = number % 2 == 1 and len(lines) == 2 * grid.size - 1
        grid.add(part, signs=between or part.has_signs_only)
    if not grid.complete:
        raise _unfinished(grid) if grid.rows else line.error("There is no row of cells.")
    return grid.puzzle()


def _unfinished(grid: Grid) -> PuzzleError:
    place, size = grid.rows[0].line.place, grid.size
    return PuzzleError(
        f"{place}: the puzzle that starts here has {len(grid.rows)} rows, its first row has {size} cells."
    )


def format_tokens(row: IntArray, config: Config) -> str:
    """Write a puzzle, or the row of an answer, as one line: rows and lines of signs in turn, with / between them."""
    puzzle = puzzle_of(row, describe(config))
    parts = []
    for number, digits in enumerate(puzzle.givens.tolist()):
        signs = [*puzzle.across[number].tolist(), 0]
        parts.append(
            "".join((str(digit) if digit else ".") + ACROSS[sign] for digit, sign in zip(digits, signs, strict=True))
        )
        if number < puzzle.size - 1:
            parts.append("".join(DOWN[sign] for sign in puzzle.down[number].tolist()))
    return "/".join(parts)
