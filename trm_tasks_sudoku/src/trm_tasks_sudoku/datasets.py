"""Sudoku puzzles as puzzle sets: generated, or from Sudoku-Extreme."""

from __future__ import annotations

import numpy as np

from trm.data import IntArray, PuzzleSet, hub_file
from trm.errors import UsageError
from trm_tasks_sudoku.config import EMPTY, SudokuConfig, describe
from trm_tasks_sudoku.csv_source import read_csv
from trm_tasks_sudoku.generator import PuzzleBatch, generate
from trm_tasks_sudoku.splits import CLASS_SIZES, grid_hash, solution_class

REPOSITORY = "sapientinc/sudoku-extreme"
OFFLINE = f"Without a network, put train.csv and test.csv of {REPOSITORY} in a folder and pass --set task.csv=FOLDER."


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


def build_extreme(config: SudokuConfig, split: str, seed: int) -> PuzzleSet:
    """Draw puzzles from a split of Sudoku-Extreme, read from `config.csv` or downloaded.

    Raises:
        UsageError: the size is not 9.
        DataError: the file cannot be downloaded or read.
    """
    if config.size != 9:
        raise UsageError(f"Sudoku-Extreme has 9x9 puzzles, but task.size is {config.size}: set task.size=9.")
    name = f"{split}.csv"
    path = config.csv / name if config.csv is not None else hub_file(REPOSITORY, name, OFFLINE)
    count = config.train_puzzles if split == "train" else config.test_puzzles
    return as_puzzle_set(read_csv(path, count, seed, config.min_backtracks), config)


def as_puzzle_set(batch: PuzzleBatch, config: SudokuConfig) -> PuzzleSet:
    """Digits as tokens. The givens are scored too, as in Sudoku-Extreme."""
    return PuzzleSet(
        inputs=(batch.puzzles + EMPTY).astype(np.uint8),
        labels=(batch.solutions + EMPTY).astype(np.uint8),
        description=describe(config),
        extras={"clues": batch.clues, "backtracks": batch.backtracks},
    )


def symmetry_class(inputs: IntArray, labels: IntArray, config: SudokuConfig) -> IntArray:
    """The class ``[N]`` of each puzzle's solution, which decides the split of 9x9 puzzles.

    From 16x16 on, symmetry classes are not known: there the class is the solution itself.
    """
    solutions = labels - EMPTY
    return solution_class(solutions) if config.size in CLASS_SIZES else grid_hash(solutions)
