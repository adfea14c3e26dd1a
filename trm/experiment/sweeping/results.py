"""`SweepResult`: what a sweep has found, combination by combination."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trm.experiment.sweeping.finished import RunResult
from trm.markup import note, panel, table
from trm.runs.differences import described, setting_text
from trm.words import counted, score_text


@dataclass(frozen=True)
class TrialResult:
    """A combination of values with its runs.

    Attributes:
        number: its number in the sweep, from 0.
        values: all settings that the sweep gives, by name.
        runs: one for each seed.
        metric: the score that combinations are compared by.
    """

    number: int
    values: Mapping[str, Any]
    runs: tuple[RunResult, ...]
    metric: str

    @property
    def name(self) -> str:
        """The name of its folder."""
        return f"trial-{self.number}"

    @property
    def scores(self) -> list[float]:
        """The score of each complete run that has one, a finite number."""
        known = [run.scores.get(self.metric) for run in self.runs]
        return [score for score in known if score is not None and math.isfinite(score)]

    @property
    def is_comparable(self) -> bool:
        """Whether every run is complete and has a score."""
        return self.state == "complete" and len(self.scores) == len(self.runs)

    @property
    def complete(self) -> int:
        """Number of complete runs."""
        return sum(run.state == "complete" for run in self.runs)

    @property
    def mean(self) -> float | None:
        """The mean of the scores; None without any."""
        return statistics.fmean(self.scores) if self.scores else None

    @property
    def spread(self) -> float | None:
        """The sample standard deviation of the scores over the seeds; None for fewer than two."""
        return statistics.stdev(self.scores) if len(self.scores) > 1 else None

    @property
    def shown_score(self) -> str:
        """The mean with its spread, for people."""
        if self.mean is None:
            return "-"
        return score_text(self.mean) + (f" ± {score_text(self.spread)}" if self.spread is not None else "")

    @property
    def test(self) -> list[float]:
        """The score of each complete run on the test puzzles."""
        return [run.test[self.metric] for run in self.runs if self.metric in run.test]

    @property
    def seconds(self) -> float | None:
        """Training time of all complete runs together; None without any."""
        known = [run.seconds for run in self.runs if run.seconds is not None]
        return sum(known) if known else None

    @property
    def parameters(self) -> int | None:
        """Number of parameters of the model; None if no run is complete."""
        return next((run.parameters for run in self.runs if run.parameters is not None), None)

    @property
    def state(self) -> str:
        """The state of its runs, the least complete one's."""
        states = [run.state for run in self.runs]
        return next((one for one in ("failed", "running", "interrupted", "waiting") if one in states), "complete")

    def as_json(self) -> dict[str, Any]:
        """The result as plain values."""
        return {
            "trial": self.name,
            "values": dict(self.values),
            "state": self.state,
            "complete": self.complete,
            "mean": self.mean,
            "spread": self.spread,
            "seconds": self.seconds,
            "parameters": self.parameters,
            "runs": [run.as_json() for run in self.runs],
        }


@dataclass(frozen=True)
class SweepResult:
    """What a sweep has found so far.

    Attributes:
        folder: the folder of the trials.
        task: name of the task.
        preset: name of the preset.
        metric: the score that combinations are compared by.
        higher_is_better: whether a higher score is better.
        split: the split that the scores are on, "validation" or "test".
        varied: the settings with several values.
        trials: the combinations in the order of their numbers.
    """

    folder: Path
    task: str
    preset: str
    metric: str
    higher_is_better: bool
    split: str
    varied: tuple[str, ...]
    trials: tuple[TrialResult, ...] = field(repr=False)

    @property
    def ranked(self) -> list[TrialResult]:
        """The combinations, the best first; those that are not complete last. Equal ones stay in their order."""

        def key(trial: TrialResult) -> tuple[bool, float]:
            mean = trial.mean if trial.mean is not None else math.nan
            worse = math.inf if math.isnan(mean) else -mean if self.higher_is_better else mean
            return not trial.is_comparable, worse

        return sorted(self.trials, key=key)

    @property
    def best(self) -> TrialResult | None:
        """The complete combination with the best mean score; None if there is none."""
        first = next(iter(self.ranked), None)
        return first if first is not None and first.is_comparable else None

    @property
    def failed(self) -> list[RunResult]:
        """The runs that failed."""
        return [run for trial in self.trials for run in trial.runs if run.state == "failed"]

    @property
    def is_complete(self) -> bool:
        """Whether every run is complete."""
        return all(trial.state == "complete" for trial in self.trials)

    def shown_values(self, trial: TrialResult) -> dict[str, Any]:
        """The values of a combination that tell it from the others."""
        return {name: trial.values[name] for name in self.varied if name in trial.values}

    def notes(self) -> list[str]:
        """What a reader of the table must know."""
        sizes = {run.puzzles for trial in self.trials for run in trial.runs if run.puzzles is not None}
        puzzles = f"{counted(max(sizes), f'{self.split} puzzle')}" if sizes else f"{self.split} puzzles"
        several = any(len(trial.runs) > 1 for trial in self.trials)
        over = ", the mean and the standard deviation over the seeds" if several else ""
        notes = [f"{self.metric} is the score of the last checkpoint on {puzzles}{over}."]
        if self.split == "test":
            notes.append(
                "This data has no validation split: the best settings are chosen on the test puzzles, on which their score "
                "is therefore too optimistic."
            )
        running = sum(trial.state == "running" for trial in self.trials)
        if running:
            notes.append(
                f"{counted(running, 'combination')} still running; `trm sweep --show {self.folder}` shows more later."
            )
        best = self.best
        if best is not None:
            test = ""
            if self.split != "test" and best.test:
                test = f" Its {self.metric} on the test puzzles is {score_text(statistics.fmean(best.test))}."
            values = described(self.shown_values(best))
            equal = sum(trial.is_comparable and trial.mean == best.mean for trial in self.trials) - 1
            shared = f" {counted(equal, 'other combination')} reached the same score." if equal else ""
            notes.append(f"Best: {best.name}{f' ({values})' if values else ''}.{test}{shared}")
        return notes

    def as_json(self) -> dict[str, Any]:
        """The report that `trm sweep --json` prints."""
        best = self.best
        return {
            "sweep": str(self.folder),
            "task": self.task,
            "preset": self.preset,
            "metric": self.metric,
            "higher_is_better": self.higher_is_better,
            "split": self.split,
            "settings": list(self.varied),
            "best": best.name if best else None,
            "trials": [trial.as_json() for trial in self.trials],
            "notes": self.notes(),
        }

    def _repr_html_(self) -> str:
        rows = [
            (
                trial.name + (" *" if trial is self.best else ""),
                *(setting_text(trial.values[name]) if name in trial.values else "-" for name in self.varied),
                trial.shown_score,
                f"{trial.complete}/{len(trial.runs)}",
            )
            for trial in self.ranked
        ]
        head = ("trial", *self.varied, self.metric, "runs")
        return panel(f"Sweep {self.folder}", table(head, rows), *map(note, self.notes()))
