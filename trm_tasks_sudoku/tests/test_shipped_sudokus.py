"""The puzzles that the plugin ships are those that it generates."""

import numpy as np
import pytest
from trm_tasks_sudoku.generated import build_generated

from trm.experiment.experiment import Experiment

SHIPPED = [("hard", "test", 1000), ("quick", "test", 1000), ("quick", "train", 20_000)]


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TRM_CACHE", str(tmp_path))


def refuse(*arguments, **options):
    raise AssertionError("puzzles are generated")


@pytest.mark.parametrize(("preset", "split", "count"), SHIPPED)
def test_the_puzzles_are_shipped(preset, split, count, monkeypatch):
    """If this fails because the generator was edited, ship them again, each into the file that the task names.

    trm data pack sudoku --preset PRESET --split SPLIT --output FILE
    """
    monkeypatch.setattr("trm_tasks_sudoku.generated.build_generated", refuse)
    assert len(Experiment.from_preset("sudoku", preset).puzzles(split)) == count


def test_other_settings_are_generated(monkeypatch):
    monkeypatch.setattr("trm_tasks_sudoku.generated.build_generated", refuse)
    with pytest.raises(AssertionError, match="puzzles are generated"):
        Experiment.from_preset("sudoku", "hard", ["task.min_backtracks=50"]).puzzles("test", limit=4)


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_first_puzzles_are_those_that_the_generator_makes(split):
    same_as_made("quick", split, 40)


@pytest.mark.slow
def test_the_first_hard_puzzles_are_those_that_the_generator_makes():
    same_as_made("hard", "test", 4)


def same_as_made(preset, split, count):
    experiment = Experiment.from_preset("sudoku", preset)
    fewer = experiment.config.model_copy(update={f"{name}_puzzles": count for name in ("train", "test")})
    made = build_generated(fewer, split, 0)
    shipped = experiment.puzzles(split, limit=count)
    assert np.array_equal(shipped.inputs, made.inputs)
    assert np.array_equal(shipped.labels, made.labels)
    assert all(np.array_equal(shipped.extras[name], column) for name, column in made.extras.items())
