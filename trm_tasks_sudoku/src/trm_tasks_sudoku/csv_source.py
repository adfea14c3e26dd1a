"""Sudoku-Extreme as published: CSV files with the columns `source,question,answer,rating`.

The dataset is `sapientinc/sudoku-extreme` on Hugging Face. A question and its answer have 81 characters, with `.` for an
empty cell; the rating is a number of backtracks. The training split has 3.8 million lines, so only drawn rows are kept.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from trm.data import check_file, csv_lines
from trm.errors import DataError, quoted, reason
from trm_tasks_sudoku.dig import Grids
from trm_tasks_sudoku.generator import Counts, PuzzleBatch
from trm_tasks_sudoku.rules import is_valid

CELLS = 81
HIGHEST_RATING = 2**31 - 1
_DIGITS = frozenset("123456789")
_QUESTION = _DIGITS | {".", "0"}


class _Row(NamedTuple):
    line: int
    question: str
    answer: str
    rating: int


def read_csv(path: Path, count: int, seed: int, min_rating: int = 0) -> PuzzleBatch:
    """Draw puzzles of a file at random, in the file's order; all puzzles if there are fewer.

    Args:
        path: a file with the columns `question`, `answer` and, optionally, `rating`.
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
    """Yield the rows of a file, with valid characters."""
    try:
        check_file(path)
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(csv_lines(file))
            missing = {"question", "answer"} - set(reader.fieldnames or ())
            if missing:
                raise DataError(f"{path} has no column {min(missing)!r} in its first line.")
            for row in reader:
                where = f"{path}, line {reader.line_num}"
                question = _cells(row["question"], _QUESTION, f"{where}: the question")
                answer = _cells(row["answer"], _DIGITS, f"{where}: the answer")
                yield _Row(reader.line_num, question, answer, _rating(row.get("rating"), where))
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"Cannot read {path} as CSV: {reason(error)}.") from error


def _cells(text: str | None, allowed: frozenset[str], what: str) -> str:
    if text is None or len(text) != CELLS:
        raise DataError(f"{what} has {len(text or '')} characters, not {CELLS}.")
    foreign = set(text) - allowed
    if foreign:
        raise DataError(f"{what} has the character {min(foreign)!r}, which is not a cell of a 9x9 Sudoku.")
    return text


def _rating(text: str | None, where: str) -> int:
    try:
        rating = int(text or 0)
    except ValueError:
        raise DataError(f"{where}: the rating {quoted(text)} is not a whole number.") from None
    if abs(rating) > HIGHEST_RATING:
        raise DataError(f"{where}: the rating {quoted(text)} is out of range.")
    return rating


def _batch(path: Path, rows: list[_Row]) -> PuzzleBatch:
    puzzles = _grids([row.question.replace(".", "0") for row in rows])
    solutions = _grids([row.answer for row in rows])
    wrong = np.flatnonzero(~is_valid(puzzles, solutions))
    if len(wrong):
        raise DataError(f"{path}, line {rows[wrong[0]].line}: the answer does not solve the question.")
    ratings: Counts = np.array([row.rating for row in rows], np.int32)
    return PuzzleBatch(puzzles, solutions, (puzzles > 0).sum(axis=1, dtype=np.int32), ratings)


def _grids(texts: list[str]) -> Grids:
    return np.frombuffer("".join(texts).encode(), np.uint8).reshape(len(texts), CELLS) - np.uint8(ord("0"))
