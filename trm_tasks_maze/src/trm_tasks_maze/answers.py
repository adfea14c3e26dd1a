"""Formats and checks mazes and answers for the command line."""

from __future__ import annotations

import numpy as np

from trm.data import IntArray
from trm_tasks_maze.config import MazeConfig
from trm_tasks_maze.rules import fault, no_way
from trm_tasks_maze.text import to_text


def format_tokens(tokens: IntArray, config: MazeConfig) -> str:
    """Format tokens ``[L]`` as lines of ``#.SGo``. Free cells are dots, because editors strip spaces at line ends."""
    return to_text(np.asarray(tokens).reshape(config.shape)).replace(" ", ".")


def check(inputs: IntArray, answer: IntArray, config: MazeConfig) -> str | None:
    """Return what is wrong with an answer ``[L]``; None if it is a shortest path."""
    return fault(np.asarray(inputs).reshape(config.shape), np.asarray(answer).reshape(config.shape))


def solvable(inputs: IntArray, config: MazeConfig) -> str | None:
    """Return why a maze ``[L]`` has no answer; None if it has one."""
    return no_way(np.asarray(inputs).reshape(config.shape))
