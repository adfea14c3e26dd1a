"""Generated puzzles, their symmetries, splits, and how answers are judged."""

import numpy as np
import pytest

from trm.errors import PuzzleError
from trm_tasks_sudoku.answers import check, format_tokens, parse
from trm_tasks_sudoku.augmentation import Symmetries
from trm_tasks_sudoku.config import EMPTY, SudokuConfig
from trm_tasks_sudoku.datasets import as_puzzle_set
from trm_tasks_sudoku.generator import generate
from trm_tasks_sudoku.metrics import valid_answers
from trm_tasks_sudoku.solver import rate
from trm_tasks_sudoku.splits import solution_class


@pytest.mark.parametrize("size", [9])
def test_puzzles_are_different_and_have_one_solution_each(size: int) -> None:
    train = generate(300, size, seed=1, split="train")
    test = generate(100, size, seed=2, split="test")
    assert (rate(train.puzzles)[0] == 1).all()
    rows = {row.tobytes() for row in train.puzzles}
    assert len(rows) == 300
    assert not rows & {row.tobytes() for row in test.puzzles}
    assert valid_answers(train.puzzles + EMPTY, train.solutions + EMPTY).all()
    if size == 9:
        assert (train.clues <= 32).all()
        assert not set(solution_class(train.solutions)) & set(solution_class(test.solutions))


@pytest.mark.parametrize("size", [4, 6, 9, 16])
def test_augmented_labels_are_right_and_invert_undoes(size: int) -> None:
    config = SudokuConfig(size=size)
    puzzles = as_puzzle_set(generate(20, size), config)
    augmentation = Symmetries(config)
    inputs, labels, token = augmentation.apply(np.random.default_rng(0), puzzles.inputs, puzzles.labels)
    assert valid_answers(inputs, labels).all()
    assert (augmentation.invert(inputs, token) == puzzles.inputs).all()
    assert (augmentation.invert(labels, token) == puzzles.labels).all()
    assert (inputs != puzzles.inputs).any()


def test_text_round_trip_and_verdicts() -> None:
    config = SudokuConfig()
    puzzles = as_puzzle_set(generate(1), config)
    inputs, answer = puzzles.inputs[0].astype(int), puzzles.labels[0].astype(int)
    assert (parse(format_tokens(inputs, config), config)[0] == inputs).all()
    assert check(inputs, answer, config) is None
    wrong = answer.copy()
    cell = int(np.flatnonzero(inputs == EMPTY)[0])
    wrong[cell] = 2 + (wrong[cell] - 1) % 9
    assert "stands twice" in str(check(inputs, wrong, config))


@pytest.mark.parametrize(
    ("text", "message"),
    [("." * 80, "80"), ("x" + "." * 80, "Line 1, column 1: 'x'"), ("55" + "." * 79, "5")],
)
def test_malformed_puzzles_are_refused(text: str, message: str) -> None:
    with pytest.raises(PuzzleError, match=message):
        parse(text, SudokuConfig())
