"""The board of `trm play`: the canvas in the ten colours. ARC has no rules that hold for every task."""

from __future__ import annotations

from trm.render import Board, TokenLook
from trm_tasks_arc.colours import NAMES, PALETTE
from trm_tasks_arc.config import ArcConfig
from trm_tasks_arc.grids import PAD


def board(config: ArcConfig) -> Board:
    """The board of a canvas."""
    colours = zip("0123456789", NAMES, PALETTE, strict=True)
    return Board(
        looks=(
            TokenLook(text="", name="outside the grid", role="padding", keys="."),
            TokenLook(text="", name="end of the grid", role="padding", keys="e"),
            *(TokenLook(text=digit, name=name, keys=digit, color=color) for digit, name, color in colours),
        ),
        columns=config.side,
        puzzle="grid",
        blank=PAD,
        hint="Type the digits of the colours.",
    )
