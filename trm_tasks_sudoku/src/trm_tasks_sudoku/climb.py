"""Puzzles that random digging rarely finds: climbing from a minimal puzzle by exchanging clues, compiled by numba.

A step removes a clue and lists the solutions that the puzzle then has. A clue with a digit that only one of the solutions
has in its cell makes that solution the only one. The puzzle with this clue is then dug until it is minimal; its solution
often differs from the previous one. `harden` keeps puzzles that need more backtracks, with a tolerance as in simulated
annealing. `thin` keeps puzzles that have no more clues than before.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from trm_tasks_sudoku.dig import Grids, Streams, dig
from trm_tasks_sudoku.search import (
    NO_STREAM,
    UNLIMITED,
    Workspace,
    random_below,
    random_word,
    search,
    shuffle,
    workspace,
)

_LISTED = 50  # with this many solutions, another clue is added before they are listed
_PATHS = 256  # puzzles of one climb that are stored
_RUNS = 4  # randomized searches whose mean is a puzzle's difficulty: a single one varies too much
_CLIMBS = (100, 100, 100, 200, 200, 400, 1000)  # exchanges of a climb to harder puzzles; one is drawn for each climb
_THIN_SHARE = 8  # one climb in so many looks for fewer clues
_THIN_STEPS, _THIN_CLUES = 150, 20
_LEAST, _CAP = 20, 400  # backtracks: easier puzzles are not stored, and difficulty is capped
_TEMPERATURE = 0.1  # how much of the logarithm of its difficulty a puzzle may lose in an exchange


class Scratch(NamedTuple):
    """The arrays of a climb for one grid size."""

    work: Workspace
    found: npt.NDArray[np.uint8]  # [K, L] solutions of an opened puzzle
    counts: npt.NDArray[np.int64]  # [32 L] how many solutions have a digit in a cell, at cell * 32 + digit
    clues: npt.NDArray[np.int64]  # [32 L] candidates for the next clue, as cell * 32 + digit
    opened: Grids  # [L] the puzzle without one of its clues
    trial: Grids  # [L] the opened puzzle with another clue
    no_stream: Streams  # [0]: as an argument, numba compiles `search` for it once


def scratch(size: int) -> Scratch:
    """The arrays for climbs in grids of a size."""
    cells = size * size
    return Scratch(
        work=workspace(size),
        found=np.zeros((_LISTED, cells), np.uint8),
        counts=np.zeros(32 * cells, np.int64),
        clues=np.zeros(32 * cells, np.int64),
        opened=np.zeros(cells, np.uint8),
        trial=np.zeros(cells, np.uint8),
        no_stream=NO_STREAM,
    )


@njit(cache=True)
def _open(work: Any, puzzle: Any, stream: Any, found: Any) -> int:
    """Remove a clue from `puzzle` [L] and list its solutions in `found` [K, L].

    Clues are added until there are fewer than K solutions. Returns their number.
    """
    cell = random_below(stream, len(puzzle))
    while puzzle[cell] == 0:
        cell = random_below(stream, len(puzzle))
    puzzle[cell] = 0
    while True:
        work.grid[:] = puzzle
        solutions, _ = search(work, len(found), UNLIMITED, stream, found)
        if solutions < len(found):
            return solutions
        while puzzle[cell]:
            cell = random_below(stream, len(puzzle))
        puzzle[cell] = found[random_below(stream, solutions), cell]


@njit(cache=True)
def _clinchers(found: Any, solutions: int, stream: Any, counts: Any, clues: Any) -> int:
    """Find the clues that leave one of several solutions [K, L].

    They are stored in `clues` [C] as cell * 32 + digit, in random order. Returns their number.
    """
    counts[:] = 0
    for index in range(solutions):
        for cell in range(found.shape[1]):
            counts[cell * 32 + found[index, cell]] += 1
    number = 0
    for clue in range(len(counts)):
        if counts[clue] == 1 and solutions > 1:
            clues[number] = clue
            number += 1
    shuffle(stream, clues[:number])
    return number


@njit(cache=True)
def _difficulty(work: Any, puzzle: Any, floor: float, runs: int, stream: Any, found: Any) -> float:
    """The mean of backtracks + 1 over `runs` randomized searches, or 0 as soon as the mean is below `floor`."""
    total = 0.0
    for run in range(1, runs + 1):
        work.grid[:] = puzzle
        total += 1 + search(work, 2, UNLIMITED, stream, found)[1]
        if total < floor * run:
            return 0.0
    return total / runs


@njit(cache=True)
def _exchanges(scratch: Any, puzzle: Any, stream: Any) -> int:
    """Open `puzzle` [L] and find the clues that can replace the removed one.

    The opened puzzle is in `scratch.opened`, the clues are in `scratch.clues`. Returns their number.
    """
    scratch.opened[:] = puzzle
    solutions = _open(scratch.work, scratch.opened, stream, scratch.found)
    return _clinchers(scratch.found, solutions, stream, scratch.counts, scratch.clues)


@njit(cache=True, nogil=True)
def _harden(scratch: Any, puzzle: Any, steps: int, least: float, cap: float, stream: Any, path: Any) -> int:
    """Climb from `puzzle` [L] to harder ones.

    Puzzles of at least `least` backtracks on the way are stored in `path[0]` [P, L], their solutions in `path[1]`.
    Returns their number.
    """
    work, found, trial = scratch.work, scratch.found[:1], scratch.trial
    difficulty = min(cap, _difficulty(work, puzzle, 0.0, _RUNS, stream, found))
    stored = 0
    for _ in range(steps):
        for index in range(_exchanges(scratch, puzzle, stream)):
            cell, digit = scratch.clues[index] // 32, scratch.clues[index] % 32
            trial[:] = scratch.opened
            trial[cell] = digit
            if puzzle[cell] == digit or _difficulty(work, trial, 0.3 * difficulty, 1, stream, found) == 0:
                continue
            dig(work, trial, 0, UNLIMITED, stream, scratch.no_stream, found)
            reached = _difficulty(work, trial, 0.5 * difficulty, _RUNS, stream, found)
            chance = np.float64(random_word(stream) >> np.uint64(11)) / 9007199254740992.0
            if min(cap, reached) < difficulty * chance**_TEMPERATURE:
                continue
            puzzle[:] = trial
            difficulty = min(cap, reached)
            if reached > least and stored < path.shape[1]:
                path[0, stored] = trial
                path[1, stored] = found[0]
                stored += 1
            break
    return stored


@njit(cache=True, nogil=True)
def _thin(scratch: Any, puzzle: Any, steps: int, most: int, stream: Any, path: Any) -> int:
    """Climb from `puzzle` [L] to ones with fewer clues.

    Puzzles of at most `most` clues on the way are stored in `path[0]` [P, L], their solutions in `path[1]`. Returns their
    number.
    """
    work, found, trial = scratch.work, scratch.found[:1], scratch.trial
    fewest = len(puzzle)
    stored = 0
    for _ in range(steps):
        for index in range(_exchanges(scratch, puzzle, stream)):
            cell, digit = scratch.clues[index] // 32, scratch.clues[index] % 32
            if puzzle[cell] == digit:
                continue
            trial[:] = scratch.opened
            trial[cell] = digit
            clues_left = dig(work, trial, 0, UNLIMITED, stream, scratch.no_stream, found)
            if clues_left > fewest:
                continue
            puzzle[:] = trial
            fewest = clues_left
            if fewest <= most and stored < path.shape[1]:
                work.grid[:] = trial
                search(work, 1, UNLIMITED, scratch.no_stream, found)
                path[0, stored] = trial
                path[1, stored] = found[0]
                stored += 1
            break
    return stored


def harden(size: int, puzzle: Grids, stream: Streams, steps: int, least: int, cap: float) -> tuple[Grids, Grids]:
    """Climb from a minimal puzzle to harder ones.

    Args:
        size: rows of the grid.
        puzzle: where to start [L].
        stream: random stream [1].
        steps: number of exchanges.
        least: puzzles of about this many backtracks or more are kept.
        cap: difficulty, in backtracks, above which a puzzle counts as no harder.

    Returns:
        The kept puzzles [P, L] and their solutions [P, L].
    """
    path = np.zeros((2, _PATHS, puzzle.size), np.uint8)
    stored = _harden(scratch(size), puzzle.copy(), steps, least, cap, stream, path)
    return path[0, :stored], path[1, :stored]


def thin(size: int, puzzle: Grids, stream: Streams, steps: int, most: int) -> tuple[Grids, Grids]:
    """Climb from a minimal puzzle to ones with fewer clues.

    Args:
        size: rows of the grid.
        puzzle: where to start [L].
        stream: random stream [1].
        steps: number of exchanges.
        most: puzzles of at most this many clues are kept.

    Returns:
        The kept puzzles [P, L] and their solutions [P, L].
    """
    path = np.zeros((2, _PATHS, puzzle.size), np.uint8)
    stored = _thin(scratch(size), puzzle.copy(), steps, most, stream, path)
    return path[0, :stored], path[1, :stored]


def climbed_puzzles(size: int, starts: Grids, solved: Grids, streams: Streams) -> tuple[Grids, Grids]:
    """The minimal puzzles `starts` [B, L], and those of one climb from each that differ enough, with their solutions.

    Returns:
        Puzzles [N, L] and solutions [N, L].
    """
    kept = [(starts, solved)]
    for start, stream in zip(starts, streams, strict=True):
        if random_below(stream, _THIN_SHARE) == 0:
            puzzles, solutions = thin(size, start, stream, _THIN_STEPS, _THIN_CLUES)
        else:
            steps = _CLIMBS[random_below(stream, len(_CLIMBS))]
            puzzles, solutions = harden(size, start, stream, steps, _LEAST, _CAP)
        puzzles, solutions = puzzles[::-1], solutions[::-1]  # the last are the hardest
        chosen = far_apart(puzzles)
        kept.append((puzzles[chosen], solutions[chosen]))
    return np.concatenate([puzzles for puzzles, _ in kept]), np.concatenate([solutions for _, solutions in kept])


def far_apart(puzzles: Grids, most_shared: float = 2 / 3) -> npt.NDArray[np.intp]:
    """Indices into `puzzles` [N, L]: the first, and each that shares at most `most_shared` of its clues with every chosen
    one before it.
    """
    kept: list[int] = []
    for index, puzzle in enumerate(puzzles):
        shared = ((puzzles[kept] == puzzle) & (puzzle > 0)).sum(axis=1)
        if (shared <= most_shared * np.count_nonzero(puzzle)).all():
            kept.append(index)
    return np.array(kept, np.intp)
