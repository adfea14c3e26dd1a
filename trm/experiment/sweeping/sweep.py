"""`trm.sweep`, and what `trm sweep` calls: train a sweep, continue one, or read what one has found."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypedDict

from typing_extensions import Unpack

from trm.config.overrides import find_preset
from trm.devices import get_backend
from trm.errors import UsageError
from trm.experiment.api import Lines
from trm.experiment.session import Display
from trm.experiment.sweeping.grid import plan, read_grid, train_grid
from trm.experiment.sweeping.record import Record, Trial
from trm.experiment.sweeping.request import METRIC, SweepRequest
from trm.experiment.sweeping.results import SweepResult
from trm.experiment.sweeping.search import read_search, train_search
from trm.experiment.sweeping.values import items_of, parameters_of
from trm.plugins.code import config_class_of
from trm.plugins.registry import get_registry
from trm.runs.run_folder import free_folder
from trm.specs import PresetSpec


class SweepFields(TypedDict, total=False):
    """Further keyword arguments of `sweep`."""

    dataset: str | None
    augmentation: str | None
    data: Path | None
    init: str | None
    metric: str
    threads: int
    jobs: int | None
    device: str
    storage: str | None
    display: Display


def sweep(
    task: str,
    preset: str | None = None,
    *,
    settings: Mapping[str, Any],
    seeds: Sequence[int] = (0,),
    search: int | None = None,
    output: str | Path | None = None,
    **others: Unpack[SweepFields],
) -> SweepResult:
    """Train a task with many settings, as `trm sweep` does. Each trial is a run folder.

    Args:
        task: name of an installed task.
        preset: name of one of its presets. Default: the first.
        settings: values by setting, as in ``{"model.hidden_dim": [32, 64]}``. A list is several values, a text is read as
            `trm sweep --set` reads it (``"1e-4..1e-2:log"``), anything else is one value.
        seeds: every combination is trained with each of them.
        search: number of trials of a search with Optuna. Default: every combination is trained.
        output: the sweep's folder. A sweep that is there already is continued. Default: a new folder in `runs/`.
        **others: `dataset`, `augmentation` ("" for none), `data` (a folder of arrays), `init` (weights to start from),
            `metric` (default: "exact_accuracy"), `threads` of each run (default: 1), `jobs` (runs at once; default: as many
            as the cores allow), `device` (default: "auto"; several as "cuda:0,cuda:1"), `storage` of a search (default: a
            file in the folder), and `display` (default: a line for each run).

    Returns:
        The results. Its `best` has the best values; failed runs are in `failed`.

    Raises:
        UsageError: an unknown name, an invalid value, or a folder with another sweep.
        TRMError: no process can be started.
    """
    spec = get_registry().task(task)
    request = SweepRequest(
        task=spec.name,
        preset=find_preset(spec, preset).name if preset or spec.presets else None,
        parameters=parameters_of(items_of(settings), config_class_of(spec)),
        seeds=tuple(dict.fromkeys(seeds)),
        dataset=others.get("dataset"),
        augmentation=others.get("augmentation"),
        data=others.get("data"),
        init=others.get("init"),
        metric=others.get("metric", METRIC),
        search=search,
        threads=others.get("threads", 1),
    )
    return run_sweep(
        request,
        Path(output) if output is not None else new_folder(request),
        others.get("display", Lines()),
        jobs=others.get("jobs"),
        device=others.get("device", "auto"),
        storage=others.get("storage"),
    )


def run_sweep(
    request: SweepRequest,
    folder: Path,
    display: Display,
    *,
    jobs: int | None = None,
    device: str = "auto",
    storage: str | None = None,
) -> SweepResult:
    """Check a request and train what is missing of it.

    Args:
        request: what is trained.
        folder: the sweep's folder; one that exists is continued.
        display: where sentences go.
        jobs: number of runs at once. Default: as many as the cores allow; on another device than a CPU, one for each
            device.
        device: a device, or several with commas between them.
        storage: the storage of a search, see `trm.experiment.sweeping.storage.open_study`.

    Raises:
        UsageError: see `SweepRequest.check`, or the folder has another sweep.
        SweepInterrupted: a signal arrived; everything is saved.
    """
    if not request.seeds:
        raise UsageError("A sweep needs at least one seed.")
    if storage is not None and request.search is None:
        raise UsageError("--storage is where a search keeps its trials: add --search N, or omit --storage.")
    devices = _devices(device)
    request.check()
    jobs = jobs or default_jobs(request.threads, devices)
    if request.search is None:
        return train_grid(request, folder, display, jobs, devices)
    return train_search(request, folder, display, jobs, devices, storage=storage)


def resume_sweep(
    folder: Path, display: Display, *, jobs: int | None = None, device: str = "auto", search: int | None = None
) -> SweepResult:
    """Train what is missing of the sweep in a folder.

    Args:
        folder: the sweep's folder.
        display: where sentences go.
        jobs: see `run_sweep`.
        device: see `run_sweep`.
        search: another number of trials for a search.
    """
    record, devices = Record.read(folder), _devices(device)
    request = record.request
    jobs = jobs or default_jobs(request.threads, devices)
    if request.search is None:
        if search is not None:
            raise UsageError(f"{folder} is a grid: omit --search.")
        return train_grid(request, folder, display, jobs, devices, only=False)
    request = request if search is None else replace(request, search=search)
    return train_search(request, folder, display, jobs, devices)


def read_sweep(folder: Path, metric: str | None = None) -> SweepResult:
    """The results of the sweep in a folder, which may be running.

    Args:
        folder: the sweep's folder.
        metric: the score to compare by. Default: the one that was asked for. A search is compared by its own.
    """
    record = Record.read(folder)
    if record.request.search is None:
        return read_grid(record, folder, metric)
    if metric not in (None, record.request.metric):
        raise UsageError(f"The search in {folder} compares by {record.request.metric}: omit --metric.")
    return read_search(record, folder)


def planned(request: SweepRequest, folder: Path | None) -> list[Trial]:
    """The trials that a grid would have, checked, without training any.

    Args:
        request: what would be trained.
        folder: the sweep's folder. Default: a new one.
    """
    request.check()
    if request.search is not None:
        return []
    return plan(request, folder if folder is not None else new_folder(request))[1]


def new_folder(request: SweepRequest) -> Path:
    """The first of `runs/TASK-PRESET-sweep-1`, ... that does not exist."""
    return free_folder(f"{request.task.replace('/', '-')}-{request.preset_name}-sweep")


def default_jobs(threads: int, devices: Sequence[str]) -> int:
    """Number of runs at once: the cores of this process shared among runs, or one run for each other device."""
    if any(get_backend(device).device.type != "cpu" for device in devices):
        return len(devices)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // threads)


def preset_for(preset: PresetSpec, from_file: bool) -> str | PresetSpec:
    """How a request names a preset: by its name, or with all its settings if they come from a file."""
    return preset if from_file else preset.name


def _devices(text: str) -> list[str]:
    """The devices between commas, each of which must be available."""
    names = [name.strip() for name in text.split(",")]
    for name in names:
        get_backend(name)
    return names
