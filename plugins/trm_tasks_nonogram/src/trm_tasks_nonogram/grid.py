"""The renderer: a picture with the clues beside it."""

from __future__ import annotations

import numpy as np
from rich.text import Text

from trm.data import IntArray

from .encoding import TOKENS, UNKNOWN, puzzle_of, views
from .task import Config

STYLES = ("dim", "bold", "dim")


class Grid:
    """``#`` for a filled cell, ``.`` for an empty one, ``?`` for an open one; an exclamation mark follows a wrong one.

    A cell whose two positions differ is open.
    """

    def __init__(self, config: Config) -> None:
        self.config = config

    def render(self, inputs: IntArray, prediction: IntArray | None = None, target: IntArray | None = None) -> Text:
        puzzle = puzzle_of(inputs, self.config.largest)
        in_rows, in_columns = views(inputs if prediction is None else prediction, puzzle)
        cells = np.where(in_rows == in_columns, in_rows, UNKNOWN)
        wrong = np.zeros(cells.shape, dtype=bool)
        if target is not None:
            for view, right in zip((in_rows, in_columns), views(target, puzzle), strict=True):
                wrong |= (view != right) & (right >= 0)
        width = 2 if any(max(clue, default=0) > 9 for lines in puzzle for clue in lines) else 1
        beside = [" ".join(map(str, clue or (0,))) for clue in puzzle.rows]
        margin = max(map(len, beside))
        above = max(len(clue) for clue in puzzle.columns) or 1
        columns = [("",) * (above - len(clue or (0,))) + (clue or (0,)) for clue in puzzle.columns]
        text = Text()
        for numbers in zip(*columns, strict=True):
            text.append(" " * (margin + 1) + " ".join(f"{number:>{width}}" for number in numbers) + "\n", "cyan")
        for clue, tokens, marks in zip(beside, cells, wrong, strict=True):
            text.append(f"{clue:>{margin}} ", "cyan")
            for token, mark in zip(tokens, marks, strict=True):
                text.append(f"{TOKENS[token]:>{width}}" + ("!" if mark else " "), "bold red" if mark else STYLES[token])
            text.append("\n")
        return text
