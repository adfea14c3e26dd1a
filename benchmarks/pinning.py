"""Further tries at hard Sudokus: from noise, or each given the value of one cell that the first try left uncertain.

The puzzles are climbed from minimal ones of a seed: clues are exchanged as long as that makes a solver backtrack more. Those
that the first try solves are left out. Prints, after each number of tries, the share of the others that is solved, and the
supervision steps spent, with one thread.

    python benchmarks/pinning.py sudoku:hard --puzzles 200 --steps 5 --tries 16
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from trm_tasks_sudoku.climb import harden
from trm_tasks_sudoku.config import EMPTY

import trm
from trm.data import IntArray
from trm.evaluation.options import RestartKind, SearchOptions
from trm.experiment.answering import solve_rows
from trm.experiment.results import Solved
from trm.experiment.solver import Solver
from trm.experiment.task import Task

CLIMB = 1000
"""Exchanges of a climb. Training puzzles come from at most as many, mostly from 100 or 200."""


def climbed(count: int, seed: int) -> IntArray:
    """The hardest puzzle of each climb, as tokens ``[N, L]``."""
    starts = Task.named("sudoku", {"style": "minimal", "train_puzzles": 10, "test_puzzles": count}).puzzles(
        "test", seed
    )
    puzzles = []
    for number, start in enumerate(np.asarray(starts.inputs)):
        stream = np.array([seed * 1_000_003 + number], np.uint64)
        path, _ = harden(9, (start - EMPTY).astype(np.uint8), stream, CLIMB, least=20, cap=1e9)
        puzzles += [path[-1]] if len(path) else []
    return np.stack(puzzles).astype(np.int64) + EMPTY


def first_tries(solver: Solver, puzzles: IntArray, steps: int) -> IntArray:
    """The puzzles that one try does not solve."""
    tries = solve_rows(solver.loaded, list(puzzles), SearchOptions(steps=steps, check=True))
    return puzzles[[not solved.valid for solved in tries]]


def further_tries(solver: Solver, puzzles: IntArray, steps: int, tries: int, search: RestartKind) -> dict[str, object]:
    """The share of the puzzles that is solved after 2, 4, 8 ... tries, and the steps of all of them."""
    options = SearchOptions(steps=steps, restarts=tries, search=search, check=True)
    answers = list(solve_rows(solver.loaded, list(puzzles), options))
    after = [2**power for power in range(1, tries.bit_length())]
    return {
        "solved": {n: float(np.mean([_solved_within(one, n * steps) for one in answers])) for n in after},
        "steps": sum(one.steps or 0 for one in answers),
    }


def _solved_within(solved: Solved, steps: int) -> bool:
    return bool(solved.valid) and (solved.steps or 0) <= steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", nargs="?", default="sudoku:hard", help="weights (default: sudoku:hard)")
    parser.add_argument("--puzzles", type=int, default=200, help="climbs (default: 200)")
    parser.add_argument("--file", type=Path, help="lines of puzzles, in place of climbs; written if it does not exist")
    parser.add_argument("--steps", type=int, default=5, help="supervision steps of a try (default: 5)")
    parser.add_argument("--tries", type=int, default=16, help="tries, the first one included (default: 16)")
    parser.add_argument("--seed", type=int, default=77, help="seed of the puzzles (default: 77)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    solver = trm.load(options.weights)
    puzzles = _puzzles(solver, options)
    left = first_tries(solver, puzzles, options.steps)
    print(json.dumps({"puzzles": len(puzzles), "not solved by one try": len(left)}), flush=True)
    kinds: tuple[RestartKind, ...] = ("noise", "pin")
    for search in kinds:
        print(search, json.dumps(further_tries(solver, left, options.steps, options.tries, search)), flush=True)


def _puzzles(solver: Solver, options: argparse.Namespace) -> IntArray:
    if options.file is None:
        return climbed(options.puzzles, options.seed)
    if not options.file.exists():
        lines = [solver.task.format(puzzle) for puzzle in climbed(options.puzzles, options.seed)]
        options.file.write_text("\n".join(lines) + "\n")
    return np.stack(solver.task.parse(options.file.read_text()))


if __name__ == "__main__":
    main()
