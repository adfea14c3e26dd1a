"""Sudoku puzzles from text files without solutions, which the solver adds."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from trm.data import progress, read_puzzle_text
from trm.errors import DataError, UsageError
from trm_tasks_sudoku.generator import PuzzleBatch
from trm_tasks_sudoku.reading import Grid, read_grids
from trm_tasks_sudoku.solver import Solution, solve
from trm_tasks_sudoku.text import LONGEST_SEARCH, explain

SUFFIXES = (".txt", ".sdm", ".txt.gz")


def text_file(folder: Path, split: str) -> Path | None:
    """The text file of a split in a folder that has no CSV file of it; None if there is none."""
    if any((folder / f"{split}{suffix}").exists() for suffix in (".csv", ".csv.gz")):
        return None
    paths = (folder / f"{split}{suffix}" for suffix in SUFFIXES)
    return next((path for path in paths if path.is_file()), None)


def read_texts(path: Path, size: int, count: int, seed: int, min_rating: int = 0) -> PuzzleBatch:
    """Draw puzzles of a text file at random, in the file's order, and solve them; all puzzles if there are fewer.

    Args:
        path: puzzles in any form that `trm_tasks_sudoku.reading` knows.
        size: rows of the puzzles.
        count: number of puzzles to draw.
        seed: seed of the draw.
        min_rating: puzzles that need fewer backtracks are skipped.

    Raises:
        DataError: the file or a puzzle in it cannot be read, or a drawn puzzle does not have exactly one solution. The
            message names file and puzzle.
    """
    try:
        puzzles: list[Grid] = read_grids(read_puzzle_text(path), size).strictly()
    except UsageError as error:
        raise DataError(f"Cannot read {path} as puzzles: {error}") from error
    drawn: dict[int, Solution] = {}
    with progress("Solving puzzles", min(count, len(puzzles))) as advance:
        for index in random.Random(seed).sample(range(len(puzzles)), len(puzzles)):
            solution = solve(puzzles[index], limit=2, max_backtracks=LONGEST_SEARCH)
            if solution.solutions != 1 or not solution.complete:
                raise DataError(f"{path}, puzzle {index + 1}: {explain(puzzles[index])}")
            if solution.backtracks >= min_rating:
                drawn[index] = solution
                advance(1)
            if len(drawn) == count:
                break
    if not drawn:
        raise DataError(f"{path} holds no puzzles of rating {min_rating} or more.")
    chosen = sorted(drawn)
    givens = np.stack([puzzles[index] for index in chosen])
    return PuzzleBatch(
        givens,
        np.stack([drawn[index].grids[0] for index in chosen]),
        (givens > 0).sum(axis=1, dtype=np.int32),
        np.array([drawn[index].backtracks for index in chosen], np.int32),
    )
