"""`trm train --resume`."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trm.cli.output import echo
from trm.errors import UsageError

if TYPE_CHECKING:
    from trm.devices import Backend
    from trm.training.run_folder import RunFolder

SETTINGS = ("preset", "dataset", "augmentation", "data", "seed")
"""Options of `trm train` that are fields of `RunConfig` as well."""


def resume(
    folder: Path,
    task: str | None,
    sets: tuple[str, ...],
    backend: Backend,
    trackers: tuple[str, ...],
    quiet: bool,
    as_json: bool,
) -> None:
    """Go on with the run in a folder from its latest checkpoint, or if that is damaged from the newest whole one."""
    from trm.cli.train import train
    from trm.experiment import Experiment
    from trm.resume import changed_run, version_notes
    from trm.training.checkpoint import newest_good, read_run_config
    from trm.training.run_folder import RunFolder, step_number

    saved = read_run_config(folder)
    if task is not None and task != saved.task:
        raise UsageError(f"The run in {folder} is of task {saved.task!r}, not {task!r}.")
    if saved.training is None:
        raise UsageError(f"{folder} has imported weights and no training to go on with; train from them with --init.")
    run = RunFolder(folder)
    with run.locked(), interruptible(run):
        checkpoint, problems = newest_good(folder) if run.checkpoints() else (None, [])
        changed, notes = changed_run(saved, sets, _given(), step_number(checkpoint) if checkpoint else 0)
        for problem in problems:
            echo(f"Warning: {problem}", err=True)
        if problems:
            echo(f"Going on from {checkpoint}, the newest that is whole.", err=True)
        if checkpoint is None:
            echo("Nothing of this run was saved yet: starting at its first step.", err=True)
        experiment = Experiment.from_run(changed)
        for note in [*notes, *version_notes(saved, experiment.versions())]:
            echo(note, err=True)
        if changed != saved:
            run.write_config(changed)
        train(experiment, backend, folder, trackers, quiet, as_json, (run, checkpoint))


@contextlib.contextmanager
def interruptible(run: RunFolder) -> Iterator[None]:
    """An interruption before or after the training itself says how to go on, too."""
    from trm.training.signals import Interrupted

    try:
        yield
    except Interrupted:
        raise
    except KeyboardInterrupt as error:
        raise Interrupted(getattr(error, "signal_number", signal.SIGINT), run.marked("latest")) from error


def _given() -> Mapping[str, Any]:
    """The options on the line that are settings of a run, as its `config.json` has them."""
    context = click.get_current_context()
    named = {name: value for name, value in context.params.items() if _is_named(context, name)}
    for name, hint in (
        ("output", "it writes to the run's own folder"),
        ("init", "it goes on with the run's own weights"),
    ):
        if name in named:
            raise UsageError(f"Leave out --{name} with --resume: {hint}.")
    if "data" in named:
        named["data"] = str(named["data"].absolute())
    if named.get("augmentation") == "none":
        named["augmentation"] = None
    return {name: value for name, value in named.items() if name in SETTINGS}


def _is_named(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) != click.core.ParameterSource.DEFAULT
