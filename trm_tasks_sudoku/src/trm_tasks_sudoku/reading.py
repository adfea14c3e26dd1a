"""Reading Sudoku puzzles from text in the forms that people have.

A puzzle is one line, maybe with further fields (a solution, a rating, a name), or a grid over several lines with any
separators. An empty cell is one of ``. 0 * _ - ? x``. Digits are 1 to 9, followed by A to G at 16x16 and A to P at 25x25;
0 to F, A to P, A to Y and decimal numbers are recognized. Comments (``#``, ``//``), titles and sections are skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from trm.data import Reading
from trm.errors import PuzzleError
from trm_tasks_sudoku.config import EMPTY, SudokuConfig
from trm_tasks_sudoku.layout import Found, puzzles_of
from trm_tasks_sudoku.lines import FIELDS, LISTS, NUMBERS, SEPARATED, last_words
from trm_tasks_sudoku.rules import cell_name, conflicting, first_conflict
from trm_tasks_sudoku.symbols import BLANKS, DIGITS, Symbols, symbols_of

Grid = npt.NDArray[np.uint8]
Grids = npt.NDArray[np.uint8]

CHUNK = 512
"""Number of puzzles that are converted at once."""

FIRST_LINES = 200
"""Number of lines that are searched first for a puzzle, whose size counts."""

USUAL_BLANKS = set(".0_")
NOTES = {
    NUMBERS: "decimal numbers",
    FIELDS: "further fields ignored",
    LISTS: "lists",
    SEPARATED: "empty fields as empty cells",
}


def read(text: str, config: SudokuConfig) -> Reading:
    """Read the puzzles of a text as tokens ``[L]``; puzzles of another size than the settings are errors.

    Raises:
        PuzzleError: there is no puzzle in the text.
    """
    reading = read_grids(text, config.size)
    tokens = (grid if isinstance(grid, PuzzleError) else grid.astype(np.int64) + EMPTY for grid in reading.puzzles)
    return Reading(reading.form, tokens, reading.usual)


def fit(text: str, config: SudokuConfig) -> SudokuConfig:
    """The settings with the size of the first puzzle of a text that has well-formed lines.

    Raises:
        PuzzleError: there is none.
    """
    for part in ("\n".join(text.split("\n", FIRST_LINES)[:FIRST_LINES]), text):
        sizes = [puzzle.size for puzzle in puzzles_of(part) if isinstance(puzzle, Found)]
        if sizes:
            return config.model_copy(update={"size": sizes[0]})
    raise next(problem for problem in _found(text) if isinstance(problem, PuzzleError))


def read_grids(text: str, size: int | None = None) -> Reading:
    """Read the puzzles of a text, each as an array [L] with 0 for an empty cell.

    Args:
        text: the puzzles.
        size: rows of the puzzles. Default: that of the first puzzle.

    Raises:
        PuzzleError: there is no puzzle in the text.
    """
    found = _found(text)
    sizes = [puzzle.size for puzzle in found if isinstance(puzzle, Found)]
    size = size or next(iter(sizes), 9)
    of_size = [puzzle for puzzle in found if isinstance(puzzle, Found) and puzzle.size == size]
    symbols = _symbols(of_size, size)
    form, usual = _form(of_size, symbols, size)
    title = last_words(text)
    if title is not None:
        form, usual = f"{form}; line {title[0]:,}, {title[1][:30]!r}, is not a puzzle and was skipped", False
    return Reading(form, _grids(found, symbols, size), usual)


def _found(text: str) -> list[Found | PuzzleError]:
    found = puzzles_of(text)
    if not found:
        raise PuzzleError("There is no puzzle in the text. Give one as 81 characters, with '.' for an empty cell.")
    return found


def _symbols(puzzles: Sequence[Found], size: int) -> Symbols:
    cells = [puzzle.cells for puzzle in puzzles]
    if size <= 9 or not any("0" in text for text in cells):
        return symbols_of(cells, size, False)
    zeros = np.array([[character == "0" for character in text] for text in cells], np.uint8)
    return symbols_of(cells, size, not conflicting(zeros, size).any())


def _form(puzzles: Sequence[Found], symbols: Symbols, size: int) -> tuple[str, bool]:
    """The form in one phrase, and whether it needs no remark."""
    on_lines = sum(len(puzzle.rows) == 1 for puzzle in puzzles)
    shapes = [f"{size * size}-character lines"] * (on_lines > 0) + [f"{size}x{size} grids"] * (on_lines < len(puzzles))
    notes = [NOTES[note] for note in dict.fromkeys(row.note for puzzle in puzzles for row in puzzle.rows) if note]
    used = set().union(*(row.cells for puzzle in puzzles for row in puzzle.rows))
    marks = sorted(used & set(BLANKS) - USUAL_BLANKS - set(symbols.digits))
    if marks:
        notes.append(f"{' and '.join(map(repr, marks))} for an empty cell")
    if symbols.remark:
        notes.append(symbols.remark)
    return "; ".join([" and ".join(shapes), *notes]), not notes


def _grids(found: Sequence[Found | PuzzleError], symbols: Symbols, size: int) -> Iterator[Grid | PuzzleError]:
    for start in range(0, len(found), CHUNK):
        chunk = found[start : start + CHUNK]
        good = [item for item in chunk if isinstance(item, Found) and item.size == size]
        converted = iter(_converted(good, symbols, size))
        for item in chunk:
            if isinstance(item, PuzzleError):
                yield item
            elif item.size != size:
                yield item.problem(f"The puzzle is {item.size}x{item.size}, expected {size}x{size}.")
            else:
                yield next(converted)


def _converted(puzzles: Sequence[Found], symbols: Symbols, size: int) -> list[Grid | PuzzleError]:
    """The grids of some puzzles of one size."""
    if not puzzles:
        return []
    text = "".join(puzzle.cells for puzzle in puzzles).encode("latin-1")
    grids: Grids = symbols.table()[np.frombuffer(text, np.uint8).reshape(len(puzzles), size * size)]
    foreign = np.any(grids > size, axis=1).tolist()
    conflicts = conflicting(np.where(grids > size, 0, grids), size)
    result: list[Grid | PuzzleError] = []
    for puzzle, grid, is_foreign, has_conflict in zip(puzzles, grids, foreign, conflicts, strict=True):
        if is_foreign:
            result.append(_foreign(puzzle, grid, symbols, size))
        elif has_conflict:
            result.append(_conflict(puzzle, grid, symbols))
        else:
            result.append(_mixed(puzzle, size) or grid)
    return result


def _foreign(puzzle: Found, grid: Grid, symbols: Symbols, size: int) -> PuzzleError:
    cell = int(np.flatnonzero(grid > size)[0])
    digits = f"{symbols.digits[0]} to {symbols.digits[-1]}"
    return puzzle.problem(f"{puzzle.cells[cell]!r} is not a digit of a {size}x{size} Sudoku, which has {digits}.", cell)


def _conflict(puzzle: Found, grid: Grid, symbols: Symbols) -> PuzzleError:
    conflict = first_conflict(grid)
    assert conflict is not None
    size = puzzle.size
    first, second = (cell_name(cell, size) for cell in conflict.cells)
    digit = symbols.digits[conflict.digit - 1]
    return puzzle.problem(
        f"The digit {digit} stands twice in {conflict.kind} {conflict.unit + 1}: at {first}, and at {second}.",
        conflict.cells[1],
    )


def _mixed(puzzle: Found, size: int) -> PuzzleError | None:
    """An error if 0 may be a digit or an empty cell: with another mark for empty cells, and the highest digit missing."""
    used = set(puzzle.cells)
    if size > 9 or "0" not in used or DIGITS[size] in used or not used & set(BLANKS) - {"0"}:
        return None
    zeros = np.array([[character == "0" for character in puzzle.cells]], np.uint8)
    if conflicting(zeros, size)[0]:
        return None
    return puzzle.problem(
        f"'0' may be a digit (0 to {size - 1}) or an empty cell, because another mark for empty cells is used and "
        f"{size} does not appear. Use one mark for empty cells.",
        puzzle.cells.index("0"),
    )
