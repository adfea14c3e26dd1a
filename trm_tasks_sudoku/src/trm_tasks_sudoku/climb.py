"""Puzzles that chance hardly ever digs out: climbing from a minimal puzzle by exchanging clues, compiled by numba.

A step takes one clue out and lists the solutions there are then. A digit that only one of them has in its cell is a clue that makes
this solution the only one: the new puzzle, which is then made minimal. Often its solution isn't the one before.
`harden` keeps what takes the solver more backtracks, with some tolerance as in simulated annealing; `thin` what has no more clues.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from trm_tasks_sudoku.dig import Grids, Streams, dig
from trm_tasks_sudoku.search import NO_STREAM, UNLIMITED, random_below, random_word, search, shuffle, workspace

_LISTED = 50  # with so many solutions, another clue is set before they are listed
_PATHS = 256  # puzzles of one climb that are remembered
_RUNS = 4  # searches with chance whose mean is a puzzle's difficulty: a single one owes much to luck
_CLIMBS = (100, 100, 100, 200, 200, 400, 1000)  # exchanges of a climb to harder puzzles, one drawn for each
_THIN_SHARE = 8  # one climb in so many goes for fewer clues
_THIN_STEPS, _THIN_CLUES = 150, 20
_LEAST, _CAP = 20, 400  # backtracks: a puzzle of fewer is not kept, and more than the cap counts no further
_TEMPERATURE = 0.1  # how much of its difficulty (its logarithm) a puzzle may lose in an exchange


@njit(cache=True)
def _open(work: Any, puzzle: Any, stream: Any, found: Any) -> int:
    """Takes a clue out of `puzzle` [L] and lists its solutions in `found` [K, L], after adding clues until there are
    fewer than K.
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
    """Stores in `clues` [C] (cell * 32 + digit, in random order) what leaves one of several solutions [K, L]; the
    number of such clues.
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
    """The mean of backtracks + 1 over `runs` searches with chance, or 0 as soon as the mean is below `floor`."""
    total = 0.0
    for run in range(1, runs + 1):
        work.grid[:] = puzzle
        total += 1 + search(work, 2, UNLIMITED, stream, found)[1]
        if total < floor * run:
            return 0.0
    return total / runs


@njit(cache=True)
def _harden(
    work: Any,
    puzzle: Any,
    steps: int,
    least: float,
    cap: float,
    stream: Any,
    no_stream: Any,
    puzzles: Any,
    solutions: Any,
) -> int:
    """Climbs from `puzzle` [L]; stores those of at least `least` backtracks on the way in `puzzles`, `solutions` [P,
    L]; their number.
    """
    found = np.zeros((_LISTED, len(puzzle)), np.uint8)
    counts = np.zeros(32 * len(puzzle), np.int64)
    clues = counts.copy()
    opened, trial = puzzle.copy(), puzzle.copy()
    difficulty = min(cap, _difficulty(work, puzzle, 0.0, _RUNS, stream, found[:1]))
    stored = 0
    for _ in range(steps):
        opened[:] = puzzle
        number = _clinchers(found, _open(work, opened, stream, found), stream, counts, clues)
        for index in range(number):
            cell, digit = clues[index] // 32, clues[index] % 32
            trial[:] = opened
            trial[cell] = digit
            if puzzle[cell] == digit or _difficulty(work, trial, 0.3 * difficulty, 1, stream, found[:1]) == 0:
                continue
            dig(work, trial, 0, UNLIMITED, stream, no_stream, found[:1])
            reached = _difficulty(work, trial, 0.5 * difficulty, _RUNS, stream, found[:1])
            chance = np.float64(random_word(stream) >> np.uint64(11)) / 9007199254740992.0
            if min(cap, reached) < difficulty * chance**_TEMPERATURE:
                continue
            puzzle[:] = trial
            difficulty = min(cap, reached)
            if reached > least and stored < len(puzzles):
                puzzles[stored] = trial
                solutions[stored] = found[0]
                stored += 1
            break
    return stored


@njit(cache=True)
def _thin(
    work: Any, puzzle: Any, steps: int, most: int, stream: Any, no_stream: Any, puzzles: Any, solutions: Any
) -> int:
    """Climbs down from `puzzle` [L]; stores those of at most `most` clues on the way in `puzzles`, `solutions` [P, L];
    their number.
    """
    found = np.zeros((_LISTED, len(puzzle)), np.uint8)
    counts = np.zeros(32 * len(puzzle), np.int64)
    clues = counts.copy()
    opened, trial = puzzle.copy(), puzzle.copy()
    fewest = len(puzzle)
    stored = 0
    for _ in range(steps):
        opened[:] = puzzle
        number = _clinchers(found, _open(work, opened, stream, found), stream, counts, clues)
        for index in range(number):
            cell, digit = clues[index] // 32, clues[index] % 32
            if puzzle[cell] == digit:
                continue
            trial[:] = opened
            trial[cell] = digit
            clues_left = dig(work, trial, 0, UNLIMITED, stream, no_stream, found[:1])
            if clues_left > fewest:
                continue
            puzzle[:] = trial
            fewest = clues_left
            if fewest <= most and stored < len(puzzles):
                work.grid[:] = trial
                search(work, 1, UNLIMITED, no_stream, found[:1])
                puzzles[stored] = trial
                solutions[stored] = found[0]
                stored += 1
            break
    return stored


def harden(size: int, puzzle: Grids, stream: Streams, steps: int, least: int, cap: float) -> tuple[Grids, Grids]:
    """The puzzles of about `least` backtracks or more on a climb of `steps` exchanges from a minimal `puzzle` [L];
    with their solutions.
    """
    puzzles, solutions = np.zeros((2, _PATHS, puzzle.size), np.uint8)
    stored = _harden(workspace(size), puzzle.copy(), steps, least, cap, stream, NO_STREAM, puzzles, solutions)
    return puzzles[:stored], solutions[:stored]


def thin(size: int, puzzle: Grids, stream: Streams, steps: int, most: int) -> tuple[Grids, Grids]:
    """The puzzles of at most `most` clues on a way of `steps` exchanges down from a minimal `puzzle` [L]; with their solutions."""
    puzzles, solutions = np.zeros((2, _PATHS, puzzle.size), np.uint8)
    stored = _thin(workspace(size), puzzle.copy(), steps, most, stream, NO_STREAM, puzzles, solutions)
    return puzzles[:stored], solutions[:stored]


def climbed_puzzles(size: int, starts: Grids, solved: Grids, streams: Streams) -> tuple[Grids, Grids]:
    """Puzzles [N, L] and their solutions: the minimal ones `starts` [B, L], and those of one climb from each that differ enough."""
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
    """Indices into `puzzles` [N, L]: the first, and each that has at most `most_shared` of its clues in common with
    every one before it.
    """
    kept: list[int] = []
    for index, puzzle in enumerate(puzzles):
        shared = ((puzzles[kept] == puzzle) & (puzzle > 0)).sum(axis=1)
        if (shared <= most_shared * np.count_nonzero(puzzle)).all():
            kept.append(index)
    return np.array(kept, np.intp)
