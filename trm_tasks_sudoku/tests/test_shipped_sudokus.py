"""The hard test puzzles that the plugin ships are those that it generates."""

import numpy as np
import pytest
from trm_tasks_sudoku.generated import build_generated

from trm.experiment.experiment import Experiment


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TRM_CACHE", str(tmp_path))


def refuse(*arguments, **options):
    raise AssertionError("puzzles are generated")


def test_the_test_puzzles_of_hard_are_shipped(monkeypatch):
    """If this fails because the generator was edited, ship them again.

    trm data pack sudoku --preset hard --output trm_tasks_sudoku/src/trm_tasks_sudoku/test_sets/hard.npz.xz
    """
    monkeypatch.setattr("trm_tasks_sudoku.generated.build_generated", refuse)
    assert len(Experiment.from_preset("sudoku", "hard").puzzles("test")) == 1000


def test_other_settings_are_generated(monkeypatch):
    monkeypatch.setattr("trm_tasks_sudoku.generated.build_generated", refuse)
    with pytest.raises(AssertionError, match="puzzles are generated"):
        Experiment.from_preset("sudoku", "hard", ["task.min_backtracks=50"]).puzzles("test", limit=4)


@pytest.mark.slow
def test_the_first_shipped_puzzles_are_those_that_the_generator_makes():
    experiment = Experiment.from_preset("sudoku", "hard")
    made = build_generated(experiment.config.model_copy(update={"test_puzzles": 4}), "test", 0)
    shipped = experiment.puzzles("test", limit=4)
    assert np.array_equal(shipped.inputs, made.inputs)
    assert np.array_equal(shipped.labels, made.labels)
