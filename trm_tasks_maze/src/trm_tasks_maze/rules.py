"""What makes an answer right: one unbroken path from start to goal, of the least length."""

from __future__ import annotations

import numpy as np

from trm_tasks_maze.grid import CHARACTERS, FREE, GOAL, PAD, PATH, START, WALL, BoolArray, IntArray, positions
from trm_tasks_maze.labels import label
from trm_tasks_maze.search import UNREACHED, breadth_first

_NAMES = {WALL: "wall", START: "start", GOAL: "goal"}


def path_lengths(mazes: IntArray) -> IntArray:
    """Moves on a shortest path from start to goal in mazes `[N, H, W]`, `[N]`; `UNREACHED` where there is none."""
    distances = breadth_first(mazes != WALL, positions(mazes, START)).distances
    return distances[np.arange(len(mazes)), positions(mazes, GOAL)]


def is_valid_and_shortest(mazes: IntArray, answers: IntArray) -> BoolArray:
    """Which answers are right, `[N]`: any shortest path counts, not just the benchmark's label.

    An answer repeats the maze but for free cells that it marks with `PATH`. Those cells, with the start and the goal,
    must be one path from start to goal, of the least length.

    Args:
        mazes: `[N, H, W]`, each with one start and one goal.
        answers: `[N, H, W]` tokens.
    """
    marked = answers == PATH
    faithful = (np.where(marked, FREE, answers) == mazes).all(axis=(1, 2))
    on_path = marked | (mazes == START) | (mazes == GOAL)
    along = breadth_first(on_path, positions(mazes, START)).distances
    walked = along[np.arange(len(mazes)), positions(mazes, GOAL)]
    # A way of d moves has d + 1 cells. Where no cell is marked beyond them, all of them are on the path.
    shortest = (walked != UNREACHED) & (walked == path_lengths(mazes))
    right: BoolArray = faithful & shortest & (on_path.sum(axis=(1, 2)) == walked + 1)
    return right


def fault(maze: IntArray, answer: IntArray) -> str | None:
    """What is wrong with an answer, in one sentence, or None for a valid and shortest one.

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
        return "No cell is marked as path."
    on_path = marked | (maze == START) | (maze == GOAL)
    along = breadth_first(on_path[None], positions(maze[None], START)).distances[0].reshape(maze.shape)
    walked = int(along[maze == GOAL][0])
    if walked == UNREACHED:
        row, column = np.unravel_index(along.argmax(), along.shape)
        return f"The path from the start breaks off at {_place(int(row), int(column))} and doesn't reach the goal."
    shortest = int(path_lengths(maze[None])[0])
    if walked > shortest:
        return f"The path has {walked} moves, {walked - shortest} more than the shortest one."
    strays = np.argwhere(label(np.where(on_path, maze, WALL)) == FREE)
    first = _place(int(strays[0][0]), int(strays[0][1]))
    if len(strays) == 1:
        return f"The marked cell at {first} isn't part of the path."
    return f"{len(strays)} marked cells aren't part of the path, the first at {first}."


def no_way(maze: IntArray) -> str | None:
    """Why a maze `[H, W]` has no answer, in one sentence, or None when it has one."""
    if path_lengths(maze[None])[0] == UNREACHED:
        return "No way leads from the start S to the goal G: walls separate them."
    return None


def _unfaithful(maze: IntArray, answer: IntArray, row: int, column: int) -> str:
    before, after = int(maze[row, column]), int(answer[row, column])
    place = _place(row, column)
    if after == PATH:
        if before == WALL:
            return f"The path crosses the wall at {place}."
        return f"The path covers the {_NAMES.get(before, 'padding')} at {place}."
    written = "padding" if after == PAD else f"'{CHARACTERS[after - 1]}'"
    return f"The {_NAMES.get(before, 'free cell')} at {place} is changed to {written}."


def _place(row: int, column: int) -> str:
    return f"row {row + 1}, column {column + 1}"
