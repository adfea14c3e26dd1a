"""The metric of the task: any shortest path is correct, not only the label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trm.evaluation import Share
from trm_tasks_maze.config import MazeConfig
from trm_tasks_maze.rules import is_valid_and_shortest


class ValidShortest(Share):
    """Fraction of the answers whose path cells form one shortest path from start to goal."""

    needs = ("inputs", "predictions")
    config: MazeConfig

    def count(self, batch: Mapping[str, Any]) -> tuple[int, int]:
        mazes, answers = (batch[name].reshape(-1, *self.config.shape) for name in self.needs)
        right = is_valid_and_shortest(mazes, answers)
        return int(right.sum()), len(right)
