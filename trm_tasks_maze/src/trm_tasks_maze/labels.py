"""The labels of Maze-Hard: which of several shortest paths is the label.

Maze-Hard marks the path that a breadth-first search from the start finds. The search visits neighbours in the order down,
left, right, up. The first cell that discovers another is its parent, and the path follows the parents back from the goal.
Labels are therefore unique. The rule is not symmetric, so the label of a mirrored maze is recomputed (see `symmetry`).
"""

from __future__ import annotations

import numpy as np

from trm.errors import PuzzleError
from trm_tasks_maze.grid import GOAL, PATH, START, WALL, IntArray, positions
from trm_tasks_maze.search import UNREACHED, breadth_first


def label(maze: IntArray) -> IntArray:
    """Solve one maze `[H, W]`: path cells become `PATH`.

    Raises:
        PuzzleError: no path connects the start and the goal.
    """
    answer: IntArray = label_batch(maze[None])[0]
    return answer


def label_batch(mazes: IntArray) -> IntArray:
    """Solve mazes `[N, H, W]`, each with one start and one goal.

    Raises:
        PuzzleError: no path connects start and goal. In a batch, the message gives the number of the maze, from 1.
    """
    goals = positions(mazes, GOAL)
    search = breadth_first(mazes != WALL, positions(mazes, START))
    unreached = np.flatnonzero(search.parents[np.arange(len(mazes)), goals] == UNREACHED)
    if unreached.size:
        which = f" in maze {unreached[0] + 1} of {len(mazes)}" if len(mazes) > 1 else ""
        raise PuzzleError(f"No path leads from the start S to the goal G{which}. Open a wall.")
    return mark_paths(mazes.reshape(len(mazes), -1), goals, search.parents).reshape(mazes.shape)


def mark_paths(mazes: IntArray, goals: IntArray, parents: IntArray) -> IntArray:
    """Return copies of mazes `[N, L]` with `PATH` from `goals` `[N]` back along `parents` `[N, L]`."""
    marked = mazes.copy()
    index = np.arange(len(mazes))
    cells = parents[index, goals]
    while True:
        walking = parents[index, cells] != cells  # only the start is its own parent
        index, cells = index[walking], cells[walking]
        if not index.size:
            return marked
        marked[index, cells] = PATH
        cells = parents[index, cells]
