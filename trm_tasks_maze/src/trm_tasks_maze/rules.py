"""The rules: an answer is correct if it is one shortest path from start to goal."""

from __future__ import annotations

import numpy as np

from trm_tasks_maze.grid import CHARACTERS, FREE, GOAL, PAD, PATH, START, WALL, BoolArray, IntArray, positions
from trm_tasks_maze.labels import label
from trm_tasks_maze.search import UNREACHED, breadth_first

_NAMES = {WALL: "wall", START: "start", GOAL: "goal"}


def path_lengths(mazes: IntArray) -> IntArray:
    """Return the number of moves `[N]` of a shortest path in mazes `[N, H, W]`; `UNREACHED` if there is no path."""
    distances = breadth_first(mazes != WALL, positions(mazes, START)).distances
    return distances[np.arange(len(mazes)), positions(mazes, GOAL)]


def is_valid_and_shortest(mazes: IntArray, answers: IntArray) -> BoolArray:
    """Return which answers are correct `[N]`: any shortest path, not only the label of the benchmark.

    An answer repeats the maze, with some free cells replaced by `PATH`. These cells, the start and the goal must form one
    shortest path.

    Args:
        mazes: `[N, H, W]`, each with one start and one goal.
        answers: `[N, H, W]` tokens.
    """
    marked = answers == PATH
    faithful = (np.where(marked, FREE, answers) == mazes).all(axis=(1, 2))
    on_path = marked | (mazes == START) | (mazes == GOAL)
    along = breadth_first(on_path, positions(mazes, START)).distances
    walked = along[np.arange(len(mazes)), positions(mazes, GOAL)]
    # A path of d moves has d + 1 cells. If no more cells than these are marked, all marked cells are on the path.
    shortest = (walked != UNREACHED) & (walked == path_lengths(mazes))
    right: BoolArray = faithful & shortest & (on_path.sum(axis=(1, 2)) == walked + 1)
    return right


def fault(maze: IntArray, answer: IntArray) -> str | None:
    """Return what is wrong with an answer as one sentence; None if it is a shortest path.

    Args:
        maze: `[H, W]`, with one start and one goal.
        answer: `[H, W]` tokens.
    """
    if is_valid_and_shortest(maze[None], answer[None])[0]:
        return None
    marked = answer == PATH
    unfaithful = np.argwhere(np.where(marked, FREE, answer) != maze)
    if len(unfaithful):
        return _unfaithful(maze, answer, int(unfaithful[0][0]), int(unfaithful[0][1]))
    if not marked.any():
        return "The answer has no path cells."
    on_path = marked | (maze == START) | (maze == GOAL)
    along = breadth_first(on_path[None], positions(maze[None], START)).distances[0].reshape(maze.shape)
    walked = int(along[maze == GOAL][0])
    if walked == UNREACHED:
        row, column = np.unravel_index(along.argmax(), along.shape)
        return f"The path from the start ends at {_place(int(row), int(column))} and does not reach the goal."
    shortest = int(path_lengths(maze[None])[0])
    if walked > shortest:
        return f"The path has {walked} moves, {walked - shortest} more than a shortest path."
    strays = np.argwhere(label(np.where(on_path, maze, WALL)) == FREE)
    first = _place(int(strays[0][0]), int(strays[0][1]))
    if len(strays) == 1:
        return f"The marked cell at {first} is not on the path."
    return f"{len(strays)} marked cells are not on the path, the first at {first}."


def no_way(maze: IntArray) -> str | None:
    """Return why a maze `[H, W]` has no answer as one sentence; None if it has one."""
    if path_lengths(maze[None])[0] == UNREACHED:
        return "No path leads from the start S to the goal G."
    return None


def _unfaithful(maze: IntArray, answer: IntArray, row: int, column: int) -> str:
    before, after = int(maze[row, column]), int(answer[row, column])
    place = _place(row, column)
    if after == PATH:
        if before == WALL:
            return f"The path crosses the wall at {place}."
        return f"The path overwrites the {_NAMES.get(before, 'padding')} at {place}."
    written = "padding" if after == PAD else f"'{CHARACTERS[after - 1]}'"
    return f"The {_NAMES.get(before, 'free cell')} at {place} is changed to {written}."


def _place(row: int, column: int) -> str:
    return f"row {row + 1}, column {column + 1}"
