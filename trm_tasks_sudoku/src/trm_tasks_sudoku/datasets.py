"""Sudoku-Extreme as puzzle sets, and the symmetry classes of puzzles."""

from __future__ import annotations

import numpy as np

from trm.data import IntArray, PuzzleSet, hub_file
from trm.errors import UsageError
from trm_tasks_sudoku.config import EMPTY, SudokuConfig
from trm_tasks_sudoku.csv_source import read_csv
from trm_tasks_sudoku.generated import as_puzzle_set
from trm_tasks_sudoku.rules import is_solved
from trm_tasks_sudoku.splits import CLASS_SIZES, grid_hash, solution_class
from trm_tasks_sudoku.text_source import read_texts, text_file

REPOSITORY = "sapientinc/sudoku-extreme"
OFFLINE = f"Without a network, put train.csv and test.csv of {REPOSITORY} in a folder and pass --set task.csv=FOLDER."


def build_extreme(config: SudokuConfig, split: str, seed: int) -> PuzzleSet:
    """Draw puzzles from a split of Sudoku-Extreme or of other files, read from `config.csv` or downloaded.

    Raises:
        UsageError: `config.csv` is a file, or the size of a CSV file's puzzles is not 9.
        DataError: the file cannot be downloaded or read.
    """
    if config.csv is not None and config.csv.is_file():
        raise UsageError(f"task.csv={config.csv} is a file: expected a folder with train.csv and test.csv.")
    count = config.train_puzzles if split == "train" else config.test_puzzles
    text = config.csv and text_file(config.csv, split)
    if text:
        return as_puzzle_set(read_texts(text, config.size, count, seed, config.min_backtracks), config)
    if config.size != 9:
        raise UsageError(f"Sudoku-Extreme has 9x9 puzzles, but task.size is {config.size}: set task.size=9.")
    name = f"{split}.csv"
    path = config.csv / name if config.csv is not None else hub_file(REPOSITORY, name, OFFLINE)
    return as_puzzle_set(read_csv(path, count, seed, config.min_backtracks), config)


def symmetry_class(inputs: IntArray, labels: IntArray, config: SudokuConfig) -> IntArray:
    """The class ``[N]`` of each puzzle's solution, which decides the split of 9x9 puzzles.

    From 16x16 on, symmetry classes are not known: there the class is the solution itself. Arrays may hold labels that are
    no solution, or unknown: such a puzzle is a class of its own.
    """
    solutions = labels.astype(np.int64) - EMPTY
    solved = is_solved(solutions)
    classes = grid_hash(np.concatenate([inputs, labels], axis=1))
    classes[solved] = (solution_class if config.size in CLASS_SIZES else grid_hash)(solutions[solved])
    return classes
