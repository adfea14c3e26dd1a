"""Mazes as arrays of tokens, with the alphabet of the benchmark."""

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
"""The range of sizes. Presets train on 10 to 30; larger sizes test generalisation."""


def positions(grids: IntArray, token: int) -> IntArray:
    """Return the flat index `[N]` of the first cell with `token` in grids `[N, H, W]`."""
    found: IntArray = (grids == token).reshape(len(grids), -1).argmax(axis=1)
    return found
