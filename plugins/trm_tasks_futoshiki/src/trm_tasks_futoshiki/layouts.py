"""A puzzle from the lines of a grid, or from one item per cell."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from trm.errors import PuzzleError, quoted

from .puzzle import LARGEST, SMALLEST, Puzzle

BLANKS = ".0_-*?□"  # what stands for an empty cell
ACROSS = {"<": 1, ">": -1}
DOWN = {"^": 1, "∧": 1, "v": -1, "V": -1, "∨": -1}
IGNORED_MARKS = " \t|"


@dataclass
class Line:
    """A line of a grid: where it stands in the text, and its characters."""

    place: str
    text: str

    def error(self, problem: str) -> PuzzleError:
        """A problem, and where it is."""
        return PuzzleError(f"{self.place}: {problem}")

    @property
    def has_signs_only(self) -> bool:
        """Whether this is a line between two rows."""
        return any(character in DOWN for character in self.text)


@dataclass
class Row:
    """A row of cells.

    Attributes:
        line: its line.
        digits: 0 where a cell is empty.
        signs: the sign after each cell but the last, see `Puzzle.across`.
        columns: where the cells stand in the line, from 0.
    """

    line: Line
    digits: list[int] = field(default_factory=list)
    signs: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)


def read_row(line: Line) -> Row:
    """Read cells and the signs between them. Spaces and bars don't count."""
    row, pending = Row(line), 0
    for column, character in enumerate(line.text):
        if character in IGNORED_MARKS:
            continue
        if character in ACROSS:
            if pending or not row.digits:
                raise line.error(f"The sign {quoted(character)} in column {column + 1} is not between two cells.")
            pending = ACROSS[character]
        elif character in BLANKS or (character.isascii() and character.isdigit()):
            if row.digits:
                row.signs.append(pending)
            pending = 0
            row.digits.append(0 if character in BLANKS else int(character))
            row.columns.append(column)
        else:
            raise line.error(
                f"{quoted(character)} in column {column + 1} is not part of a puzzle. Write digits, '.' for an empty "
                "cell, < and > between cells, and ^ and v in a line between two rows."
            )
    if pending:
        raise line.error("The last sign is not between two cells.")
    return row


@dataclass
class Grid:
    """A puzzle that is read line by line.

    Attributes:
        rows: the rows so far.
        between: the line of signs below each row that has one, by the number of the row.
        largest: the most rows that a puzzle may have.
    """

    largest: int
    rows: list[Row] = field(default_factory=list)
    between: dict[int, Line] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Number of rows that the first one implies; 0 before it."""
        return len(self.rows[0].digits) if self.rows else 0

    @property
    def complete(self) -> bool:
        """Whether all rows are there."""
        return bool(self.rows) and len(self.rows) == self.size

    def add(self, line: Line, signs: bool) -> None:
        """Add a row, or the line of signs below the last row."""
        if signs:
            if not self.rows or len(self.rows) in self.between:
                raise line.error("This line of signs is not between two rows.")
            self.between[len(self.rows)] = line
            return
        row = read_row(line)
        if not self.rows:
            check_size(len(row.digits), self.largest, line.place)
        elif len(row.digits) != self.size:
            raise line.error(f"This row has {len(row.digits)} cells, the first row of the puzzle has {self.size}.")
        for digit in row.digits:
            if digit > (self.size or len(row.digits)):
                size = self.size or len(row.digits)
                raise line.error(f"{digit} is not a digit of a {size}x{size} puzzle, which has 1 to {size}.")
        self.rows.append(row)

    def puzzle(self) -> Puzzle:
        """The puzzle. All rows must be there."""
        down = np.zeros((self.size - 1, self.size), dtype=np.int64)
        for above, line in self.between.items():
            for place, sign in self._signs(line, self.rows[above - 1], self.rows[above]):
                down[above - 1, place] = sign
        return Puzzle(
            np.array([row.digits for row in self.rows]),
            np.array([row.signs for row in self.rows]).reshape(self.size, self.size - 1),
            down,
        )

    def _signs(self, line: Line, above: Row, below: Row) -> list[tuple[int, int]]:
        """The cell and direction of each sign in a line between two rows.

        One mark per cell is read in order. Otherwise a sign belongs to the cell that it is exactly above or below.
        """
        marks = [(column, mark) for column, mark in enumerate(line.text) if mark not in IGNORED_MARKS]
        for column, mark in marks:
            if mark not in DOWN and mark not in BLANKS:
                raise line.error(
                    f"{quoted(mark)} in column {column + 1} is not part of a line of signs. Write ^ or v, and '.' or a space "
                    "where there is none."
                )
        if len(marks) == self.size:
            return [(place, DOWN.get(mark, 0)) for place, (_, mark) in enumerate(marks)]
        found = []
        for column, mark in marks:
            if mark not in DOWN:
                continue
            places = {row.columns.index(column) for row in (above, below) if column in row.columns}
            if len(places) != 1:
                where = "between two different cells" if places else "not above or below a cell"
                raise line.error(
                    f"The sign {quoted(mark)} in column {column + 1} is {where}. Align the rows, or write one mark for each "
                    "cell: ^, v, or '.' where there is none."
                )
            found.append((places.pop(), DOWN[mark]))
        return found


def check_size(size: int, largest: int, place: str) -> None:
    """Raise an error if a puzzle cannot have this many rows."""
    if not SMALLEST <= size <= LARGEST:
        raise PuzzleError(
            f"{place}: the puzzle would have {size} cells in a row. Expected {SMALLEST} to {LARGEST}, one character each."
        )
    if size > largest:
        raise PuzzleError(f"{place}: the puzzle is {size}x{size}, but the task's size is {largest}.")


GAME_ID = re.compile(r"\s*(\d+)\s*(?:d\w)?:(.*)")
GAME_ITEM = re.compile(r"([a-z]*)(\d+)([URDL]*)")
NEIGHBOURS = {"U": (-1, 0), "R": (0, 1), "D": (1, 0), "L": (0, -1)}


def is_game_id(text: str) -> bool:
    """Whether a line is the ID of a game of Unequal, in Simon Tatham's Portable Puzzle Collection."""
    return GAME_ID.fullmatch(text) is not None


def read_game_id(line: Line, largest: int) -> Puzzle:
    """Read a line such as ``4:0,0U,3,0RD,...``: a cell with U is greater than the one above; a letter is a run of empty cells."""
    match = GAME_ID.fullmatch(line.text)
    assert match is not None
    size = int(match[1])
    check_size(size, largest, line.place)
    givens, across, down = (np.zeros((size, size), dtype=np.int64) for _ in range(3))
    cell = 0
    for item in match[2].strip().rstrip(",").split(","):
        parts = GAME_ITEM.fullmatch(item.strip())
        if parts is None:
            raise line.error(f"{quoted(item)} is not a cell. Expected a number and the letters U, R, D, L, as in 0RD.")
        cell += sum(ord(letter) - ord("a") + 1 for letter in parts[1])
        if cell >= size**2 or int(parts[2]) > size:
            raise line.error(f"{quoted(item)} does not fit a {size}x{size} puzzle.")
        place = divmod(cell, size)
        givens[place] = int(parts[2])
        for letter in parts[3]:
            _more_than_neighbour(place, letter, (across, down), line)
        cell += 1
    if cell < size**2:
        raise line.error(f"The game has {cell} cells, expected {size**2}.")
    return Puzzle(givens, across[:, : size - 1], down[: size - 1])


def _more_than_neighbour(place: tuple[int, int], letter: str, signs: tuple[np.ndarray, np.ndarray], line: Line) -> None:
    """Write the sign of one flag to the signs across and down, `[n, n]` each."""
    rows, columns = NEIGHBOURS[letter]
    row, column = place[0] + rows, place[1] + columns
    size = len(signs[0])
    if not (0 <= row < size and 0 <= column < size):
        raise line.error(f"The flag {letter} of row {place[0] + 1}, column {place[1] + 1} points off the grid.")
    first = min(place, (row, column))
    sign = -1 if first == place else 1
    table = signs[abs(rows)]
    if table[first] == -sign:
        raise line.error(f"Row {place[0] + 1}, column {place[1] + 1} is both greater and less than a neighbour.")
    table[first] = sign
