"""A Sudoku in the terminal."""

from __future__ import annotations

from rich.text import Text

from trm.data import IGNORED, IntArray
from trm_tasks_sudoku.config import EMPTY, SudokuConfig
from trm_tasks_sudoku.geometry import geometry
from trm_tasks_sudoku.symbols import DIGITS

# A mark in front of the digit beside the colour, so that the output is readable without colours.
GIVEN, FILLED, WRONG, BLANK = ("", "bold"), ("·", "cyan"), ("×", "bold red"), ("", "dim")


class GridRenderer:
    """The grid with its boxes: givens in bold, a dot before filled cells, a cross before wrong ones."""

    def __init__(self, config: SudokuConfig) -> None:
        self.shape = geometry(config.size)

    def render(self, inputs: IntArray, prediction: IntArray | None = None, target: IntArray | None = None) -> Text:
        """Render a puzzle (tokens ``[L]``)."""
        shape = self.shape
        text = Text()
        for row in range(shape.size):
            if row and row % shape.box_rows == 0:
                text.append(self._rule() + "\n", style="dim")
            for column in range(shape.size):
                if column and column % shape.box_columns == 0:
                    text.append(" │", style="dim")
                index = row * shape.size + column
                text.append(*self._cell(index, inputs, prediction, target))
            if row < shape.size - 1:
                text.append("\n")
        return text

    def _cell(
        self, index: int, inputs: IntArray, prediction: IntArray | None, target: IntArray | None
    ) -> tuple[str, str]:
        given = int(inputs[index]) > EMPTY
        token = int(inputs[index] if prediction is None else prediction[index])
        symbol = DIGITS[token - EMPTY] if EMPTY < token <= EMPTY + self.shape.size else "."
        wrong = prediction is not None and (
            (given and token != inputs[index])
            or (target is not None and target[index] != IGNORED and token != target[index])
        )
        if wrong:
            mark, style = WRONG
        elif given:
            mark, style = GIVEN
        else:
            mark, style = FILLED if token > EMPTY else BLANK
        return f" {mark or ' '}{symbol}" if self.shape.size <= 16 else f"{mark or ' '}{symbol}", style

    def _rule(self) -> str:
        width = 3 if self.shape.size <= 16 else 2
        part = "─" * (self.shape.box_columns * width + 1)
        return "┼".join([part] * (self.shape.size // self.shape.box_columns))
