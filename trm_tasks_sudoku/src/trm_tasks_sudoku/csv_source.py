"""Sudoku puzzles with their solutions from CSV files, such as those of Sudoku-Extreme.

Sudoku-Extreme is `sapientinc/sudoku-extreme` on Hugging Face, with the columns `source,question,answer,rating`. A question
and its answer have 81 characters, with `.` for an empty cell; the rating is a number of backtracks. The training
split has 3.8 million lines, so only drawn rows are kept.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from trm.data import csv_rows
from trm.errors import DataError, quoted
from trm_tasks_sudoku.dig import Grids
from trm_tasks_sudoku.generator import Counts, PuzzleBatch
from trm_tasks_sudoku.rules import is_valid
from trm_tasks_sudoku.symbols import BLANKS

CELLS = 81
HIGHEST_RATING = 2**31 - 1
_DIGITS = frozenset("123456789")
_TO_ZERO = str.maketrans(dict.fromkeys(BLANKS, "0"))

COLUMNS = {
    "question": (
        *("question", "questions", "quiz", "quizzes", "puzzle", "puzzles", "problem", "problems", "sudoku", "board"),
        *("unsolved", "grid", "q", "clues", "givens", "input", "inputs"),
    ),
    "answer": (
        *("answer", "answers", "solution", "solutions", "solved", "a", "s", "output", "outputs", "label", "labels"),
        *("target", "targets"),
    ),
}
RATINGS = ("rating",)
"""Accepted names of columns, in lower case. `clues` comes late, since it is a number beside `puzzle`."""


class _Row(NamedTuple):
    line: int
    question: str
    answer: str
    rating: int


def read_csv(path: Path, count: int, seed: int, min_rating: int = 0) -> PuzzleBatch:
    """Draw puzzles of a file at random, in the file's order; all puzzles if there are fewer.

    Args:
        path: a file with columns for question and answer (see `COLUMNS`) and, optionally, `rating`.
        count: number of puzzles to draw.
        seed: seed of the draw.
        min_rating: rows of a lower rating are skipped.

    Raises:
        DataError: the file cannot be read, lacks a column, or has a line that is not a puzzle with its solution. The
            message names the line.
    """
    drawn: list[_Row] = []
    chance = random.Random(seed)
    seen = 0
    for row in _rows(path):
        if row.rating < min_rating:
            continue
        seen += 1
        if len(drawn) < count:
            drawn.append(row)
        elif (place := chance.randrange(seen)) < count:  # reservoir sampling: every row so far has the same chance
            drawn[place] = row
    if not drawn:
        raise DataError(f"{path} holds no puzzles" + (f" of rating {min_rating} or more." if min_rating else "."))
    drawn.sort()
    return _batch(path, drawn)


def _rows(path: Path) -> Iterator[_Row]:
    """Yield the rows of a file, with valid characters and ``0`` for an empty cell."""
    for line, fields in csv_rows(path, COLUMNS, {"rating": RATINGS}):
        where = f"{path}, line {line}"
        question = _cells(fields["question"], f"{where}: the question").translate(_TO_ZERO)
        answer = _cells(fields["answer"], f"{where}: the answer")
        if not _DIGITS.issuperset(answer):
            raise DataError(f"{where}: the answer has an empty cell.")
        yield _Row(line, question, answer, _rating(fields["rating"], where))


def _cells(text: str, what: str) -> str:
    cells = text.strip()
    if len(cells) != CELLS:
        raise DataError(f"{what} has {len(cells)} characters, not {CELLS}.")
    foreign = set(cells) - _DIGITS - set(BLANKS)
    if foreign:
        raise DataError(f"{what} has the character {min(foreign)!r}, which is not a cell of a 9x9 Sudoku.")
    return cells


def _rating(text: str, where: str) -> int:
    try:
        rating = int(text or 0)
    except ValueError:
        raise DataError(f"{where}: the rating {quoted(text)} is not a whole number.") from None
    if abs(rating) > HIGHEST_RATING:
        raise DataError(f"{where}: the rating {quoted(text)} is out of range.")
    return rating


def _batch(path: Path, rows: list[_Row]) -> PuzzleBatch:
    puzzles = _grids([row.question for row in rows])
    solutions = _grids([row.answer for row in rows])
    wrong = np.flatnonzero(~is_valid(puzzles, solutions))
    if len(wrong):
        raise DataError(f"{path}, line {rows[wrong[0]].line}: the answer does not solve the question.")
    ratings: Counts = np.array([row.rating for row in rows], np.int32)
    return PuzzleBatch(puzzles, solutions, (puzzles > 0).sum(axis=1, dtype=np.int32), ratings)


def _grids(texts: list[str]) -> Grids:
    return np.frombuffer("".join(texts).encode(), np.uint8).reshape(len(texts), CELLS) - np.uint8(ord("0"))
