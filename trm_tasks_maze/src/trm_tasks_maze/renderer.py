"""The renderer of the task."""

from __future__ import annotations

import numpy as np
from rich.text import Text

from trm.data import IGNORED, IntArray
from trm_tasks_maze.blocks import draw
from trm_tasks_maze.config import MazeConfig


class BlockRenderer:
    """Draws walls, path, start and goal, and marks wrong and missed cells. See `trm_tasks_maze.blocks`."""

    def __init__(self, config: MazeConfig) -> None:
        self.shape = config.shape

    def render(self, inputs: IntArray, prediction: IntArray | None = None, target: IntArray | None = None) -> Text:
        """Render a maze ``[L]`` of tokens; unscored positions of the target are ignored."""
        if target is not None:
            target = np.where(target == IGNORED, inputs if prediction is None else prediction, target)
        maze, answer, label = (
            None if grid is None else np.reshape(grid, self.shape) for grid in (inputs, prediction, target)
        )
        assert maze is not None
        return draw(maze, answer, label)
