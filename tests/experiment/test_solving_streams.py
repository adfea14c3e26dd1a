"""Puzzles are solved as a stream: read as they are needed, answered in order, and a bad one stops nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

import trm
from trm.devices.threads import using_threads
from trm.errors import PuzzleError, UsageError
from trm.evaluation.options import SearchOptions
from trm.experiment import answering
from trm.experiment.answering import solve_texts
from trm.experiment.given import SourcedText, count_puzzles, puzzles_to_solve
from trm.experiment.results import Solved
from trm.experiment.task import Task

EASY = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"
ANSWER = "534678912672195348198342567859761423426853791713924856961537284287419635345286179"
SEVERAL = "." * 81
STEPS = SearchOptions(steps=4)


@pytest.fixture(scope="module")
def solver() -> trm.Solver:
    pytest.importorskip("trm_tasks_sudoku")
    return trm.load("sudoku:quick", device="cpu")


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The puzzles that were taken from the input so far."""
    taken: list[str] = []

    def solvable(task: Task, inputs: object) -> str | None:
        text = task.format(inputs)  # type: ignore[arg-type]
        taken.append(text)
        return "The puzzle has several solutions." if text == SEVERAL else None

    monkeypatch.setattr(Task, "solvable", solvable)
    return taken


def without(count: int) -> str:
    """The easy puzzle with the digits of some cells given."""
    empty = [cell for cell, digit in enumerate(EASY) if digit == "."][:count]
    return "".join(ANSWER[cell] if cell in empty else digit for cell, digit in enumerate(EASY))


def solved(solver: trm.Solver, *puzzles: str, **extra: object) -> Iterator[Solved]:
    return solve_texts(solver.loaded, [SourcedText("", "\n".join(puzzles))], STEPS, **extra)  # type: ignore[arg-type]


def test_the_first_answer_comes_before_the_input_is_read(solver: trm.Solver, judged: list[str]) -> None:
    answers = solved(solver, *[without(count % 40) for count in range(80)])
    with using_threads(1):  # each thread has as many rows
        assert next(answers).text == ANSWER
    assert len(judged) <= 3 * solver.loaded.experiment.evaluation_batch_size
    rest = list(answers)
    assert [answer.number for answer in rest] == list(range(2, 81))
    assert [answer.puzzle for answer in rest] == judged[1:]


def test_no_more_than_a_window_of_puzzles_is_open(
    solver: trm.Solver, judged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "AHEAD", 5)
    for count, answer in enumerate(solved(solver, *[without(count) for count in range(30)]), start=1):
        assert answer.valid
        assert len(judged) < count + 5


def test_a_bad_puzzle_among_others_is_reported_in_its_place(solver: trm.Solver, judged: list[str]) -> None:
    first, second, third, fourth = solved(solver, SEVERAL, EASY, "5" + EASY[:-1], EASY)
    assert (first.unreadable, first.valid, first.text) == (True, None, "")
    assert first.problem == "The puzzle has several solutions."
    assert first.report["puzzle"] == SEVERAL
    assert (second.number, second.text, second.valid) == (2, ANSWER, True)
    assert third.unreadable
    assert third.puzzle == ""
    assert third.problem is not None
    assert "line 3" in third.problem
    assert fourth.valid


@pytest.mark.parametrize("puzzles", [[SEVERAL], [SEVERAL, "55" + EASY[2:]]])
def test_nothing_but_bad_puzzles_is_an_error(solver: trm.Solver, judged: list[str], puzzles: list[str]) -> None:
    with pytest.raises(PuzzleError, match="several solutions"):
        list(solved(solver, *puzzles))


def test_a_bad_text_among_others_is_reported_with_its_source(solver: trm.Solver) -> None:
    texts = [SourcedText("good.txt", EASY), SourcedText("bad.txt", "12"), SourcedText("", EASY)]
    _, bad, good = solve_texts(solver.loaded, texts, STEPS)
    assert bad.problem is not None
    assert bad.problem.startswith("bad.txt: ")
    assert (good.number, good.valid) == (3, True)


def test_what_is_done_is_left_out_and_compared(solver: trm.Solver, judged: list[str]) -> None:
    puzzles = [EASY, without(1), SEVERAL]
    rest = list(solved(solver, *puzzles, done=puzzles[:2]))
    assert [(answer.number, answer.unreadable) for answer in rest] == [(3, True)]
    assert judged == [SEVERAL]
    assert list(solved(solver, *puzzles, done=puzzles)) == []
    with pytest.raises(UsageError, match="puzzle 2 is not puzzle 2 of this input"):
        list(solved(solver, *puzzles, done=[EASY, EASY]))
    with pytest.raises(UsageError, match="more answers than this input has puzzles, which are 3"):
        list(solved(solver, *puzzles, done=[*puzzles, EASY]))


def test_puzzles_of_several_sizes_are_answered_in_order(solver: trm.Solver) -> None:
    small = "12.4341221434321"
    texts = [SourcedText("", text) for text in (small, EASY, small)]
    answers = list(solve_texts(solver.loaded, texts, SearchOptions(steps=16)))
    assert [len(answer.text) for answer in answers] == [16, 81, 16]
    assert [answer.puzzle for answer in answers] == [small, EASY, small]


def test_puzzles_are_counted_without_solving_them(solver: trm.Solver, judged: list[str]) -> None:
    texts = [SourcedText("", "\n".join([EASY] * 7)), SourcedText("bad.txt", "12")]
    assert list(count_puzzles(solver.task, texts)) == list(range(1, 9))
    assert judged == []


def test_an_empty_input_is_an_error(solver: trm.Solver) -> None:
    with pytest.raises(PuzzleError, match="no puzzle"):
        list(puzzles_to_solve(solver.task, []))


def test_puzzles_that_the_first_weights_fail_on_keep_their_places(solver: trm.Solver, judged: list[str]) -> None:
    zeros = {name: torch.zeros_like(value) for name, value in solver.checkpoint.tensors.items()}
    ignorant = replace(solver.loaded, checkpoint=replace(solver.checkpoint, tensors=zeros))
    puzzles = [without(count) for count in range(20)]
    text = [SourcedText("", "\n".join(puzzles))]
    answers = list(solve_texts(ignorant, text, STEPS, others=("sudoku:quick",)))
    assert [answer.puzzle for answer in answers] == puzzles
    assert all(answer.valid for answer in answers)
    assert {answer.weights for answer in answers} == {"sudoku:quick"}
