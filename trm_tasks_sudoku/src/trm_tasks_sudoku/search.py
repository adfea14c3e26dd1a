"""The inner loop of the solver and the generator: a depth-first search over bit masks, compiled by numba.

Bit d - 1 of a mask stands for digit d. Before each guess, the search fills cells with one candidate (naked singles) and
digits with one place in a row, column or box (hidden singles) until none is left. It then guesses in the cell with the
fewest candidates.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from trm_tasks_sudoku.geometry import geometry

DEAD = -1  # what `load` returns when two givens of a unit are equal
NO_STREAM = np.zeros(0, np.uint64)  # for a deterministic search
UNLIMITED = 1 << 60  # backtracks

# splitmix64 (Steele, Lea and Flood 2014): the state is one word, so each puzzle's stream is one seed
_STEP, _MIX_1, _MIX_2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


class Workspace(NamedTuple):
    """The arrays of a search for one grid size, allocated once and reused by any number of searches.

    The caller fills `grid` [L] with the givens, 0 for an empty cell. The search owns the rest.
    """

    units: npt.NDArray[np.uint8]  # [L, 3] row, column and box of each cell, from 0 to 3 n - 1
    grid: npt.NDArray[np.uint8]  # [L]
    bits: npt.NDArray[np.int64]  # [L] the digit of each filled cell, as a bit
    used: npt.NDArray[np.int64]  # [3 n] the digits placed in each unit
    once: npt.NDArray[np.int64]  # [3 n] the digits that are a candidate somewhere in the unit
    twice: npt.NDArray[np.int64]  # [3 n] ... in at least two of its cells
    order: npt.NDArray[np.uint16]  # [L] the empty cells, then the cells filled since, the latest first
    frames: npt.NDArray[np.int64]  # [L, 3] per guess: digits still to try, empty cells and solutions before it


def workspace(size: int) -> Workspace:
    """The arrays for searches in grids of a size."""
    shape = geometry(size)
    masks = np.zeros((3, 3 * size), np.int64)
    return Workspace(
        units=shape.units.astype(np.uint8),
        grid=np.zeros(shape.cells, np.uint8),
        bits=np.zeros(shape.cells, np.int64),
        used=masks[0],
        once=masks[1],
        twice=masks[2],
        order=np.zeros(shape.cells, np.uint16),
        frames=np.zeros((shape.cells, 3), np.int64),
    )


@njit(cache=True)
def random_word(stream: Any) -> Any:
    """The next 64 random bits of `stream` [1]."""
    stream[0] += _STEP
    word = stream[0]
    word = (word ^ (word >> np.uint64(30))) * _MIX_1
    word = (word ^ (word >> np.uint64(27))) * _MIX_2
    return word ^ (word >> np.uint64(31))


@njit(cache=True)
def random_below(stream: Any, bound: Any) -> Any:
    """A random number in 0 .. bound - 1, for bounds far below 2^32."""
    return np.int64(((random_word(stream) >> np.uint64(32)) * np.uint64(bound)) >> np.uint64(32))


@njit(cache=True)
def shuffle(stream: Any, items: Any) -> None:
    """Permute `items` in place."""
    for last in range(len(items) - 1, 0, -1):
        other = random_below(stream, last + 1)
        items[last], items[other] = items[other], items[last]


@njit(cache=True)
def bit_count(mask: int) -> int:
    """The number of bits set in a mask."""
    count = 0
    while mask:
        mask &= mask - 1
        count += 1
    return count


@njit(cache=True)
def digit_of(bit: int) -> int:
    """The digit that a mask of one bit stands for."""
    digit = 0
    while bit:
        bit >>= 1
        digit += 1
    return digit


@njit(cache=True)
def place(work: Any, index: int, bit: int, empty: int) -> int:
    """Fill the cell at `order[index]`; returns the number of cells that are still empty."""
    cell = work.order[index]
    empty -= 1
    work.order[index] = work.order[empty]
    work.order[empty] = cell
    work.bits[cell] = bit
    for kind in range(3):
        work.used[work.units[cell, kind]] |= bit
    return empty


@njit(cache=True)
def undo(work: Any, empty: int, before: int) -> None:
    """Empty the cells that were filled since `before` cells were empty."""
    for index in range(empty, before):
        cell = work.order[index]
        for kind in range(3):
            work.used[work.units[cell, kind]] ^= work.bits[cell]


@njit(cache=True)
def load(work: Any) -> int:
    """Set up the masks from `work.grid`; returns the number of empty cells, or `DEAD` if two givens of a unit are equal."""
    work.used[:] = 0
    empty = 0
    for cell in range(len(work.grid)):
        digit = np.int64(work.grid[cell])
        if digit == 0:
            work.order[empty] = cell
            empty += 1
            continue
        bit = 1 << (digit - 1)
        work.bits[cell] = bit
        for kind in range(3):
            unit = work.units[cell, kind]
            if work.used[unit] & bit:
                return DEAD
            work.used[unit] |= bit
    return empty


@njit(cache=True)
def fill_singles(work: Any, empty: int) -> tuple[int, int, bool]:
    """Fill naked and hidden singles until none is left or there is a contradiction.

    Returns:
        The number of empty cells, the index in `order` of the cell with the fewest candidates, and whether there is a
        contradiction.
    """
    while True:
        before = empty
        empty, chosen, dead = _fill_naked_singles(work, empty)
        if dead or empty == 0:
            return empty, chosen, dead
        if empty < before:
            continue  # naked singles are cheaper to find: fill all of them first
        empty, dead = _fill_hidden_singles(work, empty)
        if dead or empty == before:
            return empty, chosen, dead


@njit(cache=True)
def _fill_naked_singles(work: Any, empty: int) -> tuple[int, int, bool]:
    """Fill naked singles in one pass over the empty cells, and collect the candidates of each unit in `once` and `twice`.

    Returns the same values as `fill_singles`.
    """
    units, used, once, twice, order = work.units, work.used, work.once, work.twice, work.order
    full = (np.int64(1) << (len(used) // 3)) - 1
    once[:] = 0
    twice[:] = 0
    fewest, chosen = 99, 0
    index = 0
    while index < empty:
        cell = order[index]
        row, column, box = units[cell, 0], units[cell, 1], units[cell, 2]
        candidates = full & ~(used[row] | used[column] | used[box])
        rest = candidates & (candidates - 1)
        if rest == 0:
            if candidates == 0:
                return empty, 0, True
            empty = place(work, index, candidates, empty)
            continue  # with the cell that `place` has moved to this index
        twice[row] |= once[row] & candidates
        once[row] |= candidates
        twice[column] |= once[column] & candidates
        once[column] |= candidates
        twice[box] |= once[box] & candidates
        once[box] |= candidates
        if fewest > 2:
            count = 1 + bit_count(rest)
            if count < fewest:
                fewest, chosen = count, index
        index += 1
    return empty, chosen, False


@njit(cache=True)
def _fill_hidden_singles(work: Any, empty: int) -> tuple[int, bool]:
    """Fill the digits that have one place in a unit, after a pass of `_fill_naked_singles` that filled nothing.

    Returns:
        The number of empty cells, and whether there is a contradiction.
    """
    units, used, once, twice, order = work.units, work.used, work.once, work.twice, work.order
    full = (np.int64(1) << (len(used) // 3)) - 1
    for unit in range(len(used)):
        if (once[unit] | used[unit]) != full:
            return empty, True
        once[unit] &= ~twice[unit]
    index = 0
    while index < empty:
        cell = order[index]
        row, column, box = units[cell, 0], units[cell, 1], units[cell, 2]
        single = once[row] | once[column] | once[box]
        if single:
            single &= full & ~(used[row] | used[column] | used[box])
            if single & (single - 1):
                return empty, True  # this cell is the only place of two digits
            if single:
                empty = place(work, index, single, empty)
                continue
        index += 1
    return empty, False


@njit(cache=True)
def search(work: Any, limit: int, max_backtracks: int, stream: Any, found: Any) -> tuple[int, int]:
    """Find up to `limit` solutions of `work.grid`.

    Args:
        work: a `Workspace` whose `grid` holds the givens.
        limit: the search ends after this many solutions.
        max_backtracks: the search ends after more backtracks than this.
        stream: random stream [1] that picks the guesses and breaks ties between cells with equally few candidates.
            Empty [0]: a guess is the cell's lowest candidate.
        found: receives the first K solutions [K, L].

    Returns:
        The number of solutions and of backtracks: guesses that were given up because no solution followed from them.
    """
    solutions, backtracks, depth = 0, 0, 0
    empty = load(work)
    if empty == DEAD:
        return 0, 0
    if len(stream):
        shuffle(stream, work.order[:empty])
    while True:
        empty, chosen, dead = fill_singles(work, empty)
        if dead or empty == 0:
            if not dead:
                if solutions < len(found):
                    _store(work, found[solutions])
                solutions += 1
                if solutions == limit:
                    return solutions, backtracks
            depth, empty, backtracks = _go_back(work, depth, empty, solutions, backtracks, max_backtracks)
            if depth == 0:
                return solutions, backtracks
        else:
            _branch(work, depth, chosen, empty)
            depth += 1
        empty = _guess(work, work.frames[depth - 1], empty, solutions, stream)


@njit(cache=True)
def _store(work: Any, solution: Any) -> None:
    """Copy the digits of a filled grid into `solution` [L]."""
    for cell in range(len(work.grid)):
        solution[cell] = digit_of(work.bits[cell])


@njit(cache=True)
def _branch(work: Any, depth: int, chosen: int, empty: int) -> None:
    """Open a frame for the guesses in the cell at `order[chosen]`."""
    # Move the cell to the end of the empty ones: `undo` leaves it there for the next guess.
    cell = work.order[chosen]
    work.order[chosen], work.order[empty - 1] = work.order[empty - 1], cell
    used = work.used[work.units[cell, 0]] | work.used[work.units[cell, 1]] | work.used[work.units[cell, 2]]
    full = (np.int64(1) << (len(work.used) // 3)) - 1
    frame = work.frames[depth]
    frame[0], frame[1] = full & ~used, empty


@njit(cache=True)
def _go_back(
    work: Any, depth: int, empty: int, solutions: int, backtracks: int, max_backtracks: int
) -> tuple[int, int, int]:
    """Undo the latest guesses, up to the first frame that has another candidate.

    Returns:
        The depth, 0 if the search is over; the number of empty cells; the number of backtracks so far.
    """
    while depth:
        frame = work.frames[depth - 1]
        undo(work, empty, frame[1])
        empty = frame[1]
        backtracks += solutions == frame[2]
        if backtracks > max_backtracks:
            return 0, empty, backtracks
        if frame[0]:
            return depth, empty, backtracks
        depth -= 1
    return 0, empty, backtracks


@njit(cache=True)
def _guess(work: Any, frame: Any, empty: int, solutions: int, stream: Any) -> int:
    """Place one of the frame's remaining candidates in its cell; returns the number of empty cells."""
    skip = random_below(stream, bit_count(frame[0])) if len(stream) else 0
    bit = frame[0]
    for _ in range(skip):
        bit &= bit - 1
    bit &= -bit
    frame[0] ^= bit
    frame[2] = solutions
    return place(work, empty - 1, bit, empty)
