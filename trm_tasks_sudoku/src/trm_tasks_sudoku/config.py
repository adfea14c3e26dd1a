"""The settings of the Sudoku task, and the description of its positions and tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from trm import Structure
from trm.data import Description
from trm_tasks_sudoku.geometry import geometry
from trm_tasks_sudoku.symbols import DIGITS

PAD, EMPTY = 0, 1
"""Tokens as in Sudoku-Extreme: 0 is padding, 1 is an empty cell, digit d is token d + 1."""


class SudokuConfig(BaseModel):
    """Settings of the Sudoku task."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: Literal[4, 6, 9, 16, 25] = Field(9, description="rows and columns of the grid")
    style: Literal["plain", "minimal", "hard"] = Field(
        "plain",
        description="plain: remove clues until `clues` are left; minimal: until none can be removed; hard (9x9 only): "
        "exchange clues until a solver needs many backtracks",
    )
    clues: int | None = Field(
        None, description="most clues of a plain puzzle (default: 8, 16, 32, 128 or 400, by size)", ge=1
    )
    min_backtracks: int = Field(0, description="minimum number of backtracks of the rating solver", ge=0)
    train_puzzles: int = Field(10_000, description="number of training puzzles", ge=1)
    test_puzzles: int = Field(1000, description="number of test puzzles", ge=1)
    csv: Path | None = Field(
        None,
        description="for dataset `extreme`: folder with {train,test}.csv or {train,test}.txt (default: download them)",
    )


def describe(config: SudokuConfig) -> Description:
    """Vocabulary, length and structure of the puzzles of a size."""
    shape = geometry(config.size)
    return Description(
        vocab_size=config.size + 2,
        seq_len=shape.cells,
        pad_id=PAD,
        unknown_id=EMPTY,
        token_names=("pad", ".", *DIGITS[1 : config.size + 1]),
        structure=Structure(
            grid=(config.size, config.size),
            relations={
                "row": np.asarray(shape.rows).tolist(),
                "column": np.asarray(shape.columns).tolist(),
                "box": np.asarray(shape.boxes).tolist(),
            },
            # Even if boxes are not square: rows and columns obey the same rule, and the weights then fit every size.
            alike=[["row", "column"]],
            interchangeable=list(range(EMPTY + 1, EMPTY + 1 + config.size)),
        ),
    )
