"""Mazes as arrays of tokens, with the benchmark's alphabet."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.integer[Any]]
BoolArray = npt.NDArray[np.bool_]

PAD, WALL, FREE, START, GOAL, PATH = range(6)
VOCABULARY = 6
CHARACTERS = "# SGo"
"""The characters of the tokens 1 to 5."""

MIN_SIDE, MAX_SIDE = 5, 80
"""The sizes that generating and reading allow. Presets train at 10 to 30; larger ones test generalisation."""


def positions(grids: IntArray, token: int) -> IntArray:
    """The flat index of the first cell that holds `token`, `[N]`, in grids `[N, H, W]`."""
    found: IntArray = (grids == token).reshape(len(grids), -1).argmax(axis=1)
    return found
