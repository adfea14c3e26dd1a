"""`Reading`: what a task's reader found in a text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trm.data.puzzle_set import IntArray
from trm.errors import PuzzleError


@dataclass(frozen=True)
class Reading:
    """The puzzles of a text.

    Attributes:
        form: the recognized form in one phrase, as in "16x16 grids with digits 0 to F".
        puzzles: the puzzles ``[L]`` in order, converted as they are asked for and possibly of several sizes. A puzzle that
            cannot be read is a `PuzzleError`, whose message gives puzzle number, line and column.
        usual: whether the form needs no remark, since it is the one that the task writes itself.
    """

    form: str
    puzzles: Iterable[IntArray | PuzzleError]
    usual: bool = False

    def strictly(self) -> list[IntArray]:
        """All puzzles.

        Raises:
            PuzzleError: the first puzzle that cannot be read.
        """
        found = []
        for puzzle in self.puzzles:
            if isinstance(puzzle, PuzzleError):
                raise puzzle
            found.append(puzzle)
        return found
