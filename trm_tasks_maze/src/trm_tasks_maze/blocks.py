"""Mazes in the terminal, as Rich text.

Two forms: `cells`, two characters a cell, where letters and signs tell everything without colour; and `half_blocks`,
two rows of cells in one row of characters, half as wide, where colours tell the path from free cells and a line of text
(`places`) the rest. `draw` takes the first where it fits.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from rich.style import Style
from rich.text import Text

from trm_tasks_maze.grid import FREE, GOAL, PAD, PATH, START, WALL, IntArray
from trm_tasks_maze.rules import is_valid_and_shortest


class Mark(IntEnum):
    """What a cell shows: a token, or how an answer is wrong there."""

    PAD = PAD
    WALL = WALL
    FREE = FREE
    START = START
    GOAL = GOAL
    PATH = PATH
    WRONG = 6  # the answer has another token here than the target, or changes the maze
    MISSED = 7  # the target's path runs here, the answer's doesn't


# Okabe and Ito's palette, which stays apart for colour-blind readers.
_COLOURS = {
    Mark.PAD: "#000000",
    Mark.WALL: "#7f7f7f",
    Mark.FREE: "#1c1c1c",
    Mark.START: "#009e73",
    Mark.GOAL: "#e69f00",
    Mark.PATH: "#56b4e9",
    Mark.WRONG: "#d55e00",
    Mark.MISSED: "#cc79a7",
}

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
    """What to show in each cell, `[H, W]` of `Mark`.

    A prediction that is valid and shortest is right whatever the target: another path of the same length is no fault.
    Of any other, the cells that differ from the target are wrong or missed; without a target, those where walls, start
    or goal are changed.

    Args:
        maze: `[H, W]`.
        prediction: `[H, W]`; without one the target is shown, or else the maze alone.
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
    """A maze `[H, W]` or an answer to it in at most `width` columns, where `W` columns suffice; see `marks`."""
    shown = marks(maze, prediction, target)
    return cells(shown) if 2 * maze.shape[1] <= width else Text("\n").join([half_blocks(shown), places(maze, shown)])


def cells(shown: IntArray) -> Text:
    """Marks `[H, W]`, two characters a cell."""
    text = Text(no_wrap=True)
    for number, row in enumerate(shown):
        text.append("\n" if number else "")
        for value in row:
            mark = Mark(value)
            text.append(_SIGNS[mark], _style(mark, bold=mark not in (Mark.WALL, Mark.FREE, Mark.PAD)))
    return text


def half_blocks(shown: IntArray) -> Text:
    """Marks `[H, W]`, a character for each cell and the one below it."""
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
    """In words what half blocks tell by colour alone: where start and goal are, and how much of an answer is wrong."""
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
    """One line that explains the signs and colours."""
    parts = [Text.assemble((_SIGNS[mark], _style(mark, bold=True)), name) for mark, name in _LEGEND.items()]
    return Text("   ").join(parts)


def _half_block(top: Mark, bottom: Mark) -> tuple[str, Style]:
    """The character and colours for two cells. Where one is a wall, the filled half is the wall."""
    if top == bottom:
        return (" ", _style(top)) if top in (Mark.FREE, Mark.PAD) else ("█", _style(top))
    if bottom == Mark.WALL or top == Mark.FREE:
        return "▄", Style(color=_COLOURS[bottom], bgcolor=_COLOURS[top])
    return "▀", Style(color=_COLOURS[top], bgcolor=_COLOURS[bottom])


def _style(mark: Mark, bold: bool = False) -> Style:
    """A mark's colour on that of free cells; walls fill their cell."""
    return Style(color=_COLOURS[mark], bgcolor=_COLOURS[Mark.PAD if mark == Mark.PAD else Mark.FREE], bold=bold)
