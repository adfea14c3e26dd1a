"""Mazes as puzzle sets: generated, or Maze-Hard from its CSV files."""

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
OFFLINE = "Copy its train.csv and test.csv into a folder and name it with --set task.csv=FOLDER."


def build_generated(config: MazeConfig, split: Split, seed: int) -> PuzzleSet:
    """Generated mazes.

    A maze's walls decide its split, so the splits have no maze in common, nor a turned or mirrored one, whatever their
    seeds; see `trm_tasks_maze.splits`.
    """
    rows, columns = config.shape
    style = MazeStyle(rows, columns, config.min_walls, config.max_walls, config.least_moves, config.min_share)
    count = config.train_puzzles if split == "train" else config.test_puzzles
    return as_puzzle_set(*generate(style, split, seed, count), config)


def build_maze_hard(config: MazeConfig, split: Split, seed: int) -> PuzzleSet:
    """A half of Maze-Hard: `train.csv` or `test.csv` in the folder `config.csv`, or from the Hub. The seed changes nothing.

    Raises:
        DataError: the file can't be had or read, or its mazes are of another size than the settings'.
    """
    name = f"{split}.csv"
    path = hub_file(MAZE_HARD, name, OFFLINE) if config.csv is None else config.csv / name
    inputs, labels = read_csv(path)
    rows, columns = config.shape
    if inputs.shape[1] != rows * columns or rows != columns:
        side = round(inputs.shape[1] ** 0.5)
        raise DataError(
            f"The mazes in {path} have {side}x{side} cells, the settings say {rows}x{columns}: --set task.size={side}."
        )
    return as_puzzle_set(inputs, labels, config)


def symmetry_class(inputs: IntArray, labels: IntArray, config: MazeConfig) -> IntArray:
    """The walls' fingerprint ``[N]`` of mazes ``[N, L]``: the same for all symmetric images, whatever the start and goal."""
    return fingerprints((inputs == WALL).reshape(-1, *config.shape))


def as_puzzle_set(inputs: IntArray, labels: IntArray, config: MazeConfig) -> PuzzleSet:
    """Mazes and labels ``[N, L]``; `extras` has the share of walls and the moves of a shortest path of each.

    As in Maze-Hard all cells are scored, not only those of the path.
    """
    return PuzzleSet(
        inputs=inputs.astype(np.uint8),
        labels=labels.astype(np.uint8),
        description=describe(config),
        extras={"walls": (inputs == WALL).mean(axis=1), "moves": (labels == PATH).sum(axis=1) + 1},
    )
