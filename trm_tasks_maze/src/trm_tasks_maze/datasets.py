"""Puzzle sets of Maze-Hard from its CSV files, and the symmetry classes of mazes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trm.data import PuzzleSet, hub_file, read_puzzle_text
from trm.errors import DataError, UsageError
from trm_tasks_maze.config import MazeConfig
from trm_tasks_maze.csv_source import read_csv
from trm_tasks_maze.generated import as_puzzle_set
from trm_tasks_maze.grid import WALL, IntArray
from trm_tasks_maze.labels import label
from trm_tasks_maze.reading import read
from trm_tasks_maze.splits import fingerprints

TEXTS = (".txt", ".txt.gz", ".npy")
MAZE_HARD = "sapientinc/maze-30x30-hard-1k"
OFFLINE = "Copy its train.csv and test.csv into a folder and pass it with --set task.csv=FOLDER."


def build_maze_hard(config: MazeConfig, split: str, seed: int) -> PuzzleSet:
    """Read Maze-Hard from the Hub, or `train.csv` and `test.csv` (or `.txt`) from `config.csv`. The seed is not used.

    Raises:
        UsageError: `config.csv` is a file.
        DataError: the file cannot be downloaded or read, or the size of its mazes differs from the settings.
    """
    if config.csv is not None and config.csv.is_file():
        raise UsageError(f"task.csv={config.csv} is a file: expected a folder with train.csv and test.csv.")
    text = config.csv and _text_file(config.csv, split)
    if text:
        return as_puzzle_set(*_read_texts(text, config), config)
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


def _text_file(folder: Path, split: str) -> Path | None:
    """The text file of a split in a folder that has no CSV file of it; None if there is none."""
    if any((folder / f"{split}{suffix}").exists() for suffix in (".csv", ".csv.gz")):
        return None
    return next((path for suffix in TEXTS if (path := folder / f"{split}{suffix}").is_file()), None)


def _read_texts(path: Path, config: MazeConfig) -> tuple[IntArray, IntArray]:
    """Read mazes without answers, and label them; both `[N, L]`."""
    try:
        mazes = read(read_puzzle_text(path), config).strictly()
    except UsageError as error:
        raise DataError(f"Cannot read {path} as mazes: {error}") from error
    return np.stack(mazes), np.stack([label(maze.reshape(config.shape)).reshape(-1) for maze in mazes])


def symmetry_class(inputs: IntArray, labels: IntArray, config: MazeConfig) -> IntArray:
    """Return the fingerprint ``[N]`` of the walls of mazes ``[N, L]``, which is the same for all symmetric images."""
    return fingerprints((inputs == WALL).reshape(-1, *config.shape))
