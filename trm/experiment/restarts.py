"""Runs that torchrun began before it restarted its processes: the restarted ones resume them."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from trm.config import TRMConfig
from trm.config.run import PROVENANCE
from trm.experiment.experiment import Experiment
from trm.runs.checkpoint_folder import read_run_config

JOB_FILE = "torchrun"
"""A file in the run folder that names the job which began the run."""


def job() -> str | None:
    """What identifies this torchrun job across its restarts: its `--rdzv-id`, or its process. None without torchrun."""
    run_id = os.environ.get("TORCHELASTIC_RUN_ID")
    if run_id is None:
        return None
    return f"process {os.getppid()} on {platform.node()}" if run_id == "none" else f"id {run_id}"


def note_job(run: Path) -> None:
    """Write into a new run folder which torchrun job began it, so that its restarted processes resume it."""
    name = job()
    if name is not None:
        (run / JOB_FILE).write_text(f"{name}\n", encoding="utf-8")


def begun_run(candidates: Iterable[Path], experiment: Experiment) -> Path | None:
    """The run folder that this torchrun job began for the same training; None if there is none."""
    name = job()
    return next((run for run in candidates if name and _job_of(run) == name and is_run_of(experiment, run)), None)


def _job_of(run: Path) -> str | None:
    try:
        return (run / JOB_FILE).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return None


def is_run_of(experiment: Experiment, run: Path) -> bool:
    """Whether a run has all the settings of an experiment."""
    found = read_run_config(run)
    settings = found.model.model_dump() | dict(experiment.model_settings)
    try:
        wanted = experiment.run_config(TRMConfig.model_validate(settings))
    except ValidationError:  # what the data of that run decides does not fit these settings
        return False
    ignored = set(PROVENANCE)
    return wanted.model_dump(exclude=ignored) == found.model_dump(exclude=ignored)
