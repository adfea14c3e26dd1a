"""Generated Sudoku puzzles as puzzle sets."""

from __future__ import annotations

import numpy as np

from trm.data import PuzzleSet
from trm_tasks_sudoku.config import EMPTY, SudokuConfig, describe
from trm_tasks_sudoku.generator import PuzzleBatch, generate


def build_generated(config: SudokuConfig, split: str, seed: int) -> PuzzleSet:
    """Generate puzzles. `extras` has the number of clues and the solver's backtracks of each.

    At 9x9 the splits have no solution class in common, so no symmetric image of a training puzzle is in the test split.

    Raises:
        UsageError: such puzzles are impossible or too rare.
    """
    batch = generate(
        config.train_puzzles if split == "train" else config.test_puzzles,
        config.size,
        seed=seed,
        split=split,
        style=config.style,
        clues=config.clues,
        min_backtracks=config.min_backtracks,
    )
    return as_puzzle_set(batch, config)


def as_puzzle_set(batch: PuzzleBatch, config: SudokuConfig) -> PuzzleSet:
    """Digits as tokens. The givens are scored too, as in Sudoku-Extreme."""
    return PuzzleSet(
        inputs=(batch.puzzles + EMPTY).astype(np.uint8),
        labels=(batch.solutions + EMPTY).astype(np.uint8),
        description=describe(config),
        extras={"clues": batch.clues, "backtracks": batch.backtracks},
    )
