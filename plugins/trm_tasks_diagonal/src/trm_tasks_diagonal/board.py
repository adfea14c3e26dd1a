"""The board of `trm play`."""

from __future__ import annotations

from trm.render import Board, Distinct, Given, TokenLook

from .squares import LINES, SIZE
from .task import Config

DIGITS = tuple(range(1, SIZE + 1))


def board(config: Config) -> Board:
    lines = tuple(tuple(line) for line in LINES.tolist())
    return Board(
        looks=(
            TokenLook(text="", name="empty", role="blank", keys=".0_-*"),
            *(TokenLook(text=str(digit), name=str(digit), keys=str(digit)) for digit in DIGITS),
        ),
        columns=SIZE,
        puzzle="diagonal square",
        blank=0,
        lines=tuple((line[0], line[-1]) for line in lines[-2:]),
        one_line=True,
        rules=(Given(blanks=(0,), fill=DIGITS), Distinct(groups=lines, tokens=DIGITS)),
        hint="Each row, column and long diagonal holds 1 to 6 once. Type the cells that you know.",
    )
