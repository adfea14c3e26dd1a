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
    from trm.devices.processes import Processes
    from trm.runs.run_folder import RunFolder

SETTINGS = ("preset", "dataset", "augmentation", "data", "seed")
"""Options of `trm train` that are fields of `RunConfig` as well."""


def resume(
    folder: Path,
    task: str | None,
    sets: tuple[str, ...],
    given: Mapping[str, Any],
    processes: Processes,
    backend: Backend,
    trackers: tuple[str, ...],
    quiet: bool,
    as_json: bool,
) -> None:
    """Go on with the run in a folder from its latest checkpoint, or if that is damaged from the newest whole one.

    Args:
        folder: the run.
        task: its task, if that was named.
        sets: changes of its settings; they must be safe.
        given: options that are settings as well, by their names in `RunConfig`.
        processes: those that train together.
        backend: this process's device.
        trackers: names in `TRACKERS`.
        quiet: show nothing but the summary.
        as_json: print the summary as JSON.
    """
    from trm.cli.train import run_folder, train
    from trm.experiment.experiment import Experiment
    from trm.experiment.resumption import changed_run, version_notes
    from trm.runs.checkpoint import read_run_config
    from trm.runs.run_folder import step_number

    saved = read_run_config(folder)
    if task is not None and task != saved.task:
        raise UsageError(f"The run in {folder} is of task {saved.task!r}, not {task!r}.")
    if saved.training is None:
        raise UsageError(f"{folder} has imported weights and no training to go on with; train from them with --init.")
    run = run_folder(processes)(folder)
    with run.locked(), interruptible(run):
        chosen = processes.tell(lambda: str(_checkpoint(run) or ""))
        checkpoint = Path(chosen) if chosen else None
        changed, notes = changed_run(saved, sets, given, step_number(checkpoint) if checkpoint else 0)
        experiment = Experiment.from_run(changed)
        for note in [*notes, *version_notes(saved, experiment.versions())]:
            echo(note, err=True)
        if changed != saved:
            run.write_config(changed)
        train(experiment, processes, backend, folder, trackers, quiet, as_json, (run, checkpoint))


@contextlib.contextmanager
def interruptible(run: RunFolder) -> Iterator[None]:
    """An interruption before or after the training itself says how to go on, too."""
    from trm.training.interruption import Interrupted

    try:
        yield
    except Interrupted:
        raise
    except KeyboardInterrupt as error:
        raise Interrupted(getattr(error, "signal_number", signal.SIGINT), run.marked("latest")) from error


def _checkpoint(run: RunFolder) -> Path | None:
    """The checkpoint to go on from, and a word where it isn't simply the latest."""
    from trm.runs.checkpoint import newest_good

    if not run.checkpoints():
        echo("Nothing of this run was saved yet: starting at its first step.", err=True)
        return None
    checkpoint, problems = newest_good(run.path)
    for problem in problems:
        echo(f"Warning: {problem}", err=True)
    if problems:
        echo(f"Going on from {checkpoint}, the newest that is whole.", err=True)
    return checkpoint


def given_settings() -> Mapping[str, Any]:
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
