"""The characters of cells, and which digit each of them stands for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DIGITS = ".123456789ABCDEFGHIJKLMNOP"
"""How `trm` writes an empty cell and the digits 1 to 25."""

BLANKS = ".0*_-?xX·"
"""Characters that can stand for an empty cell. The last ones are digits if the puzzle has letters of that range."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXY"
UNKNOWN = 255
"""In a table: the character stands for nothing."""


@dataclass(frozen=True)
class Symbols:
    """The meaning of characters in puzzles of one size.

    Attributes:
        digits: the characters of the digits 1 to size.
        zero_is_digit: whether ``0`` is the first digit.
        remark: what must be said about this choice; empty for the usual one.
    """

    digits: str
    zero_is_digit: bool = False
    remark: str = ""

    def table(self) -> npt.NDArray[np.uint8]:
        """The digit [256] of each Latin-1 character, 0 for an empty cell and `UNKNOWN` for other characters."""
        table = np.full(256, UNKNOWN, np.uint8)
        table[list(BLANKS.encode("latin-1"))] = 0
        for value, character in enumerate(self.digits, start=1):
            table[[ord(character), ord(character.lower())]] = value
        return table


def symbols_of(puzzles: Iterable[str], size: int, zero_fits: bool) -> Symbols:
    """Choose the symbols of the puzzles of a text.

    Args:
        puzzles: the cells of each puzzle.
        size: rows of the grids.
        zero_fits: whether no row, column or box has two zeros, so that 0 can be a digit.
    """
    used = set().union(*puzzles)
    plain = Symbols(DIGITS[1 : size + 1])
    if size <= 9:
        return plain
    letters = {character.upper() for character in used if character.isalpha()}
    if letters and not used & set("123456789"):
        return Symbols(LETTERS[:size], remark=f"letters A to {LETTERS[size - 1]}")
    if letters <= {"X"} and size == 16:
        letters = set()
    if "0" not in used:
        return plain
    zero_based = f"0{DIGITS[1:size]}"
    last = DIGITS[size]
    if zero_fits and last not in letters and letters <= set(zero_based) | {"X"}:
        return Symbols(zero_based, True, f"digits 0 to {zero_based[-1]}, where 0 is a digit; answers have 1 to {last}")
    return Symbols(plain.digits, remark=f"digits 1 to {last}, where 0 is an empty cell")
