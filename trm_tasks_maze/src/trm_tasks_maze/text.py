"""Mazes written as text."""

from __future__ import annotations

import numpy as np

from trm_tasks_maze.grid import CHARACTERS, IntArray


def to_text(maze: IntArray) -> str:
    """Format a maze or an answer `[H, W]` as lines of `# SGo`, with `?` for padding."""
    alphabet = np.array(list("?" + CHARACTERS))
    return "\n".join("".join(row) for row in alphabet[maze])
