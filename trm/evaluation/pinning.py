"""Pinning: a restart is given the value of one position, guessed from what the first attempt believed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trm.data.ranges import IntArray

Beliefs = npt.NDArray[np.float32]

VALUES = 2
"""Values that are guessed for each position: the likeliest one, then the second."""


class Guess(NamedTuple):
    """A position and the token that it is taken to have."""

    position: int
    token: int

    def filled_in(self, puzzle: IntArray) -> IntArray:
        """The puzzle ``[L]`` or row ``[W]`` with the token at the position."""
        filled = puzzle.copy()
        filled[self.position] = self.token
        return filled


def guesses(puzzle: IntArray, beliefs: Beliefs, unknown_id: int) -> list[Guess]:
    """The two likeliest values of each unknown position, the position with the least certain value first.

    If the values are right as often as they are believed to be, the second is right where the first is not, and a right one
    at a position that the network did not settle tells it most.

    Args:
        puzzle: tokens ``[L]``, or a row ``[W]`` that begins with them.
        beliefs: probability of each token at each position ``[L, V]``, or the sum over as many steps everywhere.
        unknown_id: token of the unknown positions; it is no value.
    """
    believed = beliefs.copy()
    believed[:, unknown_id] = -1.0
    likeliest = np.argsort(-believed, axis=1, kind="stable")[:, :VALUES]
    unknown = np.flatnonzero(puzzle[: len(beliefs)] == unknown_id)
    order = unknown[np.argsort(believed[unknown].max(axis=1), kind="stable")]
    return [Guess(int(position), int(token)) for position in order for token in likeliest[position]]
