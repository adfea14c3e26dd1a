"""The settings of the Sudoku task, and what they say of its positions and tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from trm import Structure
from trm.data import Description
from trm_tasks_sudoku.geometry import geometry
from trm_tasks_sudoku.text import DIGITS

PAD, EMPTY = 0, 1
"""Tokens as in Sudoku-Extreme: 0 is padding, 1 an empty cell, digit d is d + 1."""


class SudokuConfig(BaseModel):
    """Settings of the Sudoku task."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: Literal[4, 6, 9, 16, 25] = Field(9, description="rows and columns of the grid")
    style: Literal["plain", "minimal", "hard"] = Field(
        "plain",
        description="plain: clues removed down to `clues`; minimal: until none can go; hard (9x9): clues exchanged until "
        "a solver needs many backtracks",
    )
    clues: int | None = Field(
        None, description="most clues of a plain puzzle; unset: 8, 16, 32, 128 or 400 by size", ge=1
    )
    min_backtracks: int = Field(0, description="least backtracks of the rating solver", ge=0)
    train_puzzles: int = Field(10_000, description="training puzzles generated or drawn", ge=1)
    test_puzzles: int = Field(1000, description="test puzzles generated or drawn", ge=1)
    csv: Path | None = Field(
        None, description="dataset extreme: the folder of its train.csv and test.csv; unset: downloaded"
    )


def describe(config: SudokuConfig) -> Description:
    """Vocabulary, length and structure of the puzzles of a size."""
    shape = geometry(config.size)
    return Description(
        vocab_size=config.size + 2,
        seq_len=shape.cells,
        pad_id=PAD,
        token_names=("pad", ".", *DIGITS[1 : config.size + 1]),
        structure=Structure(
            grid=(config.size, config.size),
            relations={
                "row": np.asarray(shape.rows).tolist(),
                "column": np.asarray(shape.columns).tolist(),
                "box": np.asarray(shape.boxes).tolist(),
            },
            # Also where boxes are not square: the same rule, and weights of one size then fit every other.
            alike=[["row", "column"]],
            interchangeable=list(range(EMPTY + 1, EMPTY + 1 + config.size)),
        ),
    )
