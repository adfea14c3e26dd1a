"""`trm train`."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trm.cli import complete
from trm.cli.absent import NAME_OR_NONE
from trm.cli.common import (
    device_option,
    json_option,
    load_torch,
    metric_option,
    registry_with_warnings,
    seed_option,
    task_options,
    threads_option,
    use_threads,
)
from trm.cli.everyday import everyday_options, with_everyday
from trm.cli.output import echo, echo_notes
from trm.cli.seeds import seeds_option
from trm.cli.training_report import report, report_seeds
from trm.errors import UsageError
from trm.plugins.registry import get_registry
from trm.progress import reporting_to

if TYPE_CHECKING:
    from trm.devices.processes import Processes
    from trm.experiment.experiment import Experiment
    from trm.experiment.seeds import TrainedSeeds
    from trm.experiment.session import Session

SETTINGS = ("preset", "dataset", "augmentation", "data", "seed", "metrics")
"""Options that are fields of `RunConfig` as well."""


@click.command("train", add_help_option=False)
@click.argument("task", required=False, shell_complete=complete.tasks)
@task_options
@everyday_options
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Settings from a YAML or JSON file, as `trm presets TASK NAME --yaml` prints them, or a run's config.json.",
)
@click.option("--augmentation", type=NAME_OR_NONE, help="Another of the task's augmentations; `none` for none.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Folder of arrays (see `trm data build`) to read instead of the dataset.",
)
@click.option(
    "--init",
    type=NAME_OR_NONE,
    shell_complete=complete.checkpoints,
    help="Weights to start from: a run, a checkpoint, a weights file, a task that ships weights, hf://owner/name, or `none` for "
    "random ones (default: random, or the weights of the preset that the preset starts from, which is trained first).",
)
@metric_option
@device_option
@seed_option
@seeds_option("Train once for each seed, such as 0-4, and give mean, spread and interval of the scores.")
@threads_option
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The run folder (default: a new one in runs/).")
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    shell_complete=complete.runs,
    help="Resume the run in this folder exactly where it was saved; --set may move its end.",
)
@click.option(
    "--track",
    "trackers",
    multiple=True,
    type=click.Choice(["tensorboard", "wandb"]),
    help="Report to TensorBoard or Weights & Biases as well; may be repeated.",
)
@click.option("--quiet", is_flag=True, help="Print only the summary.")
@json_option
@click.option(
    "-h", "--help", "show_help", is_flag=True, help="Show this message; with a TASK, its presets and settings."
)
@click.option("--help-all", is_flag=True, help="Show this message and, with a TASK, all settings.")
def command(
    task: str | None,
    device: str,
    threads: int | None,
    output: Path | None,
    resume: Path | None,
    seeds: tuple[int, ...],
    trackers: tuple[str, ...],
    quiet: bool,
    as_json: bool,
    show_help: bool,
    help_all: bool,
    **choices: Any,
) -> None:
    """Train a model on TASK, for example `trm train sudoku`.

    `trm train TASK --help` lists the task's presets and settings.
    """
    registry_with_warnings()
    if show_help or help_all:
        _show_help(task, choices, help_all)
        return
    use_threads(threads)
    load_torch()
    from trm.cli.display import CommandDisplay
    from trm.devices.processes import joined
    from trm.experiment import resumption
    from trm.experiment.fit import fit
    from trm.experiment.preparing import cost_notes
    from trm.experiment.session import Session
    from trm.render.console import Console

    with joined() as processes, reporting_to(None) if quiet else contextlib.nullcontext():
        if not processes.is_rank_zero:
            logging.disable(logging.WARNING)
        console = Console(stderr=as_json, quiet=not processes.is_rank_zero)
        display = CommandDisplay(console, quiet, advise=threads is None)
        session = Session(processes.backend(device), processes, display)
        if resume is not None:
            sets = _resumed_sets(task, resume, choices)
            run = resumption.resume(resume, session, task=task, sets=sets, given=_given_settings(), trackers=trackers)
        else:
            experiment = experiment_of(task, choices)
            if not quiet:
                echo_notes(cost_notes(experiment))
            if seeds:
                report_seeds(_train_seeds(experiment, seeds, output, session, trackers=trackers), as_json)
                return
            folder, begun = _output(experiment, output, processes)
            if begun:
                run = resumption.resume(folder, session, trackers=trackers)
            else:
                run = fit(experiment, session, folder, trackers=trackers)
        if run is not None:
            report(run, console, as_json)


def _show_help(task: str | None, options: Mapping[str, Any], everything: bool) -> None:
    """Show the command's help and, with a task, its presets and settings."""
    text = click.get_current_context().get_help()
    if task is not None or options["config"] is not None:
        from trm.cli.chosen import choose
        from trm.cli.settings_help import settings_help

        chosen = choose(task, options)
        text += f"\n\n{settings_help(chosen.spec, chosen.changed_preset, everything)}"
    echo(text)


def experiment_of(task: str | None, choices: Mapping[str, Any]) -> Experiment:
    """The experiment that the options describe."""
    from trm.cli.chosen import choose
    from trm.experiment.experiment import Experiment

    chosen = choose(task, choices)
    options = chosen.options
    experiment = Experiment.from_preset(
        chosen.spec.name,
        chosen.preset,
        chosen.sets,
        dataset=options["dataset"],
        augmentation=options["augmentation"],
        data=options["data"],
        seed=options["seed"],
    )
    experiment.task.metrics(options["metrics"])  # an unknown name is reported before any work is done
    return replace(experiment.starting_from(options["init"]), metrics=options["metrics"])


def _resumed_sets(task: str | None, folder: Path, choices: Mapping[str, Any]) -> tuple[str, ...]:
    """`--set` items for the run in a folder, those that everyday options stand for included."""
    from trm.runs.checkpoint_folder import read_run_config
    from trm.runs.locate import task_spec

    run = read_run_config(folder)
    if task is None and run.task is None:
        return tuple(choices["sets"])
    return with_everyday(choices["sets"], choices, get_registry().task(task) if task else task_spec(run))


def _output(experiment: Experiment, output: Path | None, processes: Processes) -> tuple[Path, bool]:
    """The run folder, and whether this torchrun job began it before it restarted its processes."""
    from itertools import takewhile

    from trm.experiment.restarts import begun_run
    from trm.runs.run_folder import check_free, free_folder, numbered_folders

    def choose() -> str:
        taken = [output] if output else list(takewhile(Path.exists, numbered_folders(experiment.run_name)))
        begun = begun_run(taken, experiment)
        free = output or free_folder(experiment.run_name)
        if begun is None:
            check_free(free)
        return json.dumps([str(begun or free), begun is not None])

    folder, begun = json.loads(processes.broadcast(choose))
    return Path(folder), begun


def _given_settings() -> Mapping[str, Any]:
    """The options on the command line that are settings of a run, as its `config.json` has them."""
    from trm.cli.chosen import is_given

    context = click.get_current_context()
    named = {name: value for name, value in context.params.items() if is_given(name)}
    for name, hint in (
        ("output", "a resumed run writes to its own folder"),
        ("init", "a resumed run continues from its own weights"),
        ("config", "a resumed run keeps its own settings"),
        ("seeds", "a run has one seed; give the --output of the earlier command again to continue it"),
    ):
        if name in named:
            raise UsageError(f"Omit --{name} with --resume: {hint}.")
    if "data" in named:
        named["data"] = str(named["data"].absolute())
    if named.get("augmentation") == "none":
        named["augmentation"] = None
    if "metrics" in named:
        named["metrics"] = list(named["metrics"])
    return {name: value for name, value in named.items() if name in SETTINGS}


def _train_seeds(
    experiment: Experiment, seeds: tuple[int, ...], output: Path | None, session: Session, **options: Any
) -> TrainedSeeds:
    """Train with each of several seeds, in folders of one folder."""
    from trm.cli.chosen import is_given
    from trm.experiment.seeds import fit_seeds
    from trm.runs.run_folder import free_folder

    if session.processes.size > 1:
        raise UsageError("--seeds trains one seed after another in one process. Start torchrun once for each --seed.")
    if is_given("seed"):
        raise UsageError("Give either --seed or --seeds.")
    return fit_seeds(experiment, session, output or free_folder(f"{experiment.run_name}-seeds"), seeds, **options)
