"""Random filled grids and puzzles dug from them: the inner loops of the generator, compiled by numba."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from trm_tasks_sudoku.search import NO_STREAM, load, random_below, search, shuffle, workspace

Grids = npt.NDArray[np.uint8]
Streams = npt.NDArray[np.uint64]

_FILL_BACKTRACKS = 2000  # limit for filling a grid
_DIG_BACKTRACKS = 1000  # a clue stays if its removal cannot be proven safe within this limit


@njit(cache=True)
def removable(work: Any, puzzle: Any, cell: Any, max_backtracks: int, no_stream: Any, found: Any) -> bool:
    """Whether a puzzle [L] with one solution still has only one without the clue in `cell`."""
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
    """Remove clues from `puzzle` [L] in random order while its solution stays unique, down to `least` clues.

    One attempt for each clue is enough for a minimal puzzle: a clue that is needed among more clues is needed among fewer.
    Returns the number of clues left.
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


@njit(cache=True, nogil=True)
def _fill(work: Any, streams: Any, max_backtracks: int, solutions: Any) -> Any:
    filled = np.zeros(len(streams), np.bool_)
    for index in range(len(streams)):
        work.grid[:] = 0
        filled[index] = search(work, 1, max_backtracks, streams[index], solutions[index : index + 1])[0] == 1
    return filled


@njit(cache=True, nogil=True)
def _dig(work: Any, streams: Any, lowest: int, highest: int, max_backtracks: int, no_stream: Any, puzzles: Any) -> None:
    found = np.empty((1, puzzles.shape[1]), np.uint8)
    for index in range(len(puzzles)):
        least = lowest + random_below(streams[index], highest - lowest + 1)
        dig(work, puzzles[index], least, max_backtracks, streams[index], no_stream, found)


def filled_grids(size: int, streams: Streams) -> tuple[Grids, Streams]:
    """A random filled grid from each stream [B, 1].

    A few streams reach the limit of backtracks and give none.

    Returns:
        The grids [G, L], G <= B, and their streams [G, 1].
    """
    solutions = np.zeros((len(streams), size * size), np.uint8)
    filled = _fill(workspace(size), streams, _FILL_BACKTRACKS, solutions)
    return solutions[filled], streams[filled]


def dug_puzzles(size: int, solutions: Grids, streams: Streams, target: range) -> Grids:
    """A puzzle [B, L] from each solution [B, L]: random clues are removed while the solution stays unique.

    Digging ends at a number of clues drawn from `target`, or earlier if no clue can be removed.
    """
    puzzles = solutions.copy()
    _dig(workspace(size), streams, target.start, target.stop - 1, _DIG_BACKTRACKS, NO_STREAM, puzzles)
    return puzzles
