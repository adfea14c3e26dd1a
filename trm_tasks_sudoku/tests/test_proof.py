"""The proof in plain Python agrees with the compiled solver, and gives up in time."""

import subprocess
import sys

import numpy as np
import pytest
from trm_tasks_sudoku.generator import generate
from trm_tasks_sudoku.proof import Proof
from trm_tasks_sudoku.solver import solve

PUZZLE = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"


@pytest.mark.parametrize("size", [4, 6, 9, 16])
def test_it_agrees_with_the_solver(size: int) -> None:
    rng = np.random.default_rng(0)
    batch = generate(10, size, seed=1)
    for puzzle, solution in zip(batch.puzzles, batch.solutions, strict=True):
        fewer, wrong = puzzle.copy(), puzzle.copy()
        fewer[rng.choice(np.flatnonzero(puzzle), 3, replace=False)] = 0
        cell = rng.choice(np.flatnonzero(puzzle == 0))
        wrong[cell] = solution[cell] % size + 1
        for grid in (puzzle, solution, fewer, wrong):
            assert Proof().one_solution(grid) == (solve(grid).solutions == 1)


def test_a_contradiction_among_the_givens_is_no_solution() -> None:
    assert not Proof().one_solution(np.array([1, 1, *[0] * 14], np.uint8))


def test_it_gives_up_when_its_patience_is_exhausted() -> None:
    puzzle = generate(1, 9).puzzles[0]
    proof = Proof(patience=10)
    assert not proof.one_solution(puzzle)
    assert proof.patience < 0
    assert not proof.one_solution(puzzle)


def test_reading_one_puzzle_loads_no_compiled_code() -> None:
    """Loading numba takes a second, a quarter of the time of `trm solve sudoku PUZZLE`."""
    code = (
        "import sys, numpy as np\n"
        "from trm_tasks_sudoku.answers import solvable\n"
        "from trm_tasks_sudoku.config import SudokuConfig\n"
        f"tokens = np.array(['.123456789'.index(mark) + 1 for mark in {PUZZLE!r}])\n"
        "assert solvable(tokens, SudokuConfig()) is None\n"
        "assert 'numba' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
