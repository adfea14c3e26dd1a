"""Test puzzles that weights were trained on are counted, for data in files too."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("trm_tasks_sudoku")

from trm.data import IGNORED, PuzzleSet
from trm.data.layout_writing import write_split
from trm.data.overlap import count_overlap
from trm.experiment.experiment import Experiment
from trm.experiment.leaks import known_overlap


def mini(data: Path | None = None) -> Experiment:
    experiment = Experiment.from_preset("sudoku", "mini", ["task.train_puzzles=20", "task.test_puzzles=20"])
    return replace(experiment, task=replace(experiment.task, data=data))


@pytest.fixture(scope="module")
def puzzles() -> PuzzleSet:
    return mini().puzzles("train")


def test_training_data_in_a_folder_is_compared_with_the_scored_puzzles(tmp_path: Path, puzzles: PuzzleSet) -> None:
    write_split(tmp_path, "train", puzzles)
    overlap = known_overlap(mini(tmp_path), puzzles)
    assert overlap is not None
    assert (overlap.leaked, overlap.puzzles) == (len(puzzles), len(puzzles))


def test_data_that_would_have_to_be_generated_is_not_compared(puzzles: PuzzleSet) -> None:
    assert known_overlap(mini(), puzzles) is None


def test_symmetry_classes_are_found_by_whole_answers_and_not_without_one(puzzles: PuzzleSet) -> None:
    task = mini().task
    labels = np.asarray(puzzles.labels).astype(np.int64)
    scored_blanks = np.where(puzzles.inputs == labels, IGNORED, labels)
    hidden = replace(puzzles, labels=scored_blanks, inputs=np.asarray(puzzles.inputs).astype(np.int64))
    assert task.overlap(puzzles, hidden).shared == len(puzzles)
    other = np.where(np.arange(16) < 15, hidden.inputs, 1)  # a blank more, so that no puzzle is identical
    changed = replace(hidden, inputs=other, labels=np.where(other == labels, IGNORED, labels))
    unknown = replace(changed, labels=np.full_like(labels, IGNORED))
    found = count_overlap(puzzles, changed, symmetry_class=task.symmetry_class)
    assert found.identical + found.same_class == len(puzzles)
    assert count_overlap(puzzles, unknown, symmetry_class=task.symmetry_class).same_class == 0
