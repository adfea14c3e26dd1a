"""Test puzzles that weights were trained on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from trm.data.overlap import Overlap
from trm.data.puzzle_set import PuzzleSet
from trm.experiment.experiment import Experiment
from trm.experiment.task import Task
from trm.plugins.registry import get_registry
from trm.specs import DatasetSpec


def known_overlap(
    trained_on: Experiment, test: PuzzleSet, read: Callable[[], PuzzleSet] | None = None
) -> Overlap | None:
    """Count the test puzzles that are in the training data, if that is in files on this machine.

    Data that would have to be generated or downloaded first is not compared.

    Args:
        trained_on: the experiment that the weights come from.
        test: the puzzles to score.
        read: gives the training puzzles. Default: they are read.

    Returns:
        The counts; None if they are not known.

    Raises:
        DataError: the training data cannot be read.
    """
    if trained_on.training is None or not _is_in_files(trained_on.task):
        return None
    train = read() if read is not None else trained_on.puzzles("train")
    if train.description.seq_len != test.description.seq_len:
        return None
    return trained_on.task.overlap(train, test)


def _is_in_files(task: Task) -> bool:
    """Whether the training puzzles are read from a folder of arrays, or from a file that a setting of the dataset names."""
    if task.data is not None:
        return (task.data / "train").is_dir()
    reads = get_registry().part(DatasetSpec, task.name, task.dataset).reads or ()
    paths = [value for name in reads if isinstance(value := getattr(task.config, name), Path)]
    return bool(paths) and all(path.exists() for path in paths)
