"""`sweep.json`: what a sweep was asked for and which trials it has, so that a later command can continue it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from trm.errors import CheckpointError, UsageError, cannot_write, quoted, reason
from trm.experiment.sweeping.request import SweepRequest, identity
from trm.experiment.sweeping.values import Choices, Parameter
from trm.runs.differences import setting_text
from trm.storage.atomic import write_json
from trm.storage.untrusted_input import read_json

FILE = "sweep.json"
VERSION = 1


@dataclass(frozen=True)
class Trial:
    """A combination of values.

    Attributes:
        number: its number in the sweep, from 0.
        values: all settings that the sweep gives, by name.
        seeds: the seeds that it is trained with.
    """

    number: int
    values: Mapping[str, Any]
    seeds: tuple[int, ...]

    @property
    def name(self) -> str:
        """The name of its folder, in which each seed has a run folder."""
        return f"trial-{self.number}"

    def runs(self, sweep: Path) -> tuple[PlannedRun, ...]:
        """Its runs in the folder of a sweep."""
        return tuple(PlannedRun(sweep, self, seed) for seed in self.seeds)


@dataclass(frozen=True)
class PlannedRun:
    """A run of a sweep, whether it exists already or not.

    Attributes:
        sweep: the sweep's folder.
        trial: its combination of values.
        seed: its seed.
    """

    sweep: Path
    trial: Trial
    seed: int

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.sweep / self.trial.name / f"seed_{self.seed}"

    @property
    def log(self) -> Path:
        """The file with its output. Not in the run folder, which a training creates itself."""
        return self.sweep / "logs" / f"{self.trial.name}-seed_{self.seed}.log"

    @property
    def failure(self) -> Path:
        """The file that says why it failed."""
        return self.log.with_suffix(".failure.json")


@dataclass(frozen=True)
class Record:
    """The content of `sweep.json`.

    Attributes:
        request: what was asked for last. The settings of earlier requests that have other values are in it, too.
        trials: the trials of a grid, of all requests; empty for a search, whose storage has them.
        storage: the storage of a search; None for a grid, and for the default one in the folder.
    """

    request: SweepRequest
    trials: tuple[Trial, ...] = ()
    storage: str | None = None

    @classmethod
    def read(cls, folder: Path) -> Record:
        """Read a sweep's folder.

        Raises:
            UsageError: the folder has no sweep.
            CheckpointError: its `sweep.json` is damaged.
        """
        path = folder / FILE
        if not path.exists():
            raise UsageError(f"{folder} is not the folder of a sweep: it has no {FILE}.")
        try:
            saved = read_json(path)
            if saved["version"] != VERSION:
                raise UsageError(f"{path} has version {quoted(saved['version'])}; this version of trm reads {VERSION}.")
            trials = tuple(Trial(one["number"], dict(one["values"]), tuple(one["seeds"])) for one in saved["trials"])
            return cls(SweepRequest.from_json(saved["request"]), trials, saved["storage"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CheckpointError(f"Cannot read {path}: it is not the record of a sweep ({reason(error)}).") from error

    def write(self, folder: Path) -> None:
        """Write `sweep.json` in one step, and create the folder.

        Raises:
            TRMError: it cannot be written.
        """
        saved = {
            "version": VERSION,
            "request": self.request.as_json(),
            "storage": self.storage,
            "trials": [asdict(trial) for trial in self.trials],
        }
        try:
            (folder / "logs").mkdir(parents=True, exist_ok=True)
            write_json(folder / FILE, saved)
        except OSError as error:
            raise cannot_write(folder / FILE, error) from error

    def continued(self, new: SweepRequest, folder: Path) -> Record:
        """This sweep with what a new request adds to it.

        Raises:
            UsageError: the request differs in something that makes its trials incomparable.
        """
        _check_same(self.request, new, folder)
        if new.search is not None:
            return replace(self, request=new)
        return Record(replace(new, parameters=_united(self.request, new)), trials_of(new, self.trials), self.storage)


def trials_of(request: SweepRequest, earlier: tuple[Trial, ...] = ()) -> tuple[Trial, ...]:
    """The trials of a grid after those of earlier grids, which are kept. Equal settings are one trial."""
    known = {_key(request, trial.values): trial for trial in earlier}
    for values in request.combinations():
        key = _key(request, values)
        trial = known.get(key) or Trial(len(known), values, ())
        known[key] = replace(trial, seeds=tuple(dict.fromkeys((*trial.seeds, *request.seeds))))
    return tuple(sorted(known.values(), key=lambda trial: trial.number))


def wanted(request: SweepRequest, trials: tuple[Trial, ...]) -> list[Trial]:
    """The trials that a request asks for, with the seeds that it asks for."""
    keys = {_key(request, values) for values in request.combinations()}
    return [replace(trial, seeds=request.seeds) for trial in trials if _key(request, trial.values) in keys]


def _key(request: SweepRequest, values: Mapping[str, Any]) -> str:
    return identity(request.experiment(values, 0))


def _check_same(old: SweepRequest, new: SweepRequest, folder: Path) -> None:
    before, after = old.as_json(), new.as_json()
    if (old.search is None) != (new.search is None):
        kind = "grid" if old.search is None else "search"
        raise UsageError(f"{folder} is a {kind}. Choose another --output for this sweep.")
    free = {"parameters", "search", "metric", *(("seeds",) if old.search is None else ())}
    differences = [
        f"{name} is {_shown(after[name])}, there {_shown(before[name])}"
        for name in before
        if name not in free and json.dumps(before[name]) != json.dumps(after[name])
    ]
    if new.search is not None:
        differences += ["metric"] if old.metric != new.metric else []
        differences += ["the settings to search"] if before["parameters"] != after["parameters"] else []
    else:
        differences += _fixed_differences(old, new)
    if differences:
        raise UsageError(f"{folder} is a sweep with other settings: {'; '.join(differences)}. Choose another --output.")


def _fixed_differences(old: SweepRequest, new: SweepRequest) -> list[str]:
    """The settings of which both grids have at most one value, and not the same."""
    varied = {item.name for item in (*old.varied, *new.varied)}
    names = [name for name in dict.fromkeys((*old.fixed, *new.fixed)) if name not in varied]
    found = []
    for name in names:
        texts = [setting_text(grid.fixed[name]) if name in grid.fixed else "the default" for grid in (new, old)]
        if texts[0] != texts[1]:
            found.append(f"{name} is {texts[0]}, there {texts[1]}")
    return found


def _united(old: SweepRequest, new: SweepRequest) -> tuple[Parameter, ...]:
    """The settings of two grids, each with the values of both."""
    values: dict[str, dict[str, Any]] = {}
    for item in (*old.parameters, *new.parameters):
        assert isinstance(item, Choices)
        values.setdefault(item.name, {}).update((json.dumps(value), value) for value in item.values)
    return tuple(Choices(name, tuple(known.values())) for name, known in values.items())


def _shown(value: Any) -> str:
    return quoted(value["name"] if isinstance(value, Mapping) and "name" in value else value)
