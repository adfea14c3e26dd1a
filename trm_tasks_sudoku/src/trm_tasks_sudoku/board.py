"""The board of `trm play`: digits in boxes, and the three rules."""

from __future__ import annotations

import numpy as np

from trm.render import Board, Distinct, Given, TokenLook, groups_of
from trm_tasks_sudoku.config import EMPTY, SudokuConfig
from trm_tasks_sudoku.geometry import geometry
from trm_tasks_sudoku.symbols import DIGITS


def board(config: SudokuConfig) -> Board:
    """The board of puzzles of a size."""
    shape = geometry(config.size)
    digits = tuple(range(EMPTY + 1, EMPTY + 1 + config.size))
    units = (np.asarray(numbers).tolist() for numbers in (shape.rows, shape.columns, shape.boxes))
    return Board(
        looks=(
            TokenLook(text="", name="padding", role="padding"),
            TokenLook(text="", name="empty", role="blank", keys=".0_*-?"),
            *(
                TokenLook(text=digit, keys=digit + digit.lower() * digit.isalpha())
                for digit in DIGITS[1 : config.size + 1]
            ),
        ),
        columns=config.size,
        puzzle="sudoku",
        blank=EMPTY,
        boxes=tuple(np.asarray(shape.boxes).tolist()),
        one_line=True,
        rules=(
            Given(blanks=(EMPTY,)),
            Distinct(groups=tuple(group for unit in units for group in groups_of(unit)), tokens=digits),
        ),
        hint="Type the digits of your puzzle, or paste it: 81 characters or a grid." if config.size == 9 else "",
    )
