"""The rows of `trm compare`: one run each, or several that differ only in the seed."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trm.evaluation.intervals import Interval, of_mean_share, wilson
from trm.runs.history import History
from trm.runs.listing import Listed
from trm.storage.untrusted_input import as_number

METRIC = "exact_accuracy"
"""The score that ranks runs. It is a share of the puzzles, also in runs of earlier versions, which do not record that."""


@dataclass(frozen=True)
class Row:
    """One run, or several that differ only in the seed.

    Attributes:
        name: the name of the run folder, or of the first two.
        runs: the runs.
        settings: their settings by name; the seeds of several as one text.
    """

    name: str
    runs: tuple[Listed, ...]
    settings: Mapping[str, Any]

    @property
    def histories(self) -> list[History]:
        return [run.history for run in self.runs if run.history]

    @property
    def task(self) -> str | None:
        return self.histories[0].config.task

    @property
    def state(self) -> str:
        return ", ".join(dict.fromkeys(run.state for run in self.runs))

    @property
    def puzzles(self) -> int | None:
        """The number of test puzzles of the final scores; None while a run is unfinished, or where they differ."""
        counts = {(history.summary or {}).get("test_puzzles") for history in self.histories}
        count = counts.pop() if len(counts) == 1 else None
        return count if isinstance(count, int) and count > 0 else None

    @property
    def test_data(self) -> set[str]:
        """The fingerprints of the test puzzles, where they are known."""
        data = [((history.summary or {}).get("data") or {}).get("test") or {} for history in self.histories]
        return {str(test["fingerprint"]) for test in data if test.get("fingerprint")}

    def scores(self, metric: str) -> list[float]:
        """The values of a metric in the runs that have it."""
        values = [as_number(history.last_scores().get(metric)) for history in self.histories]
        return [value for value in values if value is not None]

    def interval(self, metric: str = METRIC) -> Interval | None:
        """The 95 % confidence interval of a score that is a share of the puzzles: over seeds, or Wilson's over puzzles.

        Returns:
            None for another score, or if it is not known.
        """
        recorded = [history.intervals().get(metric) for history in self.histories]
        values = self.scores(metric)
        if metric != METRIC and not all(recorded):
            return None
        if len(values) > 1:
            return of_mean_share(values)
        if recorded and recorded[0]:
            return recorded[0]
        return wilson(values[0] * self.puzzles, self.puzzles) if values and self.puzzles else None

    def best(self) -> float | None:
        """The mean of the best exact accuracies."""
        return mean([history.best(METRIC) for history in self.histories])

    def last(self, name: str) -> float | None:
        """The mean of the last `step`, `epoch` or `seconds`."""
        return mean([history.last(name) for history in self.histories])

    def parameters(self) -> int | None:
        """The number of parameters, which seeds do not change."""
        number = as_number((self.histories[0].summary or {}).get("parameters"))
        return None if number is None else int(number)


def mean(values: Sequence[float | None]) -> float | None:
    """The mean of the known values; None without any."""
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None
