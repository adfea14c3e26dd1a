"""Several scores together: checkpoints of a run, splits, and seeds with their mean and spread."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trm.errors import UsageError
from trm.evaluation.intervals import Interval, of_mean, of_mean_share
from trm.experiment.results import Score
from trm.experiment.scored_data import ScoredDataStore
from trm.experiment.solver import Solver
from trm.experiment.source import DataSource
from trm.runs.run_folder import RunFolder
from trm.words import split_word


@dataclass(frozen=True)
class Summary:
    """A metric over several seeds.

    Attributes:
        metric: its name.
        count: number of seeds.
        mean: mean over the seeds.
        spread: sample standard deviation.
        interval: 95 % confidence interval of the mean, by Student's t distribution.
    """

    metric: str
    count: int
    mean: float
    spread: float
    interval: Interval

    @classmethod
    def of(cls, metric: str, values: Sequence[float]) -> Summary:
        """Summarize at least two values. The interval of shares stays inside 0 to 1."""
        shares = all(0 <= value <= 1 for value in values)
        interval = of_mean_share(values) if shares else of_mean(values)
        assert interval is not None
        return cls(metric, len(values), statistics.fmean(values), statistics.stdev(values), interval)


@dataclass(frozen=True)
class ScoreSeries:
    """Scores in the order in which they were measured: by checkpoint, split and seed.

    Attributes:
        scores: at least one.
    """

    scores: tuple[Score, ...]

    @classmethod
    def measured(
        cls, solvers: Iterable[Solver], sources: Sequence[DataSource], splits: Sequence[str], **options: Any
    ) -> ScoreSeries:
        """Score each of several weights on each source and split; see `Solver.evaluate` for the options.

        The puzzles of each source and split are read once.

        Raises:
            UsageError: an output folder is given for more than one score, or the puzzles do not depend on the seed.
        """
        scores: list[Score] = []
        store = ScoredDataStore()
        for solver in solvers:
            for split in splits:
                for source in sources:
                    if scores and options.get("output") is not None:
                        raise UsageError("--output takes the files of one evaluation: score one checkpoint at a time.")
                    scores.append(solver.evaluate(source=source, split=split, store=store, **options))
                    _check_seeds(scores)
        return cls(tuple(scores))

    def seeds(self) -> Iterator[tuple[Score, list[Summary]]]:
        """The summaries over the seeds, for each checkpoint and split that has several; with one of its scores."""
        groups: dict[tuple[int | None, str], list[Score]] = {}
        for score in self.scores:
            groups.setdefault((score.step, score.split), []).append(score)
        for scores in groups.values():
            if len(scores) > 1:
                yield scores[0], [Summary.of(name, [score[name] for score in scores]) for name in scores[0].metrics]

    def curves(self) -> dict[str, dict[str, list[tuple[float, float]]]]:
        """Each metric over the steps: by metric, then by split."""
        curves: dict[str, dict[str, list[tuple[float, float]]]] = {}
        for score in self.scores:
            for name, value in score.metrics.items():
                label = f"{score.split} puzzles"
                curves.setdefault(name, {}).setdefault(label, []).append((float(score.step or 0), value))
        return curves


def _check_seeds(scores: Sequence[Score]) -> None:
    """Raise `UsageError` if the last two scores are of two seeds that give the same puzzles: their spread means nothing."""
    if len(scores) < 2:
        return
    one, other = scores[-2].data, scores[-1].data
    if one.split == other.split and one.seed != other.seed and one.fingerprint == other.fingerprint:
        raise UsageError(
            f"Seeds {one.seed} and {other.seed} give the same {split_word(one.split)} puzzles ({one.source}): omit --seeds."
        )


def checkpoints_of(run: str) -> list[Path]:
    """All checkpoints of a run folder, in the order of their steps.

    Raises:
        UsageError: it is not a run folder, or has no checkpoint.
    """
    found = RunFolder(Path(run)).checkpoints()
    if not found:
        raise UsageError(f"--all-checkpoints needs a run folder with checkpoints, and {run} has none.")
    return found
