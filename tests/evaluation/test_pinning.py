"""Pinning: what further tries are given, and that they find what the first try missed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import trm
from trm.data import Description
from trm.devices import get_backend
from trm.errors import DataError, UsageError
from trm.evaluation.options import SearchOptions
from trm.evaluation.pinning import Guess, guesses
from trm.evaluation.row_pool import RowPool
from trm.evaluation.search import Search
from trm.experiment.answering import solve_rows
from trm.model import State, StepOutput

UNKNOWN = 1
CPU = get_backend("cpu")


def test_the_least_certain_position_comes_first_with_its_two_likeliest_values() -> None:
    puzzle = np.array([UNKNOWN, 4, UNKNOWN])
    beliefs = np.array([[0, 0, 0.9, 0.1, 0], [0, 0, 0.5, 0.4, 0.1], [0, 0.3, 0.1, 0.2, 0.4]], np.float32)
    assert guesses(puzzle, beliefs, UNKNOWN) == [Guess(2, 4), Guess(2, 3), Guess(0, 2), Guess(0, 3)]


@given(seed=st.integers(0, 10_000), positions=st.integers(1, 8), values=st.integers(3, 6))
@settings(max_examples=50)
def test_guesses_are_values_of_unknown_positions_and_no_two_are_alike(seed: int, positions: int, values: int) -> None:
    rng = np.random.default_rng(seed)
    puzzle = rng.integers(0, values, positions)
    beliefs = rng.random((positions, values), dtype=np.float32)
    found = guesses(puzzle, beliefs, UNKNOWN)
    assert len(set(found)) == len(found) == 2 * (puzzle == UNKNOWN).sum()
    for guess in found:
        assert puzzle[guess.position] == UNKNOWN != guess.token
        filled = guess.filled_in(puzzle)
        assert np.flatnonzero(filled != puzzle).tolist() == [guess.position]
        assert filled[guess.position] == guess.token


class Copier:
    """Stands in for a network: it answers what it is given, and believes in 2, then 3, where it is given nothing."""

    def __init__(self) -> None:
        self.given: list[list[int]] = []
        self.noises: list[float] = []

    def initial_state(self, rows: int, noise: float, generator: torch.Generator) -> State:
        self.noises.append(noise)
        return State(torch.zeros(rows, 1), torch.zeros(rows, 1))

    def supervision_step(self, inputs: torch.Tensor, state: State, ids: torch.Tensor) -> tuple[State, StepOutput]:
        self.given += inputs.tolist()
        logits = 9.0 * torch.nn.functional.one_hot(inputs, 5)
        unsure = torch.tensor([-9.0, -9.0, 2.0, 1.0, 0.0])
        logits = torch.where((inputs == UNKNOWN)[..., None], unsure, logits.float())
        halts = torch.zeros(len(inputs))
        return state, StepOutput(logits, halts, halts)


def search(answer: list[int], **plan: Any) -> tuple[Copier, list[int], int]:
    """What the stand-in was given, the answer to a puzzle of two unknown positions, and the steps."""
    model = Copier()

    def check(puzzle: Any, tokens: Any) -> bool:
        return bool((tokens == answer).all())

    plan = {"steps": 1, "check": check, "unknown_id": UNKNOWN, "precision": "fp32", **plan}
    pool: RowPool[int] = RowPool(model, Search(**plan), CPU, 4)  # type: ignore[arg-type]
    pool.add(0, np.array([UNKNOWN, UNKNOWN]))
    while pool.busy:
        for _, found in pool.step():
            return model, found.answer.tolist(), found.steps
    raise AssertionError("no answer")


def test_each_further_try_is_given_another_guess_until_an_answer_is_valid() -> None:
    model, answer, steps = search([3, 2], restarts=8)
    assert answer == [3, 2]
    assert steps == 3
    assert model.given[:3] == [[UNKNOWN, UNKNOWN], [2, UNKNOWN], [3, UNKNOWN]]
    assert not any(model.noises)


def test_tries_that_are_left_when_no_guess_is_start_from_noise() -> None:
    model, _, steps = search([4, 4], restarts=7)
    assert steps == 7
    assert model.given[5:] == [[UNKNOWN, UNKNOWN]] * 2
    assert [bool(noise) for noise in model.noises] == [False] * 5 + [True] * 2


def test_pinning_needs_further_tries_a_check_and_a_token_for_unknown_values() -> None:
    with pytest.raises(UsageError, match="--restarts 16"):
        SearchOptions(search="pin")
    with pytest.raises(UsageError, match="search must be noise or pin, got 'beam'"):
        SearchOptions(search="beam", restarts=2)  # type: ignore[arg-type]
    solver = trm.load("sudoku:quick")
    with pytest.raises(UsageError, match="add --check"):
        solver.loaded.experiment.search(solver.model.config, SearchOptions(search="pin", restarts=2))
    maze = trm.load("maze:quick")
    with pytest.raises(UsageError, match="Task 'maze' has no token for an unknown value"):
        maze.loaded.experiment.search(maze.model.config, SearchOptions(search="pin", restarts=2, check=True))


def test_the_unknown_token_is_one_of_the_tokens_and_not_padding() -> None:
    with pytest.raises(DataError, match="unknown_id"):
        Description(vocab_size=4, seq_len=3, unknown_id=4)
    own = trm.PuzzleStructure(edges=["edge"], max_edges=1)
    with pytest.raises(DataError, match="padding needs a token of its own"):
        Description(vocab_size=4, seq_len=3, structure=trm.Structure(per_puzzle=own), unknown_id=0)


DEEP = """
...4.....6....8.......3..9...9....1.7............42.8.5.19.6..73...5.8...7....2..
..48.2..7......8..7...9..6..4....2.13...6.......4...38.1...........56.1...2...4..
..67...1..5.4.........2...3.78...45......9....9.2.56..1.4....6.........2....6.7..
"""
"""Puzzles that the shipped weights do not solve in four steps."""


def test_a_trained_network_solves_more_with_guesses_than_from_noise() -> None:
    solver = trm.load("sudoku:hard")
    puzzles = solver.task.parse(DEEP)
    solved = {
        kind: sum(
            bool(answer.valid)
            for answer in solve_rows(solver.loaded, puzzles, SearchOptions(steps=4, restarts=6, search=kind))
        )
        for kind in ("noise", "pin")
    }
    assert solved["pin"] >= 2
    assert solved["pin"] > solved["noise"]
