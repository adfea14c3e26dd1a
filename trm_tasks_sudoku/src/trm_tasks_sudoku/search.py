"""The inner loop of the solver and the generator: a depth-first search over bit masks, compiled by numba.

Bit d - 1 of a mask stands for digit d. Before each guess, cells with one candidate (naked singles) and digits with one place
in a row, column or box (hidden singles) are filled in until none is left; the guess is made in the cell with the fewest candidates.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from trm_tasks_sudoku.geometry import geometry

DEAD = -1  # what `fill_singles` returns when some cell or some unit has no candidate left
NO_STREAM = np.zeros(0, np.uint64)  # for a search without chance
UNLIMITED = 1 << 60  # backtracks

# splitmix64 (Steele, Lea and Flood 2014): a random stream in one word, so that a puzzle's stream is one seed
_STEP, _MIX_1, _MIX_2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


class Workspace(NamedTuple):
    """What a search works on, for one size of the grid; allocated once and used for any number of searches.

    `grid` [L] is the caller's: the givens, 0 for an empty cell. The rest belongs to the search.
    """

    units: npt.NDArray[np.uint8]  # [L, 3] row, column and box of each cell, numbered through
    grid: npt.NDArray[np.uint8]  # [L]
    bits: npt.NDArray[np.int64]  # [L] the digit of each filled cell, as a bit
    used: npt.NDArray[np.int64]  # [3 n] the digits placed in each unit
    once: npt.NDArray[np.int64]  # [3 n] the digits that are a candidate somewhere in the unit
    twice: npt.NDArray[np.int64]  # [3 n] ... in at least two of its cells
    order: npt.NDArray[np.uint16]  # [L] the empty cells, then the cells filled since, the latest first
    frames: npt.NDArray[np.int64]  # [L, 3] per guess: digits still to try, empty cells and solutions before it


def workspace(size: int) -> Workspace:
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
    for last in range(len(items) - 1, 0, -1):
        other = random_below(stream, last + 1)
        items[last], items[other] = items[other], items[last]


@njit(cache=True)
def bit_count(mask: int) -> int:
    count = 0
    while mask:
        mask &= mask - 1
        count += 1
    return count


@njit(cache=True)
def digit_of(bit: int) -> int:
    digit = 0
    while bit:
        bit >>= 1
        digit += 1
    return digit


@njit(cache=True)
def place(work: Any, index: int, bit: int, empty: int) -> int:
    """Fills the cell at `order[index]` and returns the number of cells that are still empty."""
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
    """Empties the cells filled since `before` cells were empty."""
    for index in range(empty, before):
        cell = work.order[index]
        for kind in range(3):
            work.used[work.units[cell, kind]] ^= work.bits[cell]


@njit(cache=True)
def load(work: Any) -> int:
    """Sets up the masks from `work.grid`; the number of empty cells, or DEAD if two givens of a unit are equal."""
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
    """Fills naked and hidden singles until none is left, or a contradiction shows.

    Returns the number of empty cells, the index in `order` of the one with the fewest candidates, and whether the grid is dead.
    """
    units, used, once, twice, order = work.units, work.used, work.once, work.twice, work.order
    full = (np.int64(1) << (len(used) // 3)) - 1
    while True:
        before = empty
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
                continue  # with the cell that has taken this one's place
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
        if empty == 0:
            return 0, 0, False
        if empty < before:
            continue  # naked singles are the cheaper ones: first all of them

        for unit in range(len(used)):
            if (once[unit] | used[unit]) != full:
                return empty, 0, True
            once[unit] &= ~twice[unit]
        index = 0
        while index < empty:
            cell = order[index]
            row, column, box = units[cell, 0], units[cell, 1], units[cell, 2]
            single = once[row] | once[column] | once[box]
            if single:
                single &= full & ~(used[row] | used[column] | used[box])
                if single & (single - 1):
                    return empty, 0, True  # the only place of two digits
                if single:
                    empty = place(work, index, single, empty)
                    continue
            index += 1
        if empty == before:
            return empty, chosen, False


@njit(cache=True)
def search(work: Any, limit: int, max_backtracks: int, stream: Any, found: Any) -> tuple[int, int]:
    """Looks for up to `limit` solutions of `work.grid`, and stores as many as `found` [K, L] has room for.

    A guess is the lowest of the cell's candidates. Where a `stream` [1] is given (otherwise [0]), it is a random
    one, and chance decides
    between cells with equally few candidates.
    Returns the number of solutions and of backtracks: guesses given up because no solution followed from them.
    Ends early once there are more than `max_backtracks` of those.
    """
    full = (np.int64(1) << (len(work.used) // 3)) - 1
    solutions, backtracks, depth = 0, 0, 0
    empty = load(work)
    if empty == DEAD:
        return 0, 0
    if len(stream):
        shuffle(stream, work.order[:empty])
    while True:
        empty, chosen, dead = fill_singles(work, empty)
        if not dead and empty == 0:
            if solutions < len(found):
                for cell in range(len(work.grid)):
                    found[solutions, cell] = digit_of(work.bits[cell])
            solutions += 1
            if solutions == limit:
                return solutions, backtracks
            dead = True
        if not dead:
            frame = work.frames[depth]
            depth += 1
            # the cell goes to the end of the empty ones, where `undo` leaves it when the next guess in it is due
            cell = work.order[chosen]
            work.order[chosen], work.order[empty - 1] = work.order[empty - 1], cell
            used = work.used[work.units[cell, 0]] | work.used[work.units[cell, 1]] | work.used[work.units[cell, 2]]
            frame[0], frame[1] = full & ~used, empty
        else:
            while True:
                if depth == 0:
                    return solutions, backtracks
                frame = work.frames[depth - 1]
                undo(work, empty, frame[1])
                empty = frame[1]
                backtracks += solutions == frame[2]
                if backtracks > max_backtracks:
                    return solutions, backtracks
                if frame[0]:
                    break
                depth -= 1
        skip = random_below(stream, bit_count(frame[0])) if len(stream) else 0
        bit = frame[0]
        for _ in range(skip):
            bit &= bit - 1
        bit &= -bit
        frame[0] ^= bit
        frame[2] = solutions
        empty = place(work, empty - 1, bit, empty)
