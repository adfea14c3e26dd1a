"""Parses, formats and checks mazes and answers for the command line."""

from __future__ import annotations

import numpy as np

from trm.data import IntArray
from trm_tasks_maze.config import MazeConfig
from trm_tasks_maze.rules import fault, no_way
from trm_tasks_maze.text import parse as parse_grids
from trm_tasks_maze.text import to_text


def parse(text: str, config: MazeConfig) -> list[IntArray]:
    """Parse mazes into tokens ``[L]``; see `trm_tasks_maze.text`.

    Raises:
        PuzzleError: the text contains no maze, a malformed one, or one whose size differs from the settings.
    """
    return [maze.reshape(-1).astype(np.int64) for maze in parse_grids(text, config.shape)]


def fit(text: str, config: MazeConfig) -> MazeConfig:
    """Return the settings with the size of the first maze in a text.

    Raises:
        PuzzleError: the text contains no maze, or a malformed one.
    """
    rows, columns = parse_grids(text)[0].shape
    return config.model_copy(update={"size": rows, "width": None if columns == rows else columns})


def format_tokens(tokens: IntArray, config: MazeConfig) -> str:
    """Format tokens ``[L]`` as lines of ``#.SGo``. Free cells are dots, because editors strip spaces at line ends."""
    return to_text(np.asarray(tokens).reshape(config.shape)).replace(" ", ".")


def check(inputs: IntArray, answer: IntArray, config: MazeConfig) -> str | None:
    """Return what is wrong with an answer ``[L]``; None if it is a shortest path."""
    return fault(np.asarray(inputs).reshape(config.shape), np.asarray(answer).reshape(config.shape))


def solvable(inputs: IntArray, config: MazeConfig) -> str | None:
    """Return why a maze ``[L]`` has no answer; None if it has one."""
    return no_way(np.asarray(inputs).reshape(config.shape))
