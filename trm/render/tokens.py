"""`TokenRenderer`: a renderer for any task that prints the names of the tokens."""

from __future__ import annotations

from typing import Any

from rich.console import RenderableType
from rich.text import Text

from trm.data.puzzle_set import IGNORED, Description, IntArray

COLUMNS = 80


class TokenRenderer:
    """Token names, row by row if the task has a grid. A wrong token is followed by ``!``.

    Args:
        config: the task's configuration, which is not used.
        description: gives the token names and the grid. Default: token numbers in one row.
    """

    def __init__(self, config: Any = None, description: Description | None = None) -> None:
        self.description = description

    def render(
        self, inputs: IntArray, prediction: IntArray | None = None, target: IntArray | None = None
    ) -> RenderableType:
        shown = self._tokens(inputs) if prediction is None else prediction
        names = [self._name(int(token)) for token in shown]
        width = max(map(len, names)) + 1
        per_row = self._columns(len(shown), width)
        text = Text()
        for index, name in enumerate(names):
            wrong = target is not None and target[index] != IGNORED and shown[index] != target[index]
            text.append(name.rjust(width - 1))
            text.append("!" if wrong else " ", style="bold red" if wrong else "")
            if (index + 1) % per_row == 0:
                text.append("\n")
        text.rstrip()
        return text

    def _tokens(self, inputs: IntArray) -> IntArray:
        if self.description is None:
            return inputs
        return self.description.tokens(inputs)[self.description.real(inputs)]

    def _name(self, token: int) -> str:
        names = self.description.token_names if self.description else ()
        return names[token] if 0 <= token < len(names) else str(token)

    def _columns(self, length: int, width: int) -> int:
        grid = self.description.structure.grid if self.description else None
        fits = max(COLUMNS // width, 1)
        return min(grid[1] if grid else length, fits)
