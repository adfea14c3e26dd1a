"""Puzzles as text: a grid of given digits, a grid of letters for the cages, and the sums, as in A=10 B=7."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from string import ascii_lowercase, ascii_uppercase

import numpy as np

from trm.data import IntArray
from trm.errors import PuzzleError

from .geometry import BOX_ROWS, geometry
from .puzzle import Puzzle

LETTERS = ascii_uppercase + ascii_lowercase
BLANKS = ".0_-*"
SIZES = {size**2: size for size in BOX_ROWS}
FORM = "Write the given digits, a letter for each cell's cage, and the sums, as in A=10 B=7."


@dataclass
class _Parts:
    """What belongs to a puzzle of a text: the number and line of its first word, and its words, joined."""

    number: int
    line: int
    givens: str = ""
    letters: str = ""
    sums: dict[str, str] = field(default_factory=dict)

    def error(self, message: str) -> PuzzleError:
        return PuzzleError(f"Puzzle {self.number}, from line {self.line}: {message}")


def read(text: str, size: int) -> list[Puzzle]:
    """Read puzzles with `size` rows.

    Raises:
        PuzzleError: a text is not a puzzle, or has another size. The message says where.
    """
    puzzles = []
    for parts in _parts(text):
        if (found := _size(parts)) != size:
            raise parts.error(
                f"It has {found} rows, expected {size}, as task.size says. Use weights that are trained for {found}x{found}."
            )
        puzzles.append(_puzzle(parts, size))
    if not puzzles:
        raise PuzzleError(f"The text has no puzzle. {FORM}")
    return puzzles


def write(puzzle: Puzzle) -> str:
    """Write a puzzle as one line, which `read` reads."""
    letters = "".join(LETTERS[cage] for cage in puzzle.cages)
    givens = "".join(str(digit) if digit else "." for digit in puzzle.givens)
    sums = " ".join(f"{LETTERS[cage]}={total}" for cage, total in enumerate(puzzle.sums))
    return f"{givens} {letters} {sums}"


def _words(text: str) -> Iterator[tuple[int, str]]:
    """The words of a text, each with the number of its line. Words of sums end with a letter, = and a number."""
    for number, line in enumerate(text.splitlines(), start=1):
        content = re.sub(r"\s*=\s*", "=", line.partition("#")[0])
        for word in re.split(r"[\s,;]+", content):
            if word:
                yield number, word


def _parts(text: str) -> Iterator[_Parts]:
    """The puzzles of a text. A puzzle ends with its sums."""
    parts: _Parts | None = None
    number = 0
    for line, word in _words(text):
        if parts is None or (parts.sums and "=" not in word):
            if parts is not None:
                yield parts
            number += 1
            parts = _Parts(number, line)
        _add(parts, line, word)
    if parts is not None:
        yield parts


def _add(parts: _Parts, line: int, word: str) -> None:
    if "=" in word:
        letter, _, total = word.partition("=")
        if letter not in LETTERS or len(letter) != 1 or not re.fullmatch("[0-9]{1,4}", total):
            raise parts.error(f"{word!r} on line {line} is not the sum of a cage. Write, for example, A=10.")
        if letter in parts.sums:
            raise parts.error(f"Line {line} has a second sum for cage {letter}: {word}.")
        parts.sums[letter] = total
    elif all(symbol in LETTERS for symbol in word):
        parts.letters += word
    elif odd := [symbol for symbol in word if symbol not in BLANKS and symbol not in "123456789"]:
        symbol = odd[0]
        what = "mixes digits and letters" if symbol in LETTERS else f"has {symbol!r}"
        raise parts.error(f"Line {line} {what}: {word[:40]!r}. {FORM}")
    elif parts.letters:
        raise parts.error(f"Line {line} has digits after the letters of the cages. {FORM}")
    else:
        parts.givens += word


def _size(parts: _Parts) -> int:
    if not parts.letters:
        raise parts.error(f"It has no letters for the cages. {FORM}")
    if len(parts.letters) not in SIZES:
        raise parts.error(
            f"It has {len(parts.letters)} letters for the cages, expected 16, 36 or 81: one for each cell."
        )
    if parts.givens and len(parts.givens) != len(parts.letters):
        raise parts.error(
            f"It has {len(parts.givens)} cells with digits or dots but {len(parts.letters)} letters, expected as many."
        )
    return SIZES[len(parts.letters)]


def _puzzle(parts: _Parts, size: int) -> Puzzle:
    given = [0 if symbol in BLANKS else int(symbol) for symbol in parts.givens or "." * size**2]
    for cell, digit in enumerate(given):
        if digit > size:
            row, column = divmod(cell, size)
            raise parts.error(f"Row {row + 1}, column {column + 1} is {digit}, but digits end at {size}.")
    names = list(dict.fromkeys(parts.letters))
    cages = np.array([names.index(letter) for letter in parts.letters])
    if unknown := [letter for letter in parts.sums if letter not in names]:
        raise parts.error(f"Cage {unknown[0]} has a sum but no cell. Capital and small letters differ.")
    for cage, letter in enumerate(names):
        _check_cage(parts, letter, np.flatnonzero(cages == cage), size)
    return Puzzle(np.array(given), cages, np.array([int(parts.sums[letter]) for letter in names]))


def _check_cage(parts: _Parts, letter: str, cells: IntArray, size: int) -> None:
    count = len(cells)
    if letter not in parts.sums:
        raise parts.error(f"Cage {letter} has no sum: add {letter}=10, for example. Capital and small letters differ.")
    reached, members = {int(cells[0])}, set(cells.tolist())
    while more := {int(cell) for old in reached for cell in geometry(size).beside[old]} & members - reached:
        reached |= more
    if reached != members:
        raise parts.error(f"Cage {letter} is in several pieces. Give each of them a letter of its own.")
    if count > size:
        raise parts.error(f"Cage {letter} has {count} cells, but only {size} digits differ.")
    low, high = count * (count + 1) // 2, count * (2 * size + 1 - count) // 2
    if not low <= int(parts.sums[letter]) <= high:
        raise parts.error(f"Cage {letter} of {count} cells has the sum {parts.sums[letter]}, expected {low} to {high}.")
