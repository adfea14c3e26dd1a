"""Which split a puzzle belongs to. The puzzle itself decides: seed, dataset size and order do not matter.

Two 9x9 grids belong to one class if relabelling the digits, permuting rows, columns, bands and stacks, or transposing
turns one into the other. There are 5,472,730,538 classes (Russell and Jarvis 2006). The least grid of a class is its
representative, so whether two solutions are symmetric is decided exactly, up to collisions of 64-bit hashes. All
puzzles of a class are in one split.

At 4x4 (2 classes) and 6x6 (49, without the transposition, which changes the boxes) there are too few classes to split.
There the puzzle's own cells decide: no puzzle is in two splits, but its symmetric images may be. From 16x16 on, the exact
solution decides.
"""

from __future__ import annotations

from functools import cache
from itertools import permutations, product
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from trm.errors import UsageError
from trm_tasks_sudoku.geometry import geometry, size_of

Grids = npt.NDArray[np.uint8]

SPLITS = ("train", "validation", "test")
_EIGHTHS = np.array([0, 0, 0, 0, 0, 0, 1, 2])  # the split of each eighth of all hashes
CLASS_SIZES = (4, 6, 9)  # there are too many column orders to try from 16 on


@cache
def column_orders(size: int) -> npt.NDArray[np.uint8]:
    """All column orders that keep the stacks, [size, size, K, size].

    The first two indices are the columns that come first in the first and in the second stack. There are K orders for
    each pair; for two columns of the same stack there is none, and the entries are 0.
    """
    shape = geometry(size)
    width = shape.box_columns
    stacks = [tuple(range(first, first + width)) for first in range(0, size, width)]
    within = list(product(*(permutations(stack) for stack in stacks)))
    orders = np.array(
        [sum((inner[s] for s in outer), ()) for inner in within for outer in permutations(range(len(stacks)))], np.uint8
    )
    table = np.zeros((size, size, len(orders) // (size * (size - width)), size), np.uint8)
    for first, second in product(range(size), repeat=2):
        chosen = orders[(orders[:, 0] == first) & (orders[:, width] == second)]
        table[first, second, : len(chosen)] = chosen
    return table


@njit(cache=True)
def _minimise(grid: Any, orders: Any, box_rows: int, best: Any) -> None:
    """Lower `best` [n, n] to the least image of `grid` [n, n] under relabelling and permutations of rows and columns.

    The first row of the least image reads 1 .. n. Choosing the first row and the order of the columns therefore fixes the
    digits, and the first cells fix the order of the rows. The first cell of the second row must hold the first digit of
    the second stack, so only the column orders that agree with some choice of the second row are tried.
    """
    size = len(grid)
    place = np.empty(size + 1, np.int64)  # column of each digit in the first row
    moved = np.empty(size, np.int64)  # for each column: where the first row has the second row's digit
    rank = np.empty(size, np.int64)  # place of each column in the order
    for top in range(size):
        for column in range(size):
            place[grid[top, column]] = column
        band = top // box_rows * box_rows
        for second in range(band, band + box_rows):
            if second == top:
                continue
            for column in range(size):
                moved[column] = place[grid[second, column]]
            for first in range(size):
                for order in orders[first, moved[first]]:
                    for column in range(size):
                        rank[order[column]] = column
                    if _second_row_can_be_least(moved, rank, order, best):
                        _take_lesser(grid, place, rank, order, box_rows, top, best)


@njit(cache=True)
def _second_row_can_be_least(moved: Any, rank: Any, order: Any, best: Any) -> bool:
    """Whether the second row of the image is not greater than the second row of `best` [n, n]."""
    for column in range(1, len(order)):
        difference = rank[moved[order[column]]] + 1 - np.int64(best[1, column])
        if difference:
            return difference < 0
    return True


@njit(cache=True)
def _take_lesser(grid: Any, place: Any, rank: Any, order: Any, box_rows: int, top: int, best: Any) -> None:
    """Replace `best` by the image of `grid` with the given first row and column order, if that image is less."""
    size = len(grid)
    first_cells = np.empty(size, np.int64)
    for row in range(size):
        first_cells[row] = rank[place[grid[row, order[0]]]]
    rows = np.empty(size, np.int64)
    for row in range(size):
        before = 0  # rows before this one: those of lesser bands, and lesser rows of its own band
        mine = row // box_rows * box_rows
        for other in range(size):
            band = other // box_rows * box_rows
            if band == mine:
                before += first_cells[other] < first_cells[row]
            else:
                before += first_cells[band : band + box_rows].min() < first_cells[mine : mine + box_rows].min()
        rows[before] = row
    less = False
    for row in range(size):
        for column in range(size):
            digit = rank[place[grid[rows[row], order[column]]]] + 1
            if not less and digit > best[row, column]:
                return
            less = less or digit < best[row, column]
            best[row, column] = digit


@njit(cache=True)
def _canonical(grids: Any, orders: Any, box_rows: int, transpose: bool) -> Any:
    least = np.full_like(grids, grids.shape[1] + 1)
    for index in range(len(grids)):
        _minimise(grids[index], orders, box_rows, least[index])
        if transpose:
            _minimise(grids[index].T.copy(), orders, box_rows, least[index])
    return least


def canonical(solutions: npt.ArrayLike) -> Grids:
    """The least symmetric image of each solution grid [N, L], read row by row.

    Raises:
        UsageError: the size is not 4, 6 or 9.
    """
    grids = np.ascontiguousarray(solutions, np.uint8)
    size = size_of(grids.shape[1])
    if size not in CLASS_SIZES:
        raise UsageError(f"Symmetry classes of solutions are implemented for sizes 4, 6 and 9, not {size}.")
    shape = geometry(size)
    return _canonical(grids.reshape(-1, size, size), column_orders(size), shape.box_rows, shape.square_boxes).reshape(
        grids.shape
    )


def grid_hash(grids: npt.ArrayLike) -> npt.NDArray[np.uint64]:
    """A 64-bit hash [N] of each row of `grids` [N, L], the same on every machine."""
    cells = np.asarray(grids, np.uint64)
    value = np.zeros(len(cells), np.uint64)
    for column in range(cells.shape[1]):
        value = (value ^ cells[:, column]) * np.uint64(0x9E3779B97F4A7C15)
        value ^= value >> np.uint64(32)
    return value


def solution_class(solutions: npt.ArrayLike) -> npt.NDArray[np.uint64]:
    """A number [N] for each solution grid [N, L], equal exactly for symmetric grids; sizes 4, 6 and 9 only."""
    return grid_hash(canonical(solutions))


def assign_split(puzzles: npt.ArrayLike, solutions: npt.ArrayLike) -> npt.NDArray[np.intp]:
    """The index in SPLITS of each puzzle [N, L] with its solution [N, L]: 3/4 train, 1/8 validation and 1/8 test."""
    size = size_of(np.shape(puzzles)[1])
    hashes = solution_class(solutions) if size == 9 else grid_hash(puzzles if size < 9 else solutions)
    return _EIGHTHS[(hashes >> np.uint64(61)).astype(np.intp)]
