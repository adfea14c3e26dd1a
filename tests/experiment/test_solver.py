"""`trm.load` and what it returns: solve, evaluate, trace, and how the results show themselves in a notebook."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import trm
from trm.errors import CheckpointError, PuzzleError, UsageError
from trm.evaluation.refine import Puzzle

EASY = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"
ANSWER = "534678912672195348198342567859761423426853791713924856961537284287419635345286179"


@pytest.fixture(scope="module")
def solver() -> trm.Solver:
    pytest.importorskip("trm_tasks_sudoku")
    return trm.load("sudoku:quick", device="cpu")


def test_solves_text_and_tokens(solver: trm.Solver) -> None:
    answer = solver.solve(EASY)
    assert (answer.text, answer.valid, str(answer)) == (ANSWER, True, ANSWER)
    assert answer.tokens is not None
    assert answer.steps is not None
    assert 0 < answer.steps <= 16
    assert answer.confidence is not None
    assert 0 <= answer.confidence <= 1
    assert solver.solve(solver.task.parse(EASY)[0]).text == ANSWER
    assert solver.solve(Puzzle(solver.task.parse(EASY)[0]), steps=16, check=False).steps == 16


def test_evaluates_as_a_mapping_of_scores(solver: trm.Solver, tmp_path: Path) -> None:
    puzzles = solver.task.parse(EASY)[0]
    answer = solver.task.parse(ANSWER)[0]
    from trm.data import PuzzleSet
    from trm.data.layout_writing import write_split
    from trm.experiment.source import DataSource

    data = PuzzleSet(np.stack([puzzles] * 3), np.stack([answer] * 3), solver.task.description)
    write_split(tmp_path / "data", "test", data)
    score = solver.evaluate(source=DataSource(data=tmp_path / "data"), limit=2, steps=16)
    assert dict(score) == {"cell_accuracy": 1.0, "exact_accuracy": 1.0, "valid": 1.0}
    assert (score.puzzles, score.split, score.supervision_steps, score["valid"]) == (2, "test", 16, 1.0)
    assert json.loads(json.dumps(score.as_json()))["metrics"] == dict(score)
    assert (
        score.as_json()["puzzles_per_second_per_core"]
        == score.rate
        == pytest.approx(2 / score.seconds / score.cores, 1e-3)
    )
    assert "100.00%" in score._repr_html_()


def test_traces_a_puzzle_step_by_step(solver: trm.Solver, tmp_path: Path) -> None:
    trace = solver.trace(EASY, steps=4)
    assert trace.tokens.shape == (4, 81)
    assert trace.probabilities.shape == (4, 81, 11)
    assert trace.halting.shape == (4,)
    assert solver.task.format(trace.tokens[-1]) == ANSWER
    trace.to_html(tmp_path / "trace.html")
    assert "<html" in (tmp_path / "trace.html").read_text()
    assert "✓ solved" in trace.verdict.plain
    assert len(solver.trace(EASY, steps=2, cycles=True).frames) == 2 * solver.model.config.T_steps


def test_results_show_themselves_in_a_notebook(solver: trm.Solver) -> None:
    assert "<pre" in solver.solve(EASY)._repr_html_()
    assert 'sandbox="allow-scripts" srcdoc=' in solver.trace(EASY, steps=2)._repr_html_()
    assert "18,722 parameters" in solver._repr_html_()
    assert repr(solver).startswith("<Solver sudoku quick")


@pytest.mark.parametrize(
    ("puzzle", "message"),
    [
        (EASY + "\n" + EASY, "Expected one puzzle, got 2."),
        ([1, 2, 3], r"Expected a puzzle of 81 tokens, got an array of shape \[3\]."),
    ],
)
def test_wrong_puzzles_are_refused(solver: trm.Solver, puzzle: object, message: str) -> None:
    with pytest.raises((PuzzleError, UsageError), match=message):
        solver.solve(puzzle)  # type: ignore[arg-type]


def test_wrong_references_are_refused() -> None:
    with pytest.raises(CheckpointError, match="There is no checkpoint runs/gone"):
        trm.load("runs/gone")
    with pytest.raises(UsageError, match="ships no weights for a preset 'gone'"):
        trm.load("sudoku:gone")
    with pytest.raises(CheckpointError, match="belongs to task 'sudoku', not 'maze'"):
        trm.load("sudoku", task="maze")
