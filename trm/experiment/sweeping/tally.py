"""How far a sweep is: a bar or lines on stderr, and a sentence for each run that ends."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from trm.experiment.session import Display
from trm.experiment.sweeping.finished import RunResult, failure_text
from trm.experiment.sweeping.record import PlannedRun
from trm.experiment.sweeping.request import SweepRequest
from trm.progress import Job, duration, showing
from trm.runs.differences import described
from trm.words import score_text


class Tally:
    """Counts the runs of a sweep and tells the user.

    Args:
        request: what the sweep trains.
        display: where sentences go.
        total: number of runs.
    """

    def __init__(self, request: SweepRequest, display: Display, total: int) -> None:
        self.request, self.display = request, display
        self.job = Job("Sweep", total, "runs")
        self.running = 0

    @contextlib.contextmanager
    def shown(self, found: int) -> Iterator[None]:
        """A context in which progress is shown.

        Args:
            found: number of runs that are complete already.
        """
        with showing(self.job):
            self.job.advance(found, found=True)
            yield

    def started(self) -> None:
        """Count a run that begins."""
        self._count(1)

    def ended(self, run: PlannedRun, result: RunResult) -> None:
        """Count a run that has ended, and say how."""
        self._count(-1)
        self.job.advance(1)
        values = {item.name: run.trial.values.get(item.name) for item in self.request.varied}
        name = described({**values, "seed": run.seed})
        place = f"[{self.job.done} of {self.job.total}]"
        if result.state == "complete":
            score = result.scores.get(self.request.metric)
            known = "no score" if score is None else f"{self.request.metric} {score_text(score)}"
            self.display.note(
                f"{place} {run.trial.name} ({name}): {known}, {duration(result.seconds or 0)} of training"
            )
        else:
            self.display.note(f"{place} {run.trial.name} ({name}) failed: {failure_text(result)}")

    def at_least(self, done: int) -> None:
        """Count the runs that other workers have completed."""
        if done > self.job.done:
            self.job.advance(done - self.job.done, found=True)

    def _count(self, change: int) -> None:
        self.running += change
        self.job.heading = f"Sweep, {self.running} running" if self.running else "Sweep"
