"""Puzzles that some weights fail on are given to other weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

import trm
from trm.evaluation.options import SearchOptions
from trm.experiment.answering import solve_texts
from trm.experiment.given import SourcedText

EASY = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"


@pytest.fixture
def ignorant() -> trm.Solver:
    """The shipped Sudoku network with its weights set to zero, which solves nothing."""
    pytest.importorskip("trm_tasks_sudoku")
    solver = trm.load("sudoku:quick", device="cpu")
    zeros = {name: torch.zeros_like(value) for name, value in solver.checkpoint.tensors.items()}
    return trm.Solver(replace(solver.loaded, checkpoint=replace(solver.checkpoint, tensors=zeros)))


def test_what_the_first_weights_fail_on_goes_to_the_others(ignorant: trm.Solver) -> None:
    texts, options = [SourcedText("", EASY)], SearchOptions(steps=4)
    (alone,) = solve_texts(ignorant.loaded, texts, options)
    assert alone.problem is not None
    (handed,) = solve_texts(ignorant.loaded, texts, options, others=("sudoku:quick",))
    assert handed.problem is None
    assert handed.weights == handed.report["weights"] == "sudoku:quick"


@pytest.mark.parametrize(("others", "steps"), [(("sudoku:quick",), 4), ((), 12)])
def test_all_weights_make_their_first_attempt_before_the_second(
    ignorant: trm.Solver, monkeypatch: pytest.MonkeyPatch, others: tuple[str, ...], steps: int
) -> None:
    step, spent = ignorant.model.supervision_step, []

    def counted(*given: Any) -> Any:
        spent.append(len(given[0]))
        return step(*given)

    monkeypatch.setattr(ignorant.model, "supervision_step", counted)
    options = SearchOptions(steps=4, restarts=3)
    (answer,) = solve_texts(ignorant.loaded, [SourcedText("", EASY)], options, others)
    assert answer.valid == bool(others)
    assert sum(spent) == steps


def test_what_no_weights_solve_has_all_attempts_and_the_answer_of_the_first(ignorant: trm.Solver) -> None:
    texts, options = [SourcedText("", EASY)], SearchOptions(steps=1, restarts=3)
    (alone,) = solve_texts(ignorant.loaded, texts, options)
    (handed,) = solve_texts(ignorant.loaded, texts, options, others=("sudoku:quick",))
    assert alone.steps == 3
    assert (handed.text, handed.steps, handed.weights) == (alone.text, 3, None)


def test_without_a_check_no_answer_is_replaced(ignorant: trm.Solver) -> None:
    options = SearchOptions(steps=4, check=False)
    (answer,) = solve_texts(ignorant.loaded, [SourcedText("", EASY)], options, others=("sudoku:quick",))
    assert answer.weights is None
