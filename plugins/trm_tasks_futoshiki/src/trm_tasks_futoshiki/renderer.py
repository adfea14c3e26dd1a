"""A puzzle in the terminal."""

from __future__ import annotations

from rich.text import Text

from trm.data import IGNORED, IntArray

from .puzzle import puzzle_of
from .task import Config, describe

ACROSS, DOWN = {0: " ", 1: "<", -1: ">"}, {0: " ", 1: "^", -1: "v"}

# A mark in front of the digit beside the colour, so that the output is readable without colours.
GIVEN, FILLED, WRONG, BLANK = (" ", "bold"), ("·", "cyan"), ("×", "bold red"), (" ", "dim")


class SignsRenderer:
    """The grid with its signs: givens in bold, a dot before filled cells, a cross before wrong ones."""

    def __init__(self, config: Config) -> None:
        self.description = describe(config)

    def render(self, inputs: IntArray, prediction: IntArray | None = None, target: IntArray | None = None) -> Text:
        """Render a puzzle (a row `[W]`)."""
        puzzle = puzzle_of(inputs, self.description)
        size, text = puzzle.size, Text()
        for row in range(size):
            for column in range(size):
                cell = row * size + column
                symbol, (mark, style) = _shown(cell, inputs, prediction, target)
                text.append(mark + symbol, style)
                if column < size - 1:
                    text.append(f" {ACROSS[int(puzzle.across[row, column])]}")
            if row < size - 1:
                signs = "   ".join(DOWN[int(sign)] for sign in puzzle.down[row])
                text.append(f"\n {signs}".rstrip(" ") + "\n")
        return text


def _shown(
    cell: int, inputs: IntArray, prediction: IntArray | None, target: IntArray | None
) -> tuple[str, tuple[str, str]]:
    """The symbol of a cell, and its mark and style."""
    given = int(inputs[cell])
    token = given if prediction is None else int(prediction[cell])
    symbol = str(token) if token else "."
    wrong = prediction is not None and (
        (given > 0 and token != given) or (target is not None and target[cell] not in (IGNORED, token))
    )
    if wrong:
        return symbol, WRONG
    if given:
        return symbol, GIVEN
    return symbol, FILLED if token else BLANK
