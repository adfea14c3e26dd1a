"""The puzzles of a text: which lines belong together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from trm.errors import PuzzleError
from trm_tasks_sudoku.geometry import BOX_ROWS, SIZES, size_of
from trm_tasks_sudoku.lines import Bad, Break, Line, Row, lines_of
from trm_tasks_sudoku.symbols import BLANKS

_FOUR = set("1234" + BLANKS)


class Found(NamedTuple):
    """A puzzle of a text.

    Attributes:
        number: its number in the text, from 1.
        rows: the line that it is on, or the rows of its grid.
    """

    number: int
    rows: tuple[Row, ...]

    @property
    def cells(self) -> str:
        """One character a cell, row by row."""
        return self.rows[0].cells if len(self.rows) == 1 else "".join(row.cells for row in self.rows)

    @property
    def size(self) -> int:
        """Rows of the grid."""
        return size_of(len(self.rows[0].cells)) if len(self.rows) == 1 else len(self.rows)

    def problem(self, message: str, cell: int = 0) -> PuzzleError:
        """An error about a cell, which begins with its place in the text."""
        row, column = divmod(cell, len(self.rows[0].cells))
        return problem(self.number, *self.rows[row].place(column), message)


class _Taken(NamedTuple):
    """The lines of a grid: its rows, the index of the line after it, and what is wrong with it."""

    rows: tuple[Row, ...]
    end: int
    bad: Bad | None


def puzzles_of(text: str) -> list[Found | PuzzleError]:
    """All puzzles of a text in order; errors in place of those whose lines are malformed."""
    return list(_puzzles(lines_of(text)))


def problem(number: int, line: int, column: int, message: str) -> PuzzleError:
    return PuzzleError(f"Puzzle {number}, line {line}, column {column}: {message}")


def _puzzles(lines: Sequence[Line]) -> Iterator[Found | PuzzleError]:
    position, number = 0, 0
    while position < len(lines):
        line = lines[position]
        if isinstance(line, Row) and _is_puzzle(lines, position):
            number += 1
            position += 1
            yield Found(number, (line,))
        elif isinstance(line, Row | Bad):
            number += 1
            taken = _grid(lines, position)
            position = taken.end
            if taken.bad is None:
                yield Found(number, taken.rows)
            else:
                yield problem(number, taken.bad.line, taken.bad.column, taken.bad.message)
        else:
            position += 1


def _is_puzzle(lines: Sequence[Line], position: int) -> bool:
    """Whether a line is a whole puzzle. 16 cells are a 4x4 puzzle if neither they nor the next rows have digits above 4."""
    row = lines[position]
    assert isinstance(row, Row)
    if len(row.cells) != 16:
        return len(row.cells) not in SIZES
    seen = 0
    for line in lines[position:]:
        if isinstance(line, Row):
            if len(line.cells) != 16 or seen == 16:
                break
            if not set(line.cells) <= _FOUR:
                return False
            seen += 1
    return True


def _grid(lines: Sequence[Line], begin: int) -> _Taken:
    """Take the rows of the grid that begins at an index.

    Empty lines may stand between bands of boxes, or between all rows. Then one must also follow the grid: otherwise a
    missing row would be filled from the next grid.
    """
    size = _size_at(lines, begin)
    if size is None:
        line = lines[begin]
        assert isinstance(line, Bad)
        return _Taken((), begin + 1, line)
    taken: list[Row | Bad] = []
    breaks: set[int] = set()
    position = begin
    while position < len(lines) and len(taken) < size:
        line = lines[position]
        if isinstance(line, Break):
            if line.final or not (len(taken) % BOX_ROWS[size] == 0 or len(taken) == 1 or 1 in breaks):
                break
            breaks.add(len(taken))
        elif isinstance(line, Row) and len(line.cells) not in SIZES:
            break
        elif isinstance(line, Row | Bad):
            taken.append(line)
        position += 1
    ends_well = not breaks or position == len(lines) or isinstance(lines[position], Break)
    bad = _mistake(taken, size, ends_well)
    if bad is not None and not ends_well:
        position = _next_break(lines, position)
    return _Taken(tuple(row for row in taken if isinstance(row, Row)), position, bad)


def _size_at(lines: Sequence[Line], begin: int) -> int | None:
    """The size of the grid that begins at an index, which a malformed first row leaves to the second."""
    for line in lines[begin : begin + 2]:
        if isinstance(line, Row) and len(line.cells) in SIZES:
            return len(line.cells)
    return None


def _next_break(lines: Sequence[Line], position: int) -> int:
    while position < len(lines) and not isinstance(lines[position], Break):
        position += 1
    return position


def _mistake(taken: Sequence[Row | Bad], size: int, ends_well: bool) -> Bad | None:
    first = taken[0].line
    for line in taken:
        cells = line.cells if isinstance(line, Bad) else len(line.cells)
        if isinstance(line, Bad) and cells in (None, size):
            return line
        if cells != size:
            place = (line.line, line.column) if isinstance(line, Bad) else line.place(0)
            return Bad(
                *place,
                f"This line has {cells} cells where the {size}x{size} grid that begins on line {first} needs {size}.",
            )
    if len(taken) < size:
        message = f"The {size}x{size} grid that begins here has only {len(taken)} of its {size} rows."
    elif not ends_well:
        message = f"The {size}x{size} grid that begins here has other empty lines than the one below it."
    else:
        return None
    return Bad(first, 1, message)
