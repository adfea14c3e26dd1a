"""Mazes and answers as the command line needs them: read, written, and judged by the rules."""

from __future__ import annotations

import numpy as np

from trm.data import IntArray
from trm_tasks_maze.config import MazeConfig
from trm_tasks_maze.rules import fault, no_way
from trm_tasks_maze.text import parse as parse_grids
from trm_tasks_maze.text import to_text


def parse(text: str, config: MazeConfig) -> list[IntArray]:
    """Mazes ``[L]`` of tokens from text; see `trm_tasks_maze.text`.

    Raises:
        PuzzleError: no maze, a malformed one, or one of another size than the settings'.
    """
    return [maze.reshape(-1).astype(np.int64) for maze in parse_grids(text, config.shape)]


def fit(text: str, config: MazeConfig) -> MazeConfig:
    """The settings at the size of the first maze in a text.

    Raises:
        PuzzleError: there is none, or it is malformed.
    """
    rows, columns = parse_grids(text)[0].shape
    return config.model_copy(update={"size": rows, "width": None if columns == rows else columns})


def format_tokens(tokens: IntArray, config: MazeConfig) -> str:
    """Tokens ``[L]`` as lines of ``#.SGo``: dots for free cells, which survive an editor, unlike spaces at line ends."""
    return to_text(np.asarray(tokens).reshape(config.shape)).replace(" ", ".")


def check(inputs: IntArray, answer: IntArray, config: MazeConfig) -> str | None:
    """What is wrong with an answer ``[L]``; None where it is a path of the least length."""
    return fault(np.asarray(inputs).reshape(config.shape), np.asarray(answer).reshape(config.shape))


def solvable(inputs: IntArray, config: MazeConfig) -> str | None:
    """Why a maze ``[L]`` has no answer; None where it has one."""
    return no_way(np.asarray(inputs).reshape(config.shape))
