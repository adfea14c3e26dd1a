"""Checks of puzzles as text, and of the rules that judge answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trm.data.puzzle_set import IntArray
from trm.errors import PuzzleError
from trm.testing.check import CheckFailure, CheckSkipped, plugin_code, require
from trm.testing.subject import Subject
from trm.words import counted

NO_PUZZLE = "\u2603 no puzzle \u2603"
SHOWN = 8
"""Number of puzzles that are written and read."""


def text_round_trip(subject: Subject) -> None:
    """`parse` reads what `format` writes, and raises a `PuzzleError` for text that is not a puzzle."""
    spec = subject.spec
    if not spec.reads_text or spec.format is None:
        raise CheckSkipped("the task has no `parse` and `format`")
    subject.need(spec.read or spec.parse, spec.format)
    for row in subject.inputs[:SHOWN]:
        with plugin_code("`format`"):
            text = subject.task.format(row)
        with plugin_code(f"`parse` of {text!r}"):
            puzzles = subject.task.parse(text)
        require(
            len(puzzles) == 1 and np.array_equal(puzzles[0], row),
            f"`parse` does not read what `format` writes: {text!r} became {_described(puzzles)}.",
            "Most likely the two disagree on a symbol, or on the offset between symbols and tokens.",
        )
    for text in (NO_PUZZLE, ""):
        _check_refused(subject, text)


def _described(puzzles: Sequence[IntArray]) -> str:
    return "another puzzle" if len(puzzles) == 1 else counted(len(puzzles), "puzzle")


def _check_refused(subject: Subject, text: str) -> None:
    cause = (
        "Most likely `parse` does not check each character: raise trm.errors.PuzzleError with what is wrong and where."
    )
    try:
        puzzles = subject.task.parse(text)
    except PuzzleError:
        return
    except Exception as error:
        name = type(error).__name__
        raise CheckFailure(f"`parse` raises {name} for {text!r}, expected a PuzzleError.", cause) from error
    require(not puzzles, f"`parse` reads {text!r} as a puzzle.", cause)


def answer_rules(subject: Subject) -> None:
    """`check` accepts right answers and refuses wrong ones; `solvable` accepts the dataset's puzzles."""
    spec = subject.spec
    if spec.check is None:
        raise CheckSkipped("the task has no `check`")
    refused = 0
    for row, answer, wrong in zip(subject.inputs, subject.answers, subject.corrupted(subject.answers), strict=True):
        problem = subject.check(row, answer)
        refused += subject.check(row, wrong) is not None
        require(
            problem is None,
            f"`check` refuses a right answer: {problem}",
            "Most likely it expects the answer in another form than the labels have.",
        )
    require(
        refused,
        f"`check` accepts all of {len(subject.inputs)} answers with a wrong cell.",
        "Most likely it looks only at the positions that the puzzle gives, or always returns None.",
    )
    subject.need(spec.solvable)
    for row in subject.inputs[:SHOWN]:
        with plugin_code("`solvable`"):
            reason = subject.task.solvable(row)
        require(
            reason is None,
            f"`solvable` refuses a puzzle of the dataset: {reason}",
            "Most likely the dataset makes puzzles that break the task's own rules.",
        )
