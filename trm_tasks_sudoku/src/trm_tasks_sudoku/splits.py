"""Which split a puzzle belongs to, decided by the puzzle itself: no seed, size of a data set or order of making it matters.

Two 9x9 grids are of one class if relabelling digits, permuting rows, columns, bands and stacks, or transposing turns one into
the other: 5,472,730,538 classes (Russell and Jarvis 2006). A class is named by the least of its grids, so whether two
puzzles' solutions are images of each other is decided exactly (but for a collision of 64-bit hashes), and a class has one split.
With 4x4 (2 classes) and 6x6 (49, without the transposition that changes the boxes), classes are too few to be split; there a
puzzle's own cells decide, so that no puzzle is in two splits, but images of it may be. From 16x16 on the exact solution decides.
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
_EIGHTHS = np.array([0, 0, 0, 0, 0, 0, 1, 2])  # of all hashes: 6 to train, 1 to validation, 1 to test
_CLASS_SIZES = (4, 6, 9)  # there are too many column orders to try from 16 on


@cache
def column_orders(size: int) -> npt.NDArray[np.uint8]:
    """All orders of the columns that keep the stacks [size, size, K, size].

    Indexed by the columns that come first in the first and in the second stack; K orders of each (none, all 0, if
    both are in one stack).
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
    """Lowers `best` [n, n] to the least image of `grid` [n, n] under relabelling and permutations of rows and columns.

    The least image's first row reads 1 .. n. So the choice of the first row and of the columns' order names the digits, and
    the rows then follow in the order of their first cells. In the second row, the first cell must hold the first digit of
    the second stack: of the columns' orders only those that agree with some choice of the second row are tried.
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
                    difference = 0
                    for column in range(1, size):
                        difference = rank[moved[order[column]]] + 1 - np.int64(best[1, column])
                        if difference:
                            break
                    if difference <= 0:
                        _take_lesser(grid, place, rank, order, box_rows, top, best)


@njit(cache=True)
def _take_lesser(grid: Any, place: Any, rank: Any, order: Any, box_rows: int, top: int, best: Any) -> None:
    """Replaces `best` by the image of `grid` with the given first row and order of columns, if that is less."""
    size = len(grid)
    first_cells = np.empty(size, np.int64)
    for row in range(size):
        first_cells[row] = rank[place[grid[row, order[0]]]]
    rows = np.empty(size, np.int64)
    for row in range(size):
        before = 0  # how many rows come before this one: of lesser bands, and lesser rows of its own
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
    """The least symmetric image of each solution grid [N, L], read row by row; sizes 4, 6 and 9 only."""
    grids = np.ascontiguousarray(solutions, np.uint8)
    size = size_of(grids.shape[1])
    if size not in _CLASS_SIZES:
        raise UsageError(f"The symmetry class of a solution is known for sizes 4, 6 and 9, not {size}.")
    shape = geometry(size)
    return _canonical(grids.reshape(-1, size, size), column_orders(size), shape.box_rows, shape.square_boxes).reshape(
        grids.shape
    )


def grid_hash(grids: npt.ArrayLike) -> npt.NDArray[np.uint64]:
    """A 64-bit hash of each row of `grids` [N, L]: the same on every machine."""
    cells = np.asarray(grids, np.uint64)
    value = np.zeros(len(cells), np.uint64)
    for column in range(cells.shape[1]):
        value = (value ^ cells[:, column]) * np.uint64(0x9E3779B97F4A7C15)
        value ^= value >> np.uint64(32)
    return value


def solution_class(solutions: npt.ArrayLike) -> npt.NDArray[np.uint64]:
    """A number [N] for each solution grid [N, L], the same for exactly the symmetric images of a grid; sizes 4, 6 and 9."""
    return grid_hash(canonical(solutions))


def assign_split(puzzles: npt.ArrayLike, solutions: npt.ArrayLike) -> npt.NDArray[np.intp]:
    """The index in SPLITS of each puzzle [N, L] with its solution [N, L]: 3/4 train, 1/8 validation and 1/8 test."""
    size = size_of(np.shape(puzzles)[1])
    hashes = solution_class(solutions) if size == 9 else grid_hash(puzzles if size < 9 else solutions)
    return _EIGHTHS[(hashes >> np.uint64(61)).astype(np.intp)]
