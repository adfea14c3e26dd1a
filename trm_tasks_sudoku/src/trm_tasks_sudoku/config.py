"""The settings of the Sudoku task, and what they say of its positions and tokens."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from trm.config import Structure
from trm.data import Description
from trm_tasks_sudoku.geometry import geometry
from trm_tasks_sudoku.symbols import DIGITS

PAD, EMPTY = 0, 1
"""Tokens as in Sudoku-Extreme: 0 is padding, 1 an empty cell, digit d is d + 1."""


class SudokuConfig(BaseModel):
    """Settings of the Sudoku task."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: Literal[4, 6, 9, 16, 25] = Field(9, description="rows and columns of the grid")
    style: Literal["plain", "minimal"] = Field(
        "plain", description="plain: clues removed down to `clues`; minimal: until none can go"
    )
    clues: int | None = Field(
        None, description="most clues of a plain puzzle; unset: 8, 16, 32, 128 or 400 by size", ge=1
    )
    min_backtracks: int = Field(0, description="least backtracks of the rating solver", ge=0)
    train_puzzles: int = Field(10_000, description="training puzzles generated or drawn", ge=1)
    test_puzzles: int = Field(1000, description="test puzzles generated or drawn", ge=1)


def describe(config: SudokuConfig) -> Description:
    """Vocabulary, length and structure of the puzzles of a size."""
    shape = geometry(config.size)
    return Description(
        vocab_size=config.size + 2,
        seq_len=shape.cells,
        pad_id=PAD,
        token_names=("pad", ".", *DIGITS[: config.size]),
        structure=Structure(
            grid=(config.size, config.size),
            relations={
                "row": np.asarray(shape.rows).tolist(),
                "column": np.asarray(shape.columns).tolist(),
                "box": np.asarray(shape.boxes).tolist(),
            },
            interchangeable=list(range(EMPTY + 1, EMPTY + 1 + config.size)),
        ),
    )
