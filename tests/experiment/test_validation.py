"""The validation split: data of its own where a dataset makes it, and a clear refusal where it does not."""

from __future__ import annotations

import numpy as np
import pytest

from trm.errors import UsageError
from trm.experiment.task import Task


def test_a_validation_split_is_data_of_its_own() -> None:
    pytest.importorskip("trm_tasks_sudoku")
    task = Task.named("sudoku", {"size": 4, "train_puzzles": 20, "test_puzzles": 8})
    assert task.has_split("validation")
    splits = [task.puzzles(split, seed=0).inputs for split in ("train", "validation", "test")]
    assert [len(inputs) for inputs in splits] == [20, 8, 8]
    assert not np.array_equal(splits[1], splits[2])


def test_a_dataset_without_validation_says_which_splits_it_has() -> None:
    pytest.importorskip("trm_tasks_arithmetic")
    task = Task.named("arithmetic")
    assert not task.has_split("validation")
    with pytest.raises(UsageError, match="has no validation split, only train and test"):
        task.puzzles("validation", seed=0)
