"""Judging answers by the rules: any shortest path is right, not just the label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trm.evaluation import Share
from trm_tasks_maze.config import MazeConfig
from trm_tasks_maze.rules import is_valid_and_shortest


class ValidShortest(Share):
    """The share of the answers whose marked cells are one path from start to goal, of the least length."""

    needs = ("inputs", "predictions")
    config: MazeConfig

    def count(self, batch: Mapping[str, Any]) -> tuple[int, int]:
        mazes, answers = (batch[name].reshape(-1, *self.config.shape) for name in self.needs)
        right = is_valid_and_shortest(mazes, answers)
        return int(right.sum()), len(right)
