"""Puzzle sets of generated mazes."""

from __future__ import annotations

import numpy as np

from trm.data import PuzzleSet
from trm_tasks_maze.config import MazeConfig, describe
from trm_tasks_maze.generator import MazeStyle, generate
from trm_tasks_maze.grid import PATH, WALL, IntArray
from trm_tasks_maze.splits import Split


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
