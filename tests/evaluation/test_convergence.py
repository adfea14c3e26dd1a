"""Convergence and trajectories: distances are those between the states of a trace, and verdicts follow from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trm
from trm.data import PuzzleSet
from trm.data.layout_writing import write_split
from trm.errors import DataError, UsageError
from trm.evaluation.convergence import Convergence, converge
from trm.evaluation.trajectory import _components
from trm.experiment.source import DataSource

SUM = "58+967"


@pytest.fixture(scope="module")
def solver() -> trm.Solver:
    pytest.importorskip("trm_tasks_arithmetic")
    return trm.load("arithmetic", device="cpu")


def relative(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    return float(np.linalg.norm(np.float64(other - one)) / np.linalg.norm(np.float64(other)))


def test_distances_are_those_between_the_states_of_a_trace(solver: trm.Solver) -> None:
    examples = [example.puzzle for example in solver.examples(2)]
    rows = [[np.asarray(tokens) for tokens in (puzzle.inputs, puzzle.labels)] for puzzle in examples]
    inputs, labels = (np.stack(part) for part in zip(*rows, strict=True))
    puzzles = PuzzleSet(inputs, labels, solver.task.description)
    run = converge(solver.model, puzzles, 5, solver.loaded.session.backend, solver.steps)
    assert (run.steps, run.trained_steps) == (5, solver.steps)
    assert run.known.all()
    for column, puzzle in enumerate(examples):
        trace = solver.trace(puzzle, steps=5, states=True)
        both = np.concatenate([trace.states.answer, trace.states.latent], axis=1)
        for step in range(1, 5):
            assert run.change[step, column] == pytest.approx(relative(both[step - 1], both[step]), rel=0.01, abs=1e-6)
            latent = trace.states.latent
            assert run.latent_change[step, column] == pytest.approx(
                relative(latent[step - 1], latent[step]), rel=0.01, abs=1e-6
            )
            assert run.remaining[step, column] == pytest.approx(relative(both[step], both[-1]), rel=0.01, abs=1e-6)
        assert run.changed[:, column] == pytest.approx([frame.changed.mean() for frame in trace.frames])
        assert run.halting[:, column] == pytest.approx(trace.halting, abs=1e-5)
        assert run.right[:, column].tolist() == [frame.right for frame in trace.frames]


def test_the_result_does_not_depend_on_the_batches(solver: trm.Solver, monkeypatch: pytest.MonkeyPatch) -> None:
    together = solver.convergence(steps=4, limit=5)
    monkeypatch.setattr("trm.evaluation.convergence.MEMORY", 1)
    apart = solver.convergence(steps=4, limit=5)
    np.testing.assert_allclose(together.change, apart.change, rtol=1e-3, atol=1e-6)
    assert (together.right == apart.right).all()
    assert together.halting.shape == (4, 5)


def run_of(change: list[float], remaining: list[float], right: list[bool], trained: int = 2) -> Convergence:
    """A convergence of one puzzle."""
    moves, rest = np.array(change)[:, None], np.array(remaining)[:, None]
    return Convergence(moves, moves, moves, rest, moves, moves, np.array(right)[:, None], np.array([True]), trained)


def test_a_fixed_point_a_cycle_and_a_state_that_moves() -> None:
    fixed = run_of([1, 1e-4, 1, 1e-4, 1e-5, 0], [1, 1, 1e-4, 1e-4, 1e-5, 0], [False, True, True, True, True, True])
    assert (fixed.settled().item(), fixed.settled_at().item(), fixed.period().item()) == (True, 4, 1)
    assert (list(fixed.groups), fixed.lost()) == (["solved"], 0)
    cycle = run_of([1, 1, 1, 1, 1, 1], [1, 1e-5, 1, 1e-5, 1, 0], [False, True, True, True, True, False])
    assert (cycle.settled().item(), cycle.settled_at().item(), cycle.period().item()) == (False, 0, 2)
    assert (list(cycle.groups), cycle.lost()) == (["unsolved"], 1)
    assert cycle.report("w") == [
        "w: 1 puzzle, 6 steps, fp32",
        "  unsolved at step 6: 1; at rest 0, in a cycle 1, moving 0; last move 1 (median)",
        "  solved at step 2 and no longer at step 6: 1",
    ]
    assert repr(cycle) == "<Convergence of 1 puzzle over 6 steps>"
    assert "in a cycle 1" in cycle._repr_html_()
    moving = run_of([1, 1, 1], [1, 1, 0], [False, False, False])
    assert (moving.settled().item(), moving.period().item()) == (False, 0)
    assert moving.facts()["groups"]["unsolved"]["moving"] == 1
    once = run_of([1], [0], [True], 16)
    assert (once.period().item(), once.lost()) == (0, 0)


def test_the_task_s_rules_judge_where_the_answer_is_unknown(solver: trm.Solver, tmp_path: Path) -> None:
    inputs = solver.task.parse(SUM)
    unknown = PuzzleSet(np.stack(inputs), np.full((1, 15), -100), solver.task.description)
    write_split(tmp_path, "test", unknown)
    run = solver.convergence(steps=4, source=DataSource(data=tmp_path))
    assert list(run.groups) == ["solved"]
    blind = converge(solver.model, unknown, 4, solver.loaded.session.backend, 4)
    assert list(blind.groups) == ["unknown"]


def test_what_cannot_be_run_is_refused(solver: trm.Solver) -> None:
    with pytest.raises(UsageError, match="number of supervision steps must be an integer of at least 1, got 0"):
        solver.convergence(steps=0)
    with pytest.raises(UsageError, match="limit must be at least 1, got 0"):
        solver.convergence(limit=0)
    with pytest.raises(UsageError, match=r"over 300,000 steps would take 1.1 GiB, more than 1. Use at most 279,620"):
        solver.convergence(steps=300_000)
    with pytest.raises(UsageError, match="restarts must be an integer of at least 1, got 0"):
        solver.trajectory(SUM, restarts=0)
    empty = PuzzleSet(np.empty((0, 15), int), np.empty((0, 15), int), solver.task.description)
    with pytest.raises(DataError, match="no puzzles to run"):
        converge(solver.model, empty, 1, solver.loaded.session.backend, 1)


@given(rows=st.integers(1, 8), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_components_are_the_singular_vectors(rows: int, seed: int) -> None:
    states = np.random.default_rng(seed).standard_normal((rows, 12)).astype(np.float32) * np.arange(1, 13)
    points, shares = _components(states.astype(np.float32))
    left, sizes, _ = np.linalg.svd(np.float64(states - states.mean(0)), full_matrices=False)
    expected = np.zeros((rows, 2))
    expected[:, : min(2, rows)] = np.abs(left * sizes)[:, :2]
    np.testing.assert_allclose(np.abs(points), expected, atol=2e-2)
    assert shares.sum() <= 1 + 1e-9
    if rows > 1:
        assert shares[0] == pytest.approx(sizes[0] ** 2 / (sizes**2).sum(), rel=1e-4)


def test_restarts_of_an_easy_sum_meet(solver: trm.Solver) -> None:
    path = solver.trajectory(SUM, steps=12, restarts=3)
    assert path.points.shape == (3, 12, 2)
    assert path.tokens.shape == (3, 12, 15)
    assert path.apart.shape == (3, 3)
    assert path.apart.max() < 1e-5
    assert path.distance[:, 0].min() > 0.01
    assert path.distance[0, -1] == 0
    assert path.right is not None
    assert path.right.all()
    assert path.facts()["different_answers"] == 1
    assert repr(path) == "<Trajectory of 3 restarts, 3 solved over 12 steps>"
    one = solver.trajectory(SUM, steps=1, restarts=1)
    assert (one.points == 0).all()
    assert (one.explained == 0).all()
