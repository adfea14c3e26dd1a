"""Where puzzles come from: the sentence and the fingerprint that accompany every figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trm.data.fingerprint import fingerprint
from trm.data.puzzle_set import PuzzleSet
from trm.errors import UsageError
from trm.experiment.experiment import Experiment
from trm.experiment.task import Task
from trm.plugins.registry import get_registry
from trm.runs.checkpoint_folder import read_run_config
from trm.specs import DatasetSpec
from trm.words import counted, split_word


@dataclass(frozen=True)
class DataReport:
    """Puzzles that a model was trained or scored on.

    Attributes:
        source: the dataset with the settings that only it reads, or the folder of arrays.
        split: "train" or "test".
        seed: seed of the data.
        puzzles: number of puzzles.
        fingerprint: see `trm.data.fingerprint`.
    """

    source: str
    split: str
    seed: int
    puzzles: int
    fingerprint: str

    @classmethod
    def of(cls, experiment: Experiment, puzzles: PuzzleSet, split: str) -> DataReport:
        """Report puzzles of a split of an experiment."""
        return cls(source_of(experiment.task), split, experiment.seed, len(puzzles), fingerprint(puzzles))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def counted(self) -> str:
        """The number of puzzles in words, such as "1,000 test puzzles"."""
        return counted(self.puzzles, f"{split_word(self.split)} puzzle")

    def __str__(self) -> str:
        return f"{self.counted()} of {self.source}, seed {self.seed}, fingerprint {self.fingerprint}"


def source_of(task: Task) -> str:
    """The folder of arrays, or the dataset with those of its own settings that differ from their defaults."""
    if task.data is not None:
        return f"folder {task.data.absolute()}"
    reads = get_registry().part(DatasetSpec, task.name, task.dataset).reads or ()
    values = task.config.model_dump(mode="json")
    defaults = type(task.config).model_construct().model_dump(mode="json")
    given = [f"task.{name}={_text(values[name])}" for name in reads if values[name] != defaults.get(name)]
    return " ".join([f"dataset {task.dataset}", *([f"({', '.join(given)})"] if given else [])])


def check_unchanged(run: Path, train: DataReport) -> None:
    """Refuse to resume a training on other puzzles than it began with.

    Args:
        run: the run folder. Runs of earlier versions recorded no fingerprints, and are not checked.
        train: the training puzzles as they are now.

    Raises:
        UsageError: the puzzles have changed.
    """
    before = read_run_config(run).fingerprints.get("train")
    if before not in (None, train.fingerprint):
        raise UsageError(
            f"Cannot resume {run}: its training data has changed since it began (fingerprint {before} then, "
            f"{train.fingerprint} now; {train.source}). Restore the data, or start a new run from these weights with --init."
        )


def change_since_training(recorded: Mapping[str, str], report: DataReport) -> str | None:
    """A sentence that says that the puzzles are not those that the run recorded; None if they are, or if it has no record."""
    before = recorded.get(report.split)
    if before in (None, report.fingerprint):
        return None
    return (
        f"The {report.split} data has changed since training: its fingerprint was {before} and is now "
        f"{report.fingerprint}. Scores differ from those of the run for that reason too."
    )


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
