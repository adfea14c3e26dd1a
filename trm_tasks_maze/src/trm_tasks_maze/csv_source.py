"""Reads Maze-Hard as published: CSV files with the columns `source,question,answer,rating`.

The dataset is `sapientinc/maze-30x30-hard-1k` on Hugging Face. Question and answer are the rows of a square maze without
line breaks, in the characters `# SGo`.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np

from trm.data import check_file, csv_lines
from trm.errors import DataError, reason
from trm_tasks_maze.grid import CHARACTERS, FREE, GOAL, PATH, START, IntArray

_TOKENS = str.maketrans({character: chr(token) for token, character in enumerate(CHARACTERS, start=1)})


def read_csv(path: Path) -> tuple[IntArray, IntArray]:
    """Read mazes and their answers, both `[N, H * W]` with H = W.

    Raises:
        DataError: the file cannot be read, or a line is not a maze with its answer.
    """
    questions: list[IntArray] = []
    answers: list[IntArray] = []
    try:
        check_file(path)
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(csv_lines(file))
            if not {"question", "answer"} <= set(reader.fieldnames or ()):
                raise DataError(f"{path} has no columns 'question' and 'answer' in its first line.")
            for row in reader:
                where = f"{path}, line {reader.line_num}"
                question, answer = _tokens(row["question"], where, "question"), _tokens(row["answer"], where, "answer")
                _check_pair(question, answer, where)
                if questions and len(question) != len(questions[0]):
                    raise DataError(
                        f"{where}: the maze has {len(question)} cells, but the first maze has {len(questions[0])}."
                    )
                questions.append(question)
                answers.append(answer)
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as CSV: {reason(error)}.") from error
    if not questions:
        raise DataError(f"{path} contains no mazes.")
    return np.stack(questions), np.stack(answers)


def _tokens(cells: str | None, where: str, column: str) -> IntArray:
    """Convert a field to tokens `[L]`."""
    foreign = set(cells or "") - set(CHARACTERS)
    if foreign:
        raise DataError(f"{where}: the {column} contains {min(foreign)!r}. A maze consists of the characters '# SGo'.")
    if not cells or math.isqrt(len(cells)) ** 2 != len(cells):
        raise DataError(f"{where}: the {column} has {len(cells or '')} cells, which is not a square number.")
    return np.frombuffer(cells.translate(_TOKENS).encode("latin-1"), dtype=np.uint8).astype(np.int32)


def _check_pair(question: IntArray, answer: IntArray, where: str) -> None:
    for token, name in ((START, "start S"), (GOAL, "goal G")):
        count = np.count_nonzero(question == token)
        if count != 1:
            raise DataError(f"{where}: the question has {count} cells for the {name}, expected 1.")
    if PATH in question:
        raise DataError(f"{where}: the question already contains path cells 'o'.")
    if len(question) != len(answer) or not np.array_equal(np.where(answer == PATH, FREE, answer), question):
        raise DataError(f"{where}: the answer is not the question with a path of 'o' added.")
