"""Generated puzzles, their symmetries, splits, and how answers are judged."""

from pathlib import Path

import numpy as np
import pytest
import torch
from trm_tasks_sudoku.answers import check, format_tokens
from trm_tasks_sudoku.augmentation import Symmetries
from trm_tasks_sudoku.config import EMPTY, SudokuConfig
from trm_tasks_sudoku.csv_source import read_csv
from trm_tasks_sudoku.datasets import symmetry_class
from trm_tasks_sudoku.generated import as_puzzle_set
from trm_tasks_sudoku.generator import generate
from trm_tasks_sudoku.metrics import valid_answers
from trm_tasks_sudoku.reading import read
from trm_tasks_sudoku.solver import rate, solve
from trm_tasks_sudoku.splits import solution_class
from trm_tasks_sudoku.text import to_text

from trm.errors import CheckpointError, PuzzleError, UsageError
from trm.experiment.experiment import Experiment
from trm.runs.locate import locate


@pytest.mark.parametrize("size", [4, 6, 9])
def test_puzzles_are_different_and_have_one_solution_each(size: int) -> None:
    train = generate(1000, size, seed=1, split="train")
    test = generate(1000 if size == 9 else 200, size, seed=2, split="test")
    assert (rate(train.puzzles)[0] == 1).all()
    rows = {row.tobytes() for row in train.puzzles}
    assert len(rows) == 1000
    assert not rows & {row.tobytes() for row in test.puzzles}
    assert valid_answers(train.puzzles + EMPTY, train.solutions + EMPTY).all()
    if size == 9:
        assert (train.clues <= 32).all()
        assert not set(solution_class(train.solutions)) & set(solution_class(test.solutions))


def test_symmetric_images_have_one_solution_class() -> None:
    config = SudokuConfig()
    puzzles = as_puzzle_set(generate(50), config)
    _, images, _ = Symmetries(config).apply(np.random.default_rng(1), puzzles.inputs, puzzles.labels)
    classes = solution_class(puzzles.labels - EMPTY)
    assert (solution_class(images.astype(np.uint8) - EMPTY) == classes).all()
    assert len(set(classes)) == 50


def test_same_seed_same_puzzles_and_a_shorter_set_begins_a_longer_one() -> None:
    short, long = generate(20, seed=3), generate(60, seed=3)
    assert (short.puzzles == long.puzzles[:20]).all()
    assert not {row.tobytes() for row in generate(20, seed=4).puzzles} & {row.tobytes() for row in short.puzzles}


def test_hard_puzzles_have_one_solution_and_are_harder_than_minimal_ones() -> None:
    hard, minimal = generate(60, style="hard"), generate(200, style="minimal")
    assert (rate(hard.puzzles)[0] == 1).all()
    assert (hard.solutions == [solve(puzzle).grids[0] for puzzle in hard.puzzles]).all()
    assert hard.backtracks.mean() > 3 * minimal.backtracks.mean()
    with pytest.raises(UsageError, match="Hard Sudoku puzzles are available at size 9 only, not 4"):
        generate(5, 4, style="hard")


def test_csv_draws_puzzles_of_the_file(tmp_path: Path) -> None:
    batch = generate(40, seed=5)
    lines = [
        f"made,{to_text(puzzle)},{to_text(solution)},{index}"
        for index, (puzzle, solution) in enumerate(zip(batch.puzzles, batch.solutions, strict=True))
    ]
    path = tmp_path / "train.csv"
    path.write_text("\n".join(["source,question,answer,rating", *lines]))
    everything = read_csv(path, 100, seed=0)
    assert (everything.puzzles == batch.puzzles).all()
    assert (everything.solutions == batch.solutions).all()
    drawn = read_csv(path, 10, seed=0, min_rating=20)
    assert len(drawn) == 10
    assert (drawn.backtracks >= 20).all()
    assert (drawn.puzzles == batch.puzzles[drawn.backtracks]).all()
    assert (drawn.puzzles != read_csv(path, 10, seed=1, min_rating=20).puzzles).any()


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
    assert (read(format_tokens(inputs, config), config).strictly()[0] == inputs).all()
    assert check(inputs, answer, config) is None
    wrong = answer.copy()
    cell = int(np.flatnonzero(inputs == EMPTY)[0])
    wrong[cell] = 2 + (wrong[cell] - 1) % 9
    assert "stands twice" in str(check(inputs, wrong, config))


@pytest.mark.parametrize(
    ("text", "message"),
    [("." * 80, "80"), ("z" + "." * 80, "Puzzle 1, line 1, column 1: 'z'"), ("55" + "." * 79, "5")],
)
def test_malformed_puzzles_are_refused(text: str, message: str) -> None:
    with pytest.raises(PuzzleError, match=message):
        read(text, SudokuConfig()).strictly()


@pytest.mark.parametrize("size", [4, 6, 16, 25])
def test_the_shipped_weights_fit_every_size(size: int) -> None:
    """Boxes that are not square are no reason for other weights."""
    experiment = Experiment.from_preset("sudoku", "hard", [f"task.size={size}", "task.style=plain"])
    model = experiment.adapt_weights(locate("sudoku:hard"))
    assert model.config.context_length == size * size


def test_the_grid_weights_solve_unseen_puzzles_of_their_size() -> None:
    puzzles = as_puzzle_set(generate(8, 9, seed=2, split="validation", clues=32), SudokuConfig())
    checkpoint = locate("sudoku:grid")
    answers = checkpoint.model().predict(torch.from_numpy(puzzles.inputs.astype(np.int64)), 16)
    assert valid_answers(puzzles.inputs, answers.numpy()).sum() >= 7
    with pytest.raises(CheckpointError, match="The checkpoint takes 81 positions"):
        Experiment.from_preset("sudoku", "grid", ["task.size=4", "task.clues=6"]).adapt_weights(checkpoint)


def test_labels_that_are_no_solution_are_classes_of_their_own() -> None:
    """Arrays of strangers may hold any labels; unknown ones are -100."""
    random = np.random.default_rng(0).integers(0, 11, (4, 81)).astype(np.uint8)
    unknown = np.full((4, 81), -100)
    for labels in (random, unknown):
        assert len(set(symmetry_class(random, labels, SudokuConfig()).tolist())) == 4
