"""The grid as text with cages, their sums, and thick lines around boxes."""

from __future__ import annotations

import numpy as np
from rich.text import Text

from trm.data import IntArray

from .puzzle import Puzzle
from .task import Config, puzzle_of

WIDTH = 4  # characters between two vertical lines
BLANK, THIN, THICK = range(3)
ACROSS, DOWN, JOINTS = " ─━", " │┃", " ┼╋"


class KillerGrid:
    """Digits in their cages. A cage's sum is at its first cell; given digits are bold, and `!` follows a wrong digit."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def render(self, inputs: IntArray, prediction: IntArray | None = None, target: IntArray | None = None) -> Text:
        puzzle = puzzle_of(inputs, self.config)
        size, cells = self.config.size, self.config.size**2
        digits = puzzle.givens if prediction is None else prediction[:cells]
        wrong = np.zeros(cells, bool) if target is None else digits != target[:cells]
        across, down = _lines(puzzle)
        first = dict(zip(np.unique(puzzle.cages, return_index=True)[1].tolist(), puzzle.sums, strict=True))
        text = Text(no_wrap=True)
        for row in range(size + 1):
            for column in range(size + 1):
                text.append(JOINTS[_joint(across, down, row, column)], "dim")
                if column < size:
                    label = str(first.get(row * size + column, "")) if row < size else ""
                    text.append(label, "cyan")
                    text.append(ACROSS[across[row, column]] * (WIDTH - len(label)), "dim")
            text.append("\n")
            for column in range((size + 1) * (row < size)):
                text.append(DOWN[down[row, column]], "dim")
                if column < size:
                    _append_digit(text, row * size + column, digits, puzzle.givens, wrong)
            text.append("\n" * (row < size))
        text.rstrip()
        return text


def _append_digit(text: Text, cell: int, digits: IntArray, givens: IntArray, wrong: IntArray) -> None:
    style = "bold red" if wrong[cell] else "bold" if givens[cell] else "" if digits[cell] else "dim"
    text.append(f" {digits[cell] or '.'}{'!' if wrong[cell] else ' '} ", style)


def _lines(puzzle: Puzzle) -> tuple[IntArray, IntArray]:
    """How thick the lines are above each cell `[n + 1, n]` and left of each cell `[n, n + 1]`."""
    size = puzzle.geometry.size
    boxes, cages = puzzle.geometry.units[:, 2].reshape(size, size), puzzle.cages.reshape(size, size)
    across, down = np.full((size + 1, size), THICK), np.full((size, size + 1), THICK)
    across[1:-1] = np.where(boxes[1:] != boxes[:-1], THICK, np.where(cages[1:] != cages[:-1], THIN, BLANK))
    down[:, 1:-1] = np.where(boxes[:, 1:] != boxes[:, :-1], THICK, np.where(cages[:, 1:] != cages[:, :-1], THIN, BLANK))
    return across, down


def _joint(across: IntArray, down: IntArray, row: int, column: int) -> int:
    """How thick the thickest line at a corner of cells is."""
    return int(max(across[row, max(column - 1, 0) : column + 1].max(), down[max(row - 1, 0) : row + 1, column].max()))
