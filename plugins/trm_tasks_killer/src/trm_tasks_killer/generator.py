"""Random Killer Sudokus with one solution: a filled grid, connected cages, and as few given cells as one solution needs."""

from __future__ import annotations

import numpy as np

from trm.data import IntArray

from .geometry import geometry
from .puzzle import Puzzle
from .search import UNLIMITED, ascending, clues, search

MOST_GUESSES = 300
"""A puzzle that needs more guesses than this gets another given cell, as if it had two solutions."""


def filled_grid(rng: np.random.Generator, size: int) -> IntArray:
    """Return a random filled grid `[n * n]`."""
    rows = geometry(size).units[:, 0]
    lines_as_cages = clues(rows, np.full(size, size * (size + 1) // 2))
    found = np.zeros((1, size**2), np.int64)
    search(np.zeros(size**2, np.int64), lines_as_cages, rng.permuted(ascending(size), axis=1), UNLIMITED, found)
    return found[0]


def random_puzzle(rng: np.random.Generator, answer: IntArray, largest: int) -> Puzzle:
    """Return a puzzle with an answer `[n * n]` as its only solution.

    Args:
        rng: the source of randomness.
        answer: a filled grid.
        largest: most cells of a cage.
    """
    cages = random_cages(rng, answer, largest)
    sums = np.bincount(cages, weights=answer).astype(np.int64)
    return Puzzle(_givens(rng, answer, cages, sums), cages, sums)


def random_cages(rng: np.random.Generator, answer: IntArray, largest: int) -> IntArray:
    """Return the cage of each cell `[n * n]`, numbered by their first cells. A cage has no digit of the answer twice.

    From each cell in random order that is in no cage yet, a cage grows to a random number of cells from 2 to `largest`,
    or less if it cannot. A cage that stays at one cell then joins a cage beside it that has room.
    """
    digits, beside = answer.tolist(), _beside(len(answer))
    wanted, chances = rng.integers(2, largest + 1, size=len(digits)).tolist(), rng.random(len(digits)).tolist()
    cage_of: dict[int, list[int]] = {}
    for start in rng.permutation(len(digits)).tolist():
        if start in cage_of:
            continue
        cage = cage_of[start] = [start]
        while len(cage) < wanted[start]:
            held = {digits[cell] for cell in cage}
            free = {
                other for cell in cage for other in beside[cell] if other not in cage_of and digits[other] not in held
            }
            if not free:
                break
            chosen = sorted(free)[int(chances[len(cage_of)] * len(free))]
            cage.append(chosen)
            cage_of[chosen] = cage
    for cell, cage in cage_of.items():
        if len(cage) == 1:
            roomy = (cage_of[other] for other in beside[cell] if len(cage_of[other]) < largest)
            fitting = (joined for joined in roomy if digits[cell] not in {digits[member] for member in joined})
            if joined := next(fitting, None):
                joined.append(cell)
                cage_of[cell] = joined
    first = [min(cage_of[cell]) for cell in range(len(digits))]
    return np.unique(first, return_inverse=True)[1]


def _beside(length: int) -> list[list[int]]:
    sides = geometry(round(length**0.5)).beside.tolist()
    return [[cell for cell in row if cell >= 0] for row in sides]


def _givens(rng: np.random.Generator, answer: IntArray, cages: IntArray, sums: IntArray) -> IntArray:
    """Give random cells in which two solutions differ, until there is one solution `[n * n]`."""
    rules, order = clues(cages, sums), ascending(int(answer.max()))
    givens, found = np.zeros(len(answer), np.int64), np.zeros((2, len(answer)), np.int64)
    while True:
        count, guesses = search(givens, rules, order, MOST_GUESSES, found)
        if guesses <= MOST_GUESSES and count == 1:
            return givens
        open_cells = found[0] != found[1] if count == 2 else givens == 0
        cell = rng.choice(np.flatnonzero(open_cells))
        givens[cell] = answer[cell]
