"""The board of `trm play`: walls, start and goal are painted, and the answer is a shortest way."""

from __future__ import annotations

from trm.render import Board, Given, TokenLook, Way
from trm_tasks_maze.config import MazeConfig
from trm_tasks_maze.grid import FREE, GOAL, PATH, START, WALL


def board(config: MazeConfig) -> Board:
    """The board of mazes of a size."""
    rows, columns = config.shape
    empty = [FREE] * (rows * columns)
    empty[0], empty[-1] = START, GOAL
    return Board(
        looks=(
            TokenLook(text="", name="padding", role="padding"),
            TokenLook(text="", name="wall", role="wall", keys="#█X"),
            TokenLook(text="", name="free", role="blank", keys=". "),
            TokenLook(text="S", name="start", role="start", keys="Ss", once=True),
            TokenLook(text="G", name="goal", role="goal", keys="GgEe", once=True),
            TokenLook(text="o", name="path", role="path"),
        ),
        columns=columns,
        puzzle="maze",
        blank=FREE,
        tools=(WALL, FREE, START, GOAL),
        empty=tuple(empty),
        rules=(
            Given(blanks=(FREE,), fill=(FREE, PATH)),
            Way(start=START, goal=GOAL, path=PATH, free=(FREE,)),
        ),
    )
