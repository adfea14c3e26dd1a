"""Mazes in the terminal, as Rich text.

There are two forms. `cells` uses two characters per cell and is readable without colour. `half_blocks` is half as wide: a
character shows two rows of cells, colours distinguish the path from free cells, and a line of text (`places`) gives the
rest. `draw` uses `cells` if it fits.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from rich.style import Style
from rich.text import Text

from trm_tasks_maze.grid import FREE, GOAL, PAD, PATH, START, WALL, IntArray
from trm_tasks_maze.rules import is_valid_and_shortest


class Mark(IntEnum):
    """The content of a cell: a token, or a kind of error."""

    PAD = PAD
    WALL = WALL
    FREE = FREE
    START = START
    GOAL = GOAL
    PATH = PATH
    WRONG = 6  # the answer differs from the target here, or changes the maze
    MISSED = 7  # the target has a path cell here, the answer does not


# The colours of the terminal or page, so that a maze is readable on a light and on a dark background.
_COLOURS = {
    Mark.START: "green",
    Mark.GOAL: "yellow",
    Mark.PATH: "cyan",
    Mark.WRONG: "red",
    Mark.MISSED: "magenta",
}
_EMPTY = (Mark.FREE, Mark.PAD)

_SIGNS = {
    Mark.PAD: "  ",
    Mark.WALL: "██",
    Mark.FREE: "  ",
    Mark.START: "S ",
    Mark.GOAL: "G ",
    Mark.PATH: "• ",
    Mark.WRONG: "× ",
    Mark.MISSED: "○ ",
}

_LEGEND = {
    Mark.START: "start",
    Mark.GOAL: "goal",
    Mark.PATH: "path",
    Mark.WRONG: "wrong",
    Mark.MISSED: "missed",
}


def marks(maze: IntArray, prediction: IntArray | None = None, target: IntArray | None = None) -> IntArray:
    """Return the `Mark` of each cell `[H, W]`.

    A valid shortest path is correct even if it differs from the target. In other predictions, cells that differ from the
    target are wrong or missed. Without a target, cells that change walls, start or goal are wrong.

    Args:
        maze: `[H, W]`.
        prediction: `[H, W]` (default: show the target, or the maze alone if there is no target).
        target: `[H, W]`.
    """
    if prediction is None:
        return maze if target is None else target
    if is_valid_and_shortest(maze[None], prediction[None])[0]:
        return prediction
    if target is None:
        changed = np.where(prediction == PATH, FREE, prediction) != maze
        return np.where(changed, Mark.WRONG, prediction)
    missed = (target == PATH) & (prediction == FREE)
    return np.where(missed, Mark.MISSED, np.where(prediction == target, prediction, Mark.WRONG))


def draw(maze: IntArray, prediction: IntArray | None = None, target: IntArray | None = None, width: int = 80) -> Text:
    """Draw a maze `[H, W]` or an answer in at most `width` columns, which must be at least `W`; see `marks`."""
    shown = marks(maze, prediction, target)
    return cells(shown) if 2 * maze.shape[1] <= width else Text("\n").join([half_blocks(shown), places(maze, shown)])


def cells(shown: IntArray) -> Text:
    """Draw marks `[H, W]` with two characters per cell."""
    text = Text(no_wrap=True)
    for number, row in enumerate(shown):
        text.append("\n" if number else "")
        for value in row:
            mark = Mark(value)
            text.append(_SIGNS[mark], _style(mark, bold=mark in _COLOURS))
    return text


def half_blocks(shown: IntArray) -> Text:
    """Draw marks `[H, W]` with one character for each cell and the one below it."""
    height, width = shown.shape
    even = np.full((height + height % 2, width), int(Mark.PAD))
    even[:height] = shown
    text = Text(no_wrap=True)
    for number, (upper, lower) in enumerate(zip(even[::2], even[1::2], strict=True)):
        text.append("\n" if number else "")
        for top, bottom in zip(upper, lower, strict=True):
            text.append(*_half_block(Mark(top), Mark(bottom)))
    return text


def places(maze: IntArray, shown: IntArray) -> Text:
    """Describe in words what half blocks show only by colour: start, goal, and the number of wrong cells."""
    parts = []
    for token, name in ((START, "start"), (GOAL, "goal")):
        row, column = np.argwhere(maze == token)[0]
        parts.append(f"{name} {row + 1}:{column + 1}")
    for mark, name in ((Mark.PATH, "on the path"), (Mark.WRONG, "wrong"), (Mark.MISSED, "missed")):
        count = np.count_nonzero(shown == mark)
        if count:
            parts.append(f"{count} {name}")
    return Text(", ".join(parts))


def legend() -> Text:
    """Return one line that explains the signs and colours."""
    parts = [Text.assemble((_SIGNS[mark], _style(mark, bold=True)), name) for mark, name in _LEGEND.items()]
    return Text("   ").join(parts)


def _half_block(top: Mark, bottom: Mark) -> tuple[str, Style]:
    """Return the character and colours for two cells. If one is a wall, the wall is the filled half."""
    if top in _EMPTY and bottom in _EMPTY:
        return " ", Style()
    if top == bottom:
        return "█", _style(top)
    if bottom == Mark.WALL or top in _EMPTY:
        return "▄", _style(bottom) + Style(bgcolor=_COLOURS.get(top))
    return "▀", _style(top) + Style(bgcolor=_COLOURS.get(bottom))


def _style(mark: Mark, bold: bool = False) -> Style:
    """Return the style of a mark: its colour, or a softened foreground for walls."""
    return Style(color=_COLOURS.get(mark), dim=mark == Mark.WALL or None, bold=bold or None)
