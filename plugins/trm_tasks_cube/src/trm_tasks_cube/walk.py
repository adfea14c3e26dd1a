"""Solving a cube move by move: the network marks the distances around a state, and the way leads to the nearest neighbour."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from trm.data import IntArray

from .cube import MOVES, STICKERS, moves
from .neighbourhood import MOST_MOVES

Floats = npt.NDArray[np.float64]
Ask = Callable[[IntArray], Floats]
"""For states `[N, 24]`, how far each neighbour seems to be from the solved cube, `[N, 9]`."""
TRIES = 3


def walk(ask: Ask, states: IntArray, first: Sequence[int | None]) -> list[list[int]]:
    """Walk downhill from states `[N, 24]` for at most six moves, all together.

    Args:
        ask: the network.
        states: where to start.
        first: for each state its first move; None to ask for it, too.

    Returns:
        The moves of each way. It ends early when the cube is solved.
    """
    states = states.copy()
    ways: list[list[int]] = [[] for _ in states]
    for step in range(MOST_MOVES):
        open_ = np.flatnonzero((states != np.arange(STICKERS)).any(axis=1))
        if not len(open_):
            break
        given = [None if step else first[row] for row in open_.tolist()]
        chosen = np.array([-1 if move is None else move for move in given])
        asked = chosen < 0
        if asked.any():
            far = ask(states[open_[asked]])
            faces = [ways[row][-1] // 3 if ways[row] else -1 for row in open_[asked]]
            far[np.arange(len(MOVES)) // 3 == np.array(faces)[:, None]] = np.inf  # never turn a face twice in a row
            chosen[asked] = far.argmin(axis=1)
        for row, move in zip(open_.tolist(), chosen.tolist(), strict=True):
            ways[row].append(move)
            states[row] = states[row][moves()[move]]
    return ways


def after(state: IntArray, way: Sequence[int]) -> IntArray:
    """Return the state `[24]` after some moves."""
    for move in way:
        state = state[moves()[move]]
    return state


def solves(state: IntArray, way: Sequence[int]) -> bool:
    """Whether some moves solve a state `[24]`."""
    return bool((after(state, way) == np.arange(STICKERS)).all())


def search(ask: Ask, states: IntArray, tries: int = TRIES) -> tuple[list[list[int]], IntArray]:
    """Walk from states `[N, 24]`; if a way does not solve the cube, try again with the next best first move.

    Returns:
        The way of each state, and the number of the try that solved it `[N]`; the first way and 0 if none did.
    """
    ways = walk(ask, states, [None] * len(states))
    solved = np.array([int(solves(*pair)) for pair in zip(states, ways, strict=True)], dtype=int)
    left = np.flatnonzero(solved == 0)
    order = ask(states[left]).argsort(axis=1, kind="stable") if len(left) and tries > 1 else np.zeros((0, 0), int)
    for number in range(1, tries):
        rows = [row for row in range(len(left)) if not solved[left[row]]]
        if not rows:
            break
        again = walk(ask, states[left[rows]], order[rows, number].tolist())
        for row, way in zip(rows, again, strict=True):
            if solves(states[left[row]], way):
                ways[left[row]], solved[left[row]] = way, number + 1
    return ways, solved
