"""A search: Optuna chooses the values of each trial after the scores of those before, among any number of workers."""

from __future__ import annotations

import contextlib
import datetime
import json
import socket
import statistics
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from trm.errors import UsageError
from trm.experiment.session import Display
from trm.experiment.sweeping.finished import RunResult, is_complete, read_result
from trm.experiment.sweeping.grid import begin, resume_advice
from trm.experiment.sweeping.pool import train_all
from trm.experiment.sweeping.record import FILE, PlannedRun, Record, Trial
from trm.experiment.sweeping.request import SweepRequest
from trm.experiment.sweeping.results import SweepResult, TrialResult
from trm.experiment.sweeping.storage import open_study, quiet_optuna
from trm.experiment.sweeping.tally import Tally
from trm.experiment.sweeping.values import Parameter, Range
from trm.storage.atomic import write_json
from trm.storage.locks import RunLock
from trm.words import counted as counted_noun

RUNS, ERROR, OWNER, VALUES, RETRIED, SURPLUS = "runs", "error", "owner", "values", "retry_of", "surplus"
"""The names of what a trial keeps in the storage, beside what Optuna keeps itself."""

UNBEGUN = datetime.timedelta(minutes=1)
"""A trial whose worker has not stored its values after this time has lost its worker."""


class SearchSource:
    """The runs of a search, which it shares with other workers through the storage.

    A trial belongs to the process that holds the lock of its folder. Trials in this folder that nobody holds are those of
    a killed worker: they are continued first.

    Args:
        request: what is searched.
        study: Optuna's study.
        optuna: the module.
        folder: the sweep's folder.
        tally: counts what is done, and tells the user.
    """

    def __init__(self, request: SweepRequest, study: Any, optuna: Any, folder: Path, tally: Tally) -> None:
        self.request, self.study, self.optuna, self.folder, self.tally = request, study, optuna, folder, tally
        self.states = optuna.trial.TrialState
        self.waiting: deque[PlannedRun] = deque()
        self.open: dict[int, tuple[Trial, RunLock]] = {}
        self.owner = f"{socket.gethostname()}:{folder.absolute()}"
        study.sampler = sampler(optuna, request, 0)  # the default one would choose values before the trial's own is set
        self._drop_unbegun()
        self._try_failures_again()

    def next(self) -> PlannedRun | None:
        while not self.waiting:
            trial = self._orphan() or self._new()
            if trial is None:
                return None
            self.waiting.extend(
                run for run in trial.runs(self.folder) if not is_complete(run.folder, self.request.split)
            )
            if not self.waiting:
                self._tell(trial)  # its worker was killed before it could
        self.tally.started()
        return begin(self.waiting.popleft())

    def ended(self, run: PlannedRun, failure: str | None) -> None:
        if failure is not None:
            write_json(run.failure, {"error": failure})
        self.tally.ended(run, read_result(run, self.request.split))
        states = {one.state for one in self._results(run.trial)}
        if states <= {"complete", "failed"}:
            self._tell(run.trial)

    def release(self) -> None:
        """Give up the trials that are not finished, so that a later worker can continue them."""
        for _, lock in self.open.values():
            lock.__exit__(None, None, None)
        self.open.clear()

    def _orphan(self) -> Trial | None:
        """A trial in this folder that a killed worker left."""
        for frozen in self.study.get_trials(deepcopy=False, states=(self.states.RUNNING,)):
            attributes = frozen.user_attrs
            ours = (self.folder / f"trial-{frozen.number}").is_dir() or attributes.get(OWNER) == self.owner
            if ours and VALUES in attributes and frozen.number not in self.open:
                trial = Trial(frozen.number, json.loads(attributes[VALUES]), self.request.seeds)
                if self._claim(trial):
                    return trial
        return None

    def _drop_unbegun(self) -> None:
        """Drop the trials of workers that were killed before they had stored the values."""
        now = datetime.datetime.now()
        for frozen in self.study.get_trials(deepcopy=False, states=(self.states.RUNNING,)):
            if VALUES not in frozen.user_attrs and now - frozen.datetime_start > UNBEGUN:
                self._stored(frozen.number).set_user_attr(SURPLUS, True)
                self.study.tell(frozen.number, state=self.states.FAIL)

    def _new(self) -> Trial | None:
        """A new trial, or one that failed before; None if there are enough."""
        trials = self.study.get_trials(deepcopy=False)
        complete = sum(frozen.state == self.states.COMPLETE for frozen in trials)
        self.tally.at_least(complete * len(self.request.seeds))
        waiting = any(frozen.state == self.states.WAITING for frozen in trials)
        if len(counted(trials, self.states)) >= (self.request.search or 0) and not waiting:
            return None
        asked = self.study.ask()
        others = counted(self.study.get_trials(deepcopy=False), self.states)
        if sum(frozen.number < asked.number for frozen in others) >= (self.request.search or 0):
            asked.set_user_attr(SURPLUS, True)  # another worker was faster
            self.study.tell(asked, state=self.states.FAIL)
            return None
        self.study.sampler = sampler(self.optuna, self.request, asked.number)
        values = {item.name: suggested(asked, item) for item in self.request.parameters}
        trial = Trial(asked.number, values, self.request.seeds)
        asked.set_user_attr(OWNER, self.owner)
        asked.set_user_attr(VALUES, json.dumps(values))
        return trial if self._claim(trial) else self._new()

    def _claim(self, trial: Trial) -> bool:
        folder = self.folder / trial.name
        folder.mkdir(parents=True, exist_ok=True)
        lock = RunLock(folder)
        try:
            lock.__enter__()
        except UsageError:
            return False
        self.open[trial.number] = (trial, lock)
        return True

    def _tell(self, trial: Trial) -> None:
        """Report a trial whose runs have ended."""
        results = self._results(trial)
        stored = self._stored(trial.number)
        stored.set_user_attr(RUNS, json.dumps([result.as_json() for result in results]))
        errors = [result.error for result in results if result.state == "failed"]
        scores = [result.scores.get(self.request.metric) for result in results if result.state == "complete"]
        known = [score for score in scores if score is not None and np.isfinite(score)]
        if errors or len(known) < len(results):
            stored.set_user_attr(ERROR, errors[0] if errors else f"It has no score {self.request.metric}.")
            self.study.tell(trial.number, state=self.states.FAIL)
        else:
            self.study.tell(trial.number, statistics.fmean(known))
        self.open.pop(trial.number)[1].__exit__(None, None, None)

    def _stored(self, number: int) -> Any:
        """A trial of the study that can be written."""
        frozen = next(one for one in self.study.get_trials(deepcopy=False) if one.number == number)
        return self.optuna.trial.Trial(self.study, frozen._trial_id)

    def _results(self, trial: Trial) -> list[RunResult]:
        return [read_result(run, self.request.split) for run in trial.runs(self.folder)]

    def _try_failures_again(self) -> None:
        """Queue the values of trials that failed in an earlier call, each once."""
        trials = self.study.get_trials(deepcopy=False)
        queued = {frozen.user_attrs.get(RETRIED) for frozen in trials}
        for frozen in counted(trials, self.states):
            if frozen.state == self.states.FAIL and frozen.params and frozen.number not in queued:
                self.study.enqueue_trial(frozen.params, user_attrs={RETRIED: frozen.number})


def train_search(
    request: SweepRequest,
    folder: Path,
    display: Display,
    jobs: int,
    devices: Sequence[str],
    *,
    storage: str | None = None,
) -> SweepResult:
    """Search until the storage has as many trials as the request asks for.

    Args:
        request: what is searched; checked already.
        folder: the sweep's folder. Several workers may share it.
        display: where sentences go.
        jobs: number of runs at once.
        devices: the devices, which the runs take in turn.
        storage: see `open_study`.

    Raises:
        UsageError: the folder has a sweep with other settings, or the storage cannot be opened.
        SweepInterrupted: a signal arrived; everything is saved.
    """
    with quiet_optuna() as optuna:
        record = _recorded(request, folder, storage)
        study = open_study(request, folder, record.storage)
        states = optuna.trial.TrialState
        found = [frozen for frozen in study.get_trials(deepcopy=False) if frozen.state == states.COMPLETE]
        total, seeds = request.search or 0, len(request.seeds)
        text = f"A search of {counted_noun(total, 'trial')} x {counted_noun(seeds, 'seed')}"
        display.note(
            f"{text}{f', of which {len(found)} are complete' if found else ''}. {counted_noun(jobs, 'run')} at once, in {folder}."
        )
        tally = Tally(request, display, total * seeds)
        with (
            tally.shown(len(found) * seeds),
            contextlib.closing(_Releasing(request, study, optuna, folder, tally)) as one,
        ):
            train_all(one.source, request, jobs, devices, resume_advice(folder))
        return read_search(record, folder, study)


class _Releasing:
    """A source that gives up its trials when it is closed."""

    def __init__(self, *arguments: Any) -> None:
        self.source = SearchSource(*arguments)

    def close(self) -> None:
        self.source.release()


def read_search(record: Record, folder: Path, study: Any = None) -> SweepResult:
    """The results of a search so far, those of other workers included.

    Args:
        record: what the folder's `sweep.json` holds.
        folder: the sweep's folder.
        study: Optuna's study. Default: opened here.
    """
    request = record.request
    with quiet_optuna() as optuna:
        study = study if study is not None else open_study(request, folder, record.storage)
        trials = counted(study.get_trials(deepcopy=False), optuna.trial.TrialState)
        return SweepResult(
            folder=folder,
            task=request.task,
            preset=request.preset_name,
            metric=request.metric,
            higher_is_better=request.direction_of(request.metric),
            split=request.split,
            varied=tuple(item.name for item in request.varied),
            trials=tuple(_result(frozen, request, folder) for frozen in trials if VALUES in frozen.user_attrs),
        )


def counted(trials: Sequence[Any], states: Any) -> list[Any]:
    """The trials that count for the number that was asked for: not those that wait, were too many, or were tried again."""
    again = {frozen.user_attrs.get(RETRIED) for frozen in trials if frozen.state != states.WAITING}
    return [
        frozen
        for frozen in trials
        if frozen.state != states.WAITING and SURPLUS not in frozen.user_attrs and frozen.number not in again
    ]


def sampler(optuna: Any, request: SweepRequest, number: int) -> Any:
    """The sampler of one trial: seeded by its number, so that no two workers, and no two sessions, repeat each other."""
    seed = int(np.random.SeedSequence([request.seeds[0], number]).generate_state(1)[0])
    return optuna.samplers.TPESampler(seed=seed, multivariate=False, constant_liar=True)


def suggested(trial: Any, item: Parameter) -> Any:
    """The value of a setting in a trial."""
    if isinstance(item, Range):
        suggest = trial.suggest_int if item.whole else trial.suggest_float
        step = {"step": item.step} if item.step is not None else {}
        return suggest(item.name, item.low, item.high, log=item.log, **step)
    if len(item.values) == 1:
        return item.values[0]
    keys: Mapping[Any, Any] = {_plain(value): value for value in item.values}
    return keys[trial.suggest_categorical(item.name, list(keys))]


def _plain(value: Any) -> Any:
    """A choice as Optuna can store it: lists and mappings as JSON."""
    return value if value is None or isinstance(value, (bool, int, float, str)) else json.dumps(value)


def _recorded(request: SweepRequest, folder: Path, storage: str | None) -> Record:
    """Write `sweep.json`, or check that the one in the folder is of the same search."""
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".search.lock", timeout=60):
        if not (folder / FILE).exists():
            record = Record(request, storage=storage)
        else:
            found = Record.read(folder)
            if storage is not None and storage != found.storage:
                raise UsageError(
                    f"The search in {folder} has the storage {found.storage or 'in its folder'}, not {storage}. Omit "
                    "--storage, or choose another --output."
                )
            record = found.continued(request, folder)
        record.write(folder)
        return record


def _result(frozen: Any, request: SweepRequest, folder: Path) -> TrialResult:
    values = json.loads(frozen.user_attrs[VALUES])
    trial = Trial(frozen.number, values, request.seeds)
    if RUNS in frozen.user_attrs:
        runs = tuple(RunResult.from_json(one) for one in json.loads(frozen.user_attrs[RUNS]))
    elif (folder / trial.name).is_dir():
        held = RunLock(folder / trial.name).is_held()
        found = (read_result(run, request.split) for run in trial.runs(folder))
        runs = tuple(replace(run, state="running") if held and run.state == "waiting" else run for run in found)
    else:
        owner = Path(str(frozen.user_attrs.get(OWNER, "")))
        runs = tuple(RunResult(seed, owner / trial.name / f"seed_{seed}", "running") for seed in request.seeds)
    return TrialResult(frozen.number, values, runs, request.metric)
