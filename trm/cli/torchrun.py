"""What torchrun says of this process, for the commands; the standard library only."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from trm.errors import ReportedElsewhere, UsageError

if TYPE_CHECKING:
    from trm.experiment.experiment import Experiment
    from trm.runs.run_folder import RunFolder

JOB_FILE = "torchrun"
"""A file in the run folder that names the job which made it."""


def process_count() -> int:
    """How many processes torchrun started; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_rank_zero() -> bool:
    """Whether this process says what all of them find."""
    return process_count() == 1 or os.environ.get("RANK") == "0"


def whose() -> str:
    """Names this process in a message, unless it is the one that speaks anyway."""
    return "" if is_rank_zero() else f" on rank {os.environ.get('RANK')} of {process_count()}"


def refuse_several(command: str) -> None:
    """A `UsageError` for a command that works in one process only."""
    if not is_rank_zero():
        raise ReportedElsewhere
    if process_count() > 1:
        raise UsageError(f"`trm {command}` works in one process: leave out torchrun. `trm train` takes several.")


def job() -> str | None:
    """What tells this torchrun, over all its restarts, from any other: its `--rdzv-id`, or its own process."""
    run_id = os.environ.get("TORCHELASTIC_RUN_ID")
    if run_id is None:
        return None
    return f"process {os.getppid()} on {platform.node()}" if run_id == "none" else f"id {run_id}"


def note_job(run: RunFolder) -> None:
    """Keep in a new run folder which torchrun made it, so that its restarted processes go on with it."""
    name = job()
    if name is not None and is_rank_zero():
        (run.path / JOB_FILE).write_text(f"{name}\n", encoding="utf-8")


def begun_run(candidates: Iterable[Path], experiment: Experiment) -> Path | None:
    """The run folder that this torchrun made for the same training before it restarted its processes."""
    name = job()
    return next((run for run in candidates if name and _job_of(run) == name and _is_run_of(experiment, run)), None)


def _job_of(run: Path) -> str | None:
    try:
        return (run / JOB_FILE).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return None


def _is_run_of(experiment: Experiment, run: Path) -> bool:
    """Whether a run has all the settings of an experiment."""
    from trm.config import TRMConfig
    from trm.runs.checkpoint import read_run_config

    found = read_run_config(run)
    settings = found.model.model_dump() | experiment.model_settings
    wanted = experiment.run_config(TRMConfig.model_validate(settings))
    unlike = {"versions", "git_revision"}
    return wanted.model_dump(exclude=unlike) == found.model_dump(exclude=unlike)
