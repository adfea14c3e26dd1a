"""`ScoredData`: puzzles to score, with everything that is known about them before a model answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from trm.data.puzzle_set import PuzzleSet
from trm.experiment.experiment import Experiment
from trm.experiment.identifiers import check_identifiers
from trm.experiment.leaks import known_overlap
from trm.experiment.loaded import LoadedModel
from trm.experiment.provenance import DataReport, change_since_training
from trm.runs.run_folder import RunFolder


@dataclass(frozen=True)
class ScoredData:
    """Puzzles to score.

    Attributes:
        puzzles: the puzzles.
        report: where they come from.
        test_puzzles_in_training: how many of them the weights were trained on; None if that is not known.
    """

    puzzles: PuzzleSet
    report: DataReport
    test_puzzles_in_training: int | None = None


@dataclass(frozen=True)
class Scored:
    """Which puzzles are scored, and by the weights of which training.

    Attributes:
        loaded: the weights, and the experiment whose puzzles are scored.
        trained_on: the experiment that the weights come from.
        split: "test" or "train".
        limit: number of puzzles. Default: all.
    """

    loaded: LoadedModel
    trained_on: Experiment
    split: str = "test"
    limit: int | None = None

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal for the same puzzles and weights of the same training."""
        experiment = self.loaded.experiment
        return self.loaded.checkpoint.run, self.trained_on, experiment.task, experiment.seed, self.split, self.limit


@dataclass(frozen=True)
class ScoredDataStore:
    """Prepares puzzles to score. The same ones are read, checked and compared with the training data only once.

    Attributes:
        prepared: what has been prepared, with its key.
        read: the puzzles that have been read, by task, seed, split and limit.
    """

    prepared: list[tuple[Any, ScoredData]] = field(default_factory=list)
    read: list[tuple[Any, PuzzleSet]] = field(default_factory=list)

    def get(self, scored: Scored) -> ScoredData:
        """The puzzles, and what is known about them. Warnings are shown once.

        Raises:
            UsageError: a puzzle id has another name than in training.
            DataError: the data cannot be read.
            CheckpointError: the weights do not fit the data.
        """
        for key, data in self.prepared:
            if key == scored.key:
                return data
        data = self._prepare(scored)
        self.prepared.append((scored.key, data))
        return data

    def puzzles(self, experiment: Experiment, split: str, limit: int | None = None) -> PuzzleSet:
        """The puzzles of a split of an experiment."""
        key = experiment.task, experiment.seed, split, limit
        for known, puzzles in self.read:
            if known == key:
                return puzzles
        puzzles = experiment.puzzles(split, limit=limit)
        self.read.append((key, puzzles))
        return puzzles

    def _prepare(self, scored: Scored) -> ScoredData:
        loaded, experiment = scored.loaded, scored.loaded.experiment
        puzzles = self.puzzles(experiment, scored.split, scored.limit)
        if loaded.task.spec.evaluate is None:
            check_identifiers(loaded.checkpoint, experiment, puzzles, loaded.session.display)
        report = DataReport.of(experiment, puzzles, scored.split)
        if experiment == scored.trained_on and scored.limit is None:
            change = change_since_training(loaded.checkpoint.run.fingerprints, report)
            if change is not None:
                loaded.session.display.note(change)
        return ScoredData(puzzles, report, self._seen_in_training(scored, puzzles, report))

    def _seen_in_training(self, scored: Scored, puzzles: PuzzleSet, report: DataReport) -> int | None:
        """Count the test puzzles that the weights were trained on, and tell the user if there are any."""
        if scored.split != "test":
            return None
        loaded = scored.loaded
        recorded = recorded_overlap(loaded, report)
        if recorded is not None:
            if recorded:
                of = report.counted()
                loaded.session.display.note(f"Note: {recorded:,} of the {of} were in the training data of the run.")
            return recorded
        if loaded.task.spec.evaluate is not None:
            return None
        overlap = known_overlap(scored.trained_on, puzzles, lambda: self.puzzles(scored.trained_on, "train"))
        if overlap is not None and overlap.leaked:
            loaded.session.display.note(f"Note: {overlap}")
        return None if overlap is None else overlap.leaked


def recorded_overlap(loaded: LoadedModel, report: DataReport) -> int | None:
    """The test puzzles that are in the training data as the run's summary counts them.

    Returns:
        None if the run has no such count, or its test puzzles are others.
    """
    checkpoint = loaded.checkpoint
    if checkpoint.folder is None or checkpoint.run.fingerprints.get("test") != report.fingerprint:
        return None
    count = (RunFolder(checkpoint.folder).read_summary() or {}).get("test_puzzles_in_training")
    return count if isinstance(count, int) else None
