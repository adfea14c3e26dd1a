"""A grid: every combination of values with every seed, each run in a process of its own."""

from __future__ import annotations

import contextlib
import shlex
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from trm.errors import UsageError
from trm.experiment.restarts import is_run_of
from trm.experiment.session import Display
from trm.experiment.sweeping.finished import is_complete, read_result
from trm.experiment.sweeping.pool import train_all
from trm.experiment.sweeping.record import FILE, PlannedRun, Record, Trial, trials_of, wanted
from trm.experiment.sweeping.request import SweepRequest
from trm.experiment.sweeping.results import SweepResult, TrialResult
from trm.experiment.sweeping.tally import Tally
from trm.progress import progress
from trm.storage.atomic import write_json
from trm.storage.locks import RunLock
from trm.words import counted


class GridSource:
    """The runs of a grid that are not complete, in order.

    Args:
        request: what is trained.
        runs: the runs to train.
        tally: counts what is done, and tells the user.
    """

    def __init__(self, request: SweepRequest, runs: Sequence[PlannedRun], tally: Tally) -> None:
        self.request, self.tally = request, tally
        self.waiting = deque(runs)

    def next(self) -> PlannedRun | None:
        if not self.waiting:
            return None
        self.tally.started()
        return begin(self.waiting.popleft())

    def ended(self, run: PlannedRun, failure: str | None) -> None:
        if failure is not None:
            write_json(run.failure, {"error": failure})
        self.tally.ended(run, read_result(run, self.request.split))


def resume_advice(folder: Path) -> str:
    """How to continue a sweep."""
    return f"Continue with: trm sweep --resume {shlex.quote(str(folder))}"


def begin(run: PlannedRun) -> PlannedRun:
    """Make the folder of its log, and forget that an earlier try of a run failed."""
    run.log.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        run.failure.unlink()
    return run


def train_grid(
    request: SweepRequest, folder: Path, display: Display, jobs: int, devices: Sequence[str], *, only: bool = True
) -> SweepResult:
    """Train what is missing of a grid.

    Args:
        request: what is trained; checked already.
        folder: the sweep's folder. What it has already is kept.
        display: where sentences go.
        jobs: number of runs at once.
        devices: the devices, which the runs take in turn.
        only: whether to leave out runs of earlier grids in the folder that the request does not ask for.

    Raises:
        UsageError: the folder has a sweep with other settings, or another process writes it.
        SweepInterrupted: a signal arrived; everything is saved.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with RunLock(folder):
        record, trials = plan(request, folder, only=only)
        runs = [run for trial in trials for run in trial.runs(folder)]
        missing = [run for run in runs if not is_complete(run.folder, request.split)]
        _check_runs(record.request, [run for run in runs if (run.folder / "config.json").exists()])
        record.write(folder)
        display.note(_plan_text(record, trials, folder, len(missing), jobs))
        tally = Tally(record.request, display, len(runs))
        with tally.shown(len(runs) - len(missing)):
            source = GridSource(record.request, missing, tally)
            train_all(source, record.request, jobs, devices, resume_advice(folder))
        return read_grid(record, folder)


def plan(request: SweepRequest, folder: Path, *, only: bool = True) -> tuple[Record, list[Trial]]:
    """The record that a folder will have, and the trials to train.

    Raises:
        UsageError: the folder has a sweep with other settings, or something else.
    """
    if not (folder / FILE).exists():
        if folder.exists() and any(
            not entry.name.startswith(".") and entry.name != "logs" for entry in folder.iterdir()
        ):
            raise UsageError(f"The output folder {folder} is not empty and has no sweep. Choose another --output.")
        record = Record(request, trials_of(request))
        return record, list(record.trials)
    found = Record.read(folder)
    if not only:
        return found, list(found.trials)
    record = found.continued(request, folder)
    return record, wanted(request, record.trials)


def read_grid(record: Record, folder: Path, metric: str | None = None) -> SweepResult:
    """The results of a grid so far.

    Args:
        record: what the folder's `sweep.json` holds.
        folder: the sweep's folder.
        metric: the score to compare by. Default: the one that was asked for.
    """
    request = record.request
    split, metric = request.split, metric or request.metric
    return SweepResult(
        folder=folder,
        task=request.task,
        preset=request.preset_name,
        metric=metric,
        higher_is_better=request.direction_of(metric),
        split=split,
        varied=tuple(item.name for item in request.varied),
        trials=tuple(
            TrialResult(
                trial.number, trial.values, tuple(read_result(run, split) for run in trial.runs(folder)), metric
            )
            for trial in record.trials
        ),
    )


def _check_runs(request: SweepRequest, runs: Sequence[PlannedRun]) -> None:
    """Raise `UsageError` if a run that is there has other settings: a preset or a default has changed since."""
    with progress("Checking the runs", len(runs), "runs") as advance:
        for run in runs:
            if not is_run_of(request.experiment(run.trial.values, run.seed), run.folder):
                raise UsageError(
                    f"{run.folder} is a run with other settings than the sweep gives it now. Choose another --output."
                )
            advance(1)


def _plan_text(record: Record, trials: Sequence[Trial], folder: Path, missing: int, jobs: int) -> str:
    """What is going to be trained, in a sentence or two."""
    runs = sum(len(trial.seeds) for trial in trials)
    text = (
        f"{counted(len(trials), 'combination')} x {counted(len(record.request.seeds), 'seed')}: {counted(runs, 'run')}"
    )
    if not missing:
        return f"{text}, all of them complete."
    if missing < runs:
        text += f", of which {runs - missing} are complete"
    others = len(record.trials) - len(trials)
    if others:
        text += f"; the folder keeps {counted(others, 'earlier combination')}"
    return f"{text}. {min(jobs, missing)} at once, in {folder}."
