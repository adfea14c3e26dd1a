"""The cube as an unfolded net, and answers in words."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel
from rich.text import Text

from trm.data import IntArray

from .cube import FACES, MOVES
from .neighbourhood import FAR, IMAGES, state_of

COLOURS = {"U": "black on white", "R": "white on red", "F": "white on green",
           "D": "black on yellow", "L": "black on rgb(255,140,0)", "B": "white on blue"}  # fmt: skip
ROWS = ("-U--", "LFRB", "-D--")


def net(state: IntArray) -> Text:
    """Return a state `[24]` as six lines: U above F, then L, F, R and B beside each other, D below F."""
    text = Text()
    for faces in ROWS:
        for half in (0, 2):
            for face in faces.rstrip("-"):
                for column in (0, 1):
                    letter = "" if face == "-" else FACES[state[4 * FACES.index(face) + half + column] // 4]
                    text.append(f" {letter} " if letter else "   ", COLOURS.get(letter, ""))
                text.append(" ")
            text.append("\n")
    return text


def words(answer: IntArray) -> str:
    """Return an answer `[64]` in words: how many moves, and which first moves the numbers beside it suggest."""
    own = int(answer[0])
    if own >= FAR:
        return "more than 6 moves"
    nearer = [MOVES[move] for move in np.flatnonzero(answer[1:10] == own - 1)]
    return f"{own} move{'' if own == 1 else 's'}" + (f", first {' or '.join(nearer)}" if nearer else "")


class Net:
    """Draws the cube as a net with its colours, and answers in words below it."""

    def __init__(self, config: BaseModel) -> None:
        self.config = config

    def render(self, inputs: IntArray, prediction: IntArray | None = None, target: IntArray | None = None) -> Text:
        """Draw a puzzle `[W]`; a wrong number gets an exclamation mark."""
        text = net(state_of(inputs))
        if prediction is not None and 0 <= prediction[0] < IMAGES:
            text.append(words(prediction))
        if prediction is not None and target is not None:
            scored = (target >= 0) & (target < IMAGES)
            wrong = int((scored & (prediction != target)).sum())
            text.append(f"  ! {wrong} of {int(scored.sum())} numbers are wrong" if wrong else "", "bold red")
        return text
