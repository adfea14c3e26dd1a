"""Puzzle sets of generated mazes, or of Maze-Hard from its CSV files."""

from __future__ import annotations

import numpy as np

from trm.data import PuzzleSet, hub_file
from trm.errors import DataError
from trm_tasks_maze.config import MazeConfig, describe
from trm_tasks_maze.csv_source import read_csv
from trm_tasks_maze.generator import MazeStyle, generate
from trm_tasks_maze.grid import PATH, WALL, IntArray
from trm_tasks_maze.splits import Split, fingerprints

MAZE_HARD = "sapientinc/maze-30x30-hard-1k"
OFFLINE = "Copy its train.csv and test.csv into a folder and pass it with --set task.csv=FOLDER."


def build_generated(config: MazeConfig, split: Split, seed: int) -> PuzzleSet:
    """Generate mazes.

    The walls of a maze decide its split. Train and test therefore share no maze, even rotated or mirrored, for any seeds;
    see `trm_tasks_maze.splits`.

    Raises:
        UsageError: no such mazes exist, or fewer than requested.
    """
    rows, columns = config.shape
    style = MazeStyle(rows, columns, config.min_walls, config.max_walls, config.least_moves, config.min_share)
    count = config.train_puzzles if split == "train" else config.test_puzzles
    return as_puzzle_set(*generate(style, split, seed, count), config)


def build_maze_hard(config: MazeConfig, split: Split, seed: int) -> PuzzleSet:
    """Read `train.csv` or `test.csv` of Maze-Hard from the folder `config.csv`, or from the Hub. The seed is not used.

    Raises:
        DataError: the file cannot be downloaded or read, or the size of its mazes differs from the settings.
    """
    name = f"{split}.csv"
    path = hub_file(MAZE_HARD, name, OFFLINE) if config.csv is None else config.csv / name
    inputs, labels = read_csv(path)
    rows, columns = config.shape
    if inputs.shape[1] != rows * columns or rows != columns:
        side = round(inputs.shape[1] ** 0.5)
        raise DataError(
            f"The mazes in {path} have {side}x{side} cells, but the settings say {rows}x{columns}. Use --set task.size={side}."
        )
    return as_puzzle_set(inputs, labels, config)


def symmetry_class(inputs: IntArray, labels: IntArray, config: MazeConfig) -> IntArray:
    """Return the fingerprint ``[N]`` of the walls of mazes ``[N, L]``, which is the same for all symmetric images."""
    return fingerprints((inputs == WALL).reshape(-1, *config.shape))


def as_puzzle_set(inputs: IntArray, labels: IntArray, config: MazeConfig) -> PuzzleSet:
    """Create a puzzle set from mazes and labels ``[N, L]``. All cells are scored, as in Maze-Hard.

    `extras` holds the fraction of walls and the number of moves of a shortest path for each maze.
    """
    return PuzzleSet(
        inputs=inputs.astype(np.uint8),
        labels=labels.astype(np.uint8),
        description=describe(config),
        extras={"walls": (inputs == WALL).mean(axis=1), "moves": (labels == PATH).sum(axis=1) + 1},
    )
