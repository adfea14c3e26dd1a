"""Renders problems as column arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from rich.console import RenderableType
from rich.text import Text

from trm.data import IntArray
from trm_tasks_arithmetic.config import ArithmeticConfig
from trm_tasks_arithmetic.sheet import ANSWER, SECOND, TOKEN_NAMES, rows_of


class Cell(NamedTuple):
    """A character of the picture, and whether it is wrong."""

    character: str
    wrong: bool


BLANK = Cell(" ", False)


class ColumnRenderer:
    """Draws the operands below each other, a line, and the answer.

    Wrong cells are red and underlined. If the target is known, a last line has a ``^`` below each column with a wrong
    cell. That line is drawn even if no cell is wrong, so the height of the picture stays the same during a live display.
    """

    def __init__(self, config: ArithmeticConfig) -> None:
        self.config = config

    def render(
        self, inputs: IntArray, prediction: IntArray | None = None, target: IntArray | None = None
    ) -> RenderableType:
        """Render a sheet ``[L]``; see `trm.render.Renderer`."""
        shown = rows_of(np.asarray(inputs if prediction is None else prediction))
        wrong = np.zeros(shown.shape, dtype=bool) if target is None else shown != rows_of(np.asarray(target))
        rows = [
            _laid_out(
                [Cell(TOKEN_NAMES[token], bool(fault)) for token, fault in zip(*row, strict=True)], number == SECOND
            )
            for number, row in enumerate(zip(shown, wrong, strict=True))
        ]
        lines = [_line(row) for row in rows]
        lines.insert(ANSWER, Text("─" * len(rows[ANSWER]), style="dim"))
        if target is not None:
            marks = "".join("^" if any(cell.wrong for cell in column) else " " for column in zip(*rows, strict=True))
            lines.append(Text(marks, style="bold red"))
        return Text("\n").join(lines)


def _laid_out(cells: Sequence[Cell], sign_apart: bool) -> list[Cell]:
    """Return a row without correct leading zeros and plus signs, with its sign at the left edge or at the number."""
    sign, *digits = cells
    start = 0
    while start < len(digits) - 1 and digits[start] == Cell("0", False):
        start += 1
    if sign_apart:
        return [sign, *[BLANK] * (start + 1), *digits[start:]]
    if sign == Cell("+", False):
        sign = BLANK
    return [*[BLANK] * (start + 1), sign, *digits[start:]]


def _line(cells: Sequence[Cell]) -> Text:
    text = Text()
    for character, wrong in cells:
        text.append(character, style="bold red underline" if wrong else "")
    return text
