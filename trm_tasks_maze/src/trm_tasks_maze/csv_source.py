"""Mazes with their answers from CSV files, such as those of Maze-Hard.

Maze-Hard is `sapientinc/maze-30x30-hard-1k` on Hugging Face, with the columns `source,question,answer,rating`. Question and
answer are the rows of a square maze without line breaks, in the characters `# SGo` or another of
`trm_tasks_maze.alphabets`.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from trm.data import csv_rows
from trm.errors import DataError
from trm_tasks_maze.alphabets import Alphabet, alphabet_of
from trm_tasks_maze.grid import FREE, GOAL, PATH, START, IntArray

QUESTIONS = (
    *("question", "questions", "maze", "mazes", "puzzle", "puzzles", "quiz", "quizzes", "problem", "board", "grid"),
    *("unsolved", "q", "input", "inputs"),
)
ANSWERS = (
    *("answer", "answers", "solution", "solutions", "solved", "path", "a", "s", "output", "outputs", "label", "labels"),
    *("target", "targets"),
)
"""Accepted names of columns, in lower case."""


def read_csv(path: Path) -> tuple[IntArray, IntArray]:
    """Read mazes and their answers, both `[N, H * W]` with H = W.

    Raises:
        DataError: the file cannot be read, lacks a column, or has a line that is not a maze with its answer.
    """
    rows = list(csv_rows(path, {"question": QUESTIONS, "answer": ANSWERS}))
    if not rows:
        raise DataError(f"{path} contains no mazes.")
    alphabet = alphabet_of(row.fields["question"] for row in rows)
    questions: list[IntArray] = []
    answers: list[IntArray] = []
    for line, fields in rows:
        where = f"{path}, line {line}"
        question, answer = (_tokens(fields[column], where, column, alphabet) for column in ("question", "answer"))
        _check_pair(question, answer, where, alphabet)
        if questions and len(question) != len(questions[0]):
            raise DataError(f"{where}: the maze has {len(question)} cells, but the first maze has {len(questions[0])}.")
        questions.append(question)
        answers.append(answer)
    return np.stack(questions), np.stack(answers)


def _tokens(cells: str, where: str, column: str, alphabet: Alphabet) -> IntArray:
    """Convert a field to tokens `[L]`."""
    tokens = alphabet.tokens
    foreign = set(cells) - set(tokens)
    if foreign:
        raise DataError(
            f"{where}: the {column} contains {min(foreign)!r}. A maze consists of characters such as '# SGo'; "
            f"here: {alphabet.describe('')}."
        )
    if not cells or math.isqrt(len(cells)) ** 2 != len(cells):
        raise DataError(f"{where}: the {column} has {len(cells)} cells, which is not a square number.")
    return np.array([tokens[cell] for cell in cells], dtype=np.int32)


def _check_pair(question: IntArray, answer: IntArray, where: str, alphabet: Alphabet) -> None:
    for token, name in ((START, f"start {alphabet.start}"), (GOAL, f"goal {alphabet.goal}")):
        count = np.count_nonzero(question == token)
        if count != 1:
            raise DataError(f"{where}: the question has {count} cells for the {name}, expected 1.")
    if PATH in question:
        raise DataError(f"{where}: the question already contains path cells.")
    if len(question) != len(answer) or not np.array_equal(np.where(answer == PATH, FREE, answer), question):
        raise DataError(f"{where}: the answer is not the question with a path added.")
