"""A depth-first search over bit masks, compiled by numba. Bit d - 1 of a mask stands for digit d.

Before each guess, the search fills cells with one candidate and digits with one place in a row, column or box until none
is left. A cell's candidates are those that the other cells of its lines, its box and its cage leave, and that are part of
a set of digits with the cage's sum. The search then guesses in the cell with the fewest candidates.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from trm.data import IntArray

from .geometry import geometry

UNLIMITED = 1 << 60
NO_CELL = -1


class Clues(NamedTuple):
    """The rules of a puzzle but for the given digits.

    Attributes:
        units: row, column, box and cage of each cell `[L, 4]`; cages come last, from 3 n on.
        sums: the sum of each cage.
        table: see `completions`.
    """

    units: npt.NDArray[np.int64]
    sums: npt.NDArray[np.int64]
    table: npt.NDArray[np.int64]


def clues(cages: IntArray, sums: IntArray) -> Clues:
    """The rules for a cage of each cell `[n * n]`, and the sum of each cage."""
    shape = geometry(round(len(cages) ** 0.5))
    units = np.column_stack([shape.units, cages + 3 * shape.size]).astype(np.int64)
    return Clues(units, np.asarray(sums, np.int64), completions(shape.size))


@cache
def completions(size: int) -> npt.NDArray[np.int64]:
    """Which digits can complete a cage `[k, s, mask]`: all that are in a set of k digits of the mask with the sum s."""
    table = np.zeros((size + 1, size * (size + 1) // 2 + 1, 1 << size), np.int64)
    masks = np.arange(1 << size)
    for chosen in range(1 << size):
        digits = [digit for digit in range(1, size + 1) if chosen >> (digit - 1) & 1]
        table[len(digits), sum(digits), (masks & chosen) == chosen] |= chosen
    return table


def ascending(size: int) -> npt.NDArray[np.int64]:
    """The order in which a search tries digits if nothing else is wanted `[n * n, n]`."""
    return np.tile(np.arange(1, size + 1), (size**2, 1))


def solve(
    grid: IntArray, cages: IntArray, sums: IntArray, limit: int = 2, most_guesses: int = UNLIMITED
) -> tuple[IntArray, int]:
    """Find up to `limit` solutions of a puzzle.

    Args:
        grid: the digit of each cell `[n * n]`, 0 where it is not given.
        cages: the cage of each cell `[n * n]`.
        sums: the sum of each cage.
        limit: 2 is enough to know whether the first solution is unique.
        most_guesses: give up after this many guesses.

    Returns:
        The solutions `[K, n * n]`, and the number of guesses, which is `most_guesses` + 1 if the search gave up.
    """
    found = np.zeros((limit, len(grid)), np.int64)
    order = ascending(round(len(grid) ** 0.5))
    count, guesses = search(np.asarray(grid, np.int64), clues(cages, sums), order, most_guesses, found)
    return found[:count], guesses


@njit(cache=True)
def search(givens: Any, clues: Any, order: Any, most_guesses: Any, found: Any) -> Any:
    """Write up to `len(found)` solutions into `found` [K, L]. Return their number, and the number of guesses.

    `order` [L, n] has the order in which the digits of each cell are tried.
    """
    length = len(givens)
    grid, candidates = givens.copy(), np.zeros(length, np.int64)
    filled = np.zeros(length, np.int64)  # cells in the order in which they were filled
    guessed = np.zeros((length, 2), np.int64)  # per guess: how many cells were filled before it, digits still to try
    count = guesses = depth = level = 0
    while True:
        cell, options = _next(grid, clues, candidates)
        if cell != NO_CELL:
            if options & (options - 1):
                guessed[level] = depth, options & ~(1 << (_first(options, order[cell]) - 1))
                level += 1
                guesses += 1
            grid[cell] = _first(options, order[cell])
            filled[depth] = cell
            depth += 1
            continue
        if options == 0:
            found[count] = grid
            count += 1
        while level and guessed[level - 1, 1] == 0:
            level -= 1
        if level == 0 or count == len(found) or guesses > most_guesses:
            return count, guesses
        while depth > guessed[level - 1, 0] + 1:
            depth -= 1
            grid[filled[depth]] = 0
        cell = filled[depth - 1]
        grid[cell] = _first(guessed[level - 1, 1], order[cell])
        guessed[level - 1, 1] &= ~(1 << (grid[cell] - 1))
        guesses += 1


@njit(cache=True)
def _first(mask: Any, order: Any) -> Any:
    """The first digit of `order` that is in a mask."""
    for digit in order:
        if mask >> (digit - 1) & 1:
            return digit
    return 0


@njit(cache=True)
def _next(grid: Any, clues: Any, candidates: Any) -> Any:
    """The cell to fill next, and its candidates. `NO_CELL` and 0: all are filled; `NO_CELL` and 1: nothing fits."""
    size = len(clues.table) - 1
    used = np.zeros(3 * size + len(clues.sums), np.int64)
    if not _is_possible(grid, clues, used, candidates):
        return NO_CELL, 1
    once, twice = np.zeros(3 * size, np.int64), np.zeros(3 * size, np.int64)
    best, fewest = NO_CELL, size + 1
    for cell in range(len(grid)):
        if grid[cell] == 0:
            count = _count(candidates[cell])
            if count < fewest:
                best, fewest = cell, count
            for unit in clues.units[cell, :3]:
                twice[unit] |= once[unit] & candidates[cell]
                once[unit] |= candidates[cell]
    if best == NO_CELL:
        return NO_CELL, 0
    if fewest == 0 or ((once | used[: 3 * size]) != (1 << size) - 1).any():
        return NO_CELL, 1
    return (best, candidates[best]) if fewest == 1 else _only_place(clues, candidates, once & ~twice, best)


@njit(cache=True)
def _only_place(clues: Any, candidates: Any, alone: Any, otherwise: Any) -> Any:
    """A cell with a digit that has no other place in a unit, and that digit; else the cell `otherwise`.

    `alone` [3 n] has the digits with one place in each unit.
    """
    for cell in range(len(candidates)):
        for unit in clues.units[cell, :3]:
            here = candidates[cell] & alone[unit]
            if here:
                return cell, here & -here
    return otherwise, candidates[otherwise]


@njit(cache=True)
def _is_possible(grid: Any, clues: Any, used: Any, candidates: Any) -> Any:
    """Whether no unit has a digit twice and each sum can be reached. Sets the digits of each unit, and the candidates."""
    cages = len(clues.sums)
    size = len(clues.table) - 1
    left, empty, room = clues.sums.copy(), np.zeros(cages, np.int64), np.zeros(cages, np.int64)
    for cell in range(len(grid)):
        cage = clues.units[cell, 3] - 3 * size
        if grid[cell] == 0:
            empty[cage] += 1
            continue
        left[cage] -= grid[cell]
        for unit in clues.units[cell]:
            if used[unit] >> (grid[cell] - 1) & 1:
                return False
            used[unit] |= 1 << (grid[cell] - 1)
    for cell in range(len(grid)):
        row, column, box, cage = clues.units[cell]
        taken = used[row] | used[column] | used[box] | used[cage]
        candidates[cell] = 0 if grid[cell] else (1 << size) - 1 & ~taken
        room[cage - 3 * size] |= candidates[cell]
    for cage in range(cages):
        if left[cage] < 0 or left[cage] >= clues.table.shape[1] or (left[cage] > 0 and empty[cage] == 0):
            return False
        room[cage] = clues.table[empty[cage], left[cage], room[cage]]
    for cell in range(len(grid)):
        candidates[cell] &= room[clues.units[cell, 3] - 3 * size]
    return True


@njit(cache=True)
def _count(mask: Any) -> Any:
    """The number of digits in a mask."""
    count = 0
    while mask:
        mask &= mask - 1
        count += 1
    return count
