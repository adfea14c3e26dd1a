"""Filled grids, and puzzles dug out of them: the inner loops of the generator, compiled by numba."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from trm_tasks_sudoku.search import NO_STREAM, load, random_below, search, shuffle, workspace

Grids = npt.NDArray[np.uint8]
Streams = npt.NDArray[np.uint64]

_FILL_BACKTRACKS = 2000  # an unlucky start of a filled grid is given up after these
_DIG_BACKTRACKS = 1000  # a clue whose removal can't be shown to be safe within these stays


@njit(cache=True)
def removable(work: Any, puzzle: Any, cell: Any, max_backtracks: int, no_stream: Any, found: Any) -> bool:
    """Whether a puzzle with one solution keeps it as the only one without the clue in `cell`."""
    work.grid[:] = puzzle
    work.grid[cell] = 0
    load(work)
    used = work.used[work.units[cell, 0]] | work.used[work.units[cell, 1]] | work.used[work.units[cell, 2]]
    for other in range(1, len(work.used) // 3 + 1):
        if other == puzzle[cell] or used >> (other - 1) & 1:
            continue
        work.grid[cell] = other
        solutions, backtracks = search(work, 1, max_backtracks, no_stream, found)
        if solutions or backtracks > max_backtracks:
            return False
    return True


@njit(cache=True)
def dig(work: Any, puzzle: Any, least: int, max_backtracks: int, stream: Any, no_stream: Any, found: Any) -> int:
    """Removes clues of `puzzle` [L] in random order while the solution stays the only one, down to `least` clues; their number.

    Each clue is tried once. That is enough for a minimal puzzle: a clue needed among more clues is needed among fewer.
    """
    cells = np.arange(len(puzzle))
    shuffle(stream, cells)
    clues = 0
    for cell in cells:
        clues += puzzle[cell] > 0
    for cell in cells:
        if clues <= least:
            break
        if puzzle[cell] and removable(work, puzzle, cell, max_backtracks, no_stream, found):
            puzzle[cell] = 0
            clues -= 1
    return clues


@njit(cache=True)
def _fill(work: Any, streams: Any, max_backtracks: int, solutions: Any) -> Any:
    filled = np.zeros(len(streams), np.bool_)
    for index in range(len(streams)):
        work.grid[:] = 0
        filled[index] = search(work, 1, max_backtracks, streams[index], solutions[index : index + 1])[0] == 1
    return filled


@njit(cache=True)
def _dig(work: Any, streams: Any, lowest: int, highest: int, max_backtracks: int, no_stream: Any, puzzles: Any) -> None:
    found = np.empty((1, puzzles.shape[1]), np.uint8)
    for index in range(len(puzzles)):
        least = lowest + random_below(streams[index], highest - lowest + 1)
        dig(work, puzzles[index], least, max_backtracks, streams[index], no_stream, found)


def filled_grids(size: int, streams: Streams) -> tuple[Grids, Streams]:
    """A random filled grid from each stream [B, 1], but for the few unlucky ones: grids [<= B, L], and the streams
    they came from.
    """
    solutions = np.zeros((len(streams), size * size), np.uint8)
    filled = _fill(workspace(size), streams, _FILL_BACKTRACKS, solutions)
    return solutions[filled], streams[filled]


def dug_puzzles(size: int, solutions: Grids, streams: Streams, target: range) -> Grids:
    """A puzzle of each solution [B, L]: clues removed at random while the solution is the only one.

    Digging ends at a number of clues drawn from `target`, or before it where no clue can be removed.
    """
    puzzles = solutions.copy()
    _dig(workspace(size), streams, target.start, target.stop - 1, _DIG_BACKTRACKS, NO_STREAM, puzzles)
    return puzzles
