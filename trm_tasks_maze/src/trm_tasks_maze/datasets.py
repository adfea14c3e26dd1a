"""Puzzle sets of Maze-Hard from its CSV files, and the symmetry classes of mazes."""

from __future__ import annotations

from trm.data import PuzzleSet, hub_file
from trm.errors import DataError
from trm_tasks_maze.config import MazeConfig
from trm_tasks_maze.csv_source import read_csv
from trm_tasks_maze.generated import as_puzzle_set
from trm_tasks_maze.grid import WALL, IntArray
from trm_tasks_maze.splits import fingerprints

MAZE_HARD = "sapientinc/maze-30x30-hard-1k"
OFFLINE = "Copy its train.csv and test.csv into a folder and pass it with --set task.csv=FOLDER."


def build_maze_hard(config: MazeConfig, split: str, seed: int) -> PuzzleSet:
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
