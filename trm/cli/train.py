"""`trm train`."""

from __future__ import annotations

import itertools
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trm.cli import complete
from trm.cli.common import (
    device_option,
    for_people,
    json_option,
    registry_with_warnings,
    seed_option,
    task_options,
    threads_option,
    use_threads,
)
from trm.cli.output import echo, print_json
from trm.cli.torchrun import begun_run, note_job
from trm.errors import UsageError

if TYPE_CHECKING:
    from trm.data.puzzle_set import PuzzleSet
    from trm.devices import Backend
    from trm.devices.processes import Processes
    from trm.experiment.experiment import Experiment
    from trm.runs.run_folder import RunFolder
    from trm.training.monitor import Monitor


def _show_help(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    """The command's help; with a task, its presets and every setting as well."""
    if not value or ctx.resilient_parsing:
        return
    echo(ctx.get_help())
    task = ctx.params.get("task")
    if task:
        from trm.cli.settings_help import settings_help

        echo(settings_help(task))
    ctx.exit()


@click.command("train", add_help_option=False)
@click.argument("task", required=False, is_eager=True, shell_complete=complete.tasks)
@task_options
@click.option("--augmentation", help="Another of the task's augmentations; `none` for none.")
@click.option(
    "--data", type=click.Path(path_type=Path), help="A folder of arrays (see `trm data build`) in place of the dataset."
)
@click.option(
    "--init", help="Start from these weights: a run, a checkpoint, a weights file, or a task that ships some."
)
@device_option
@seed_option
@threads_option
@click.option("--output", type=click.Path(path_type=Path), help="The run folder; left out, a new one under runs/.")
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    help="Go on with the run in this folder exactly where it was saved; --set may move its end.",
)
@click.option(
    "--track",
    "trackers",
    multiple=True,
    type=click.Choice(["tensorboard", "wandb"]),
    help="Tell TensorBoard or Weights & Biases of the training too.",
)
@click.option("--quiet", is_flag=True, help="Nothing but the summary.")
@json_option
@click.option(
    "-h",
    "--help",
    is_flag=True,
    expose_value=False,
    callback=_show_help,
    help="Show this; with a TASK its settings too.",
)
def command(
    task: str | None,
    preset: str | None,
    sets: tuple[str, ...],
    dataset: str | None,
    augmentation: str | None,
    data: Path | None,
    init: str | None,
    device: str,
    seed: int,
    threads: int | None,
    output: Path | None,
    resume: Path | None,
    trackers: tuple[str, ...],
    quiet: bool,
    as_json: bool,
) -> None:
    """Train a model on TASK: `trm train sudoku` is all it takes.

    `trm train TASK --help` lists the task's presets and settings.
    """
    registry_with_warnings()
    use_threads(threads)
    from trm.cli.resume import given_settings
    from trm.cli.resume import resume as go_on
    from trm.devices.processes import joined

    with joined() as processes:
        if not processes.leader:
            logging.disable(logging.WARNING)
        backend = processes.backend(device)
        if resume is not None:
            go_on(resume, task, sets, given_settings(), processes, backend, trackers, quiet, as_json)
            return
        if task is None:
            raise UsageError("Which task? `trm list-tasks` shows them; then `trm train TASK`.")
        from trm.experiment.experiment import Experiment

        augmentation = "" if augmentation == "none" else augmentation
        experiment = Experiment.from_preset(
            task, preset, sets, dataset=dataset, augmentation=augmentation, data=data, seed=seed, init=init
        )
        folder, begun = _output(experiment, output, processes)
        if begun:
            go_on(folder, None, (), {}, processes, backend, trackers, quiet, as_json)
        else:
            train(experiment, processes, backend, folder, trackers, quiet, as_json)


def _output(experiment: Experiment, output: Path | None, processes: Processes) -> tuple[Path, bool]:
    """The run folder, and whether it is one that this torchrun began before it restarted its processes."""
    from trm.runs.run_folder import check_free

    def choose() -> str:
        stem = f"{experiment.spec.name.replace('/', '-')}-{experiment.preset}"
        numbered = (Path("runs") / f"{stem}-{number}" for number in itertools.count(1))
        taken = [output] if output else list(itertools.takewhile(Path.exists, numbered))
        begun = begun_run(taken, experiment)
        free = output or Path("runs") / f"{stem}-{len(taken) + 1}"
        if begun is None:
            check_free(free)
        return json.dumps([str(begun or free), begun is not None])

    folder, begun = json.loads(processes.tell(choose))
    return Path(folder), begun


def run_folder(processes: Processes) -> type[RunFolder]:
    """The run folder as this process knows it: the first one writes it."""
    from trm.runs.run_folder import ReadOnlyRun, RunFolder

    return RunFolder if processes.leader else ReadOnlyRun


def train(
    experiment: Experiment,
    processes: Processes,
    backend: Backend,
    output: Path,
    trackers: tuple[str, ...],
    quiet: bool,
    as_json: bool,
    resumed: tuple[RunFolder, Path | None] | None = None,
) -> None:
    """Build the data, train and show what came of it; `resumed` is the run to go on with, and its checkpoint if any."""
    from trm.cli.checkpoints import load_for_task
    from trm.cli.resume import interruptible
    from trm.cli.task_overrides import score_trained
    from trm.data.sampler import GroupSampler
    from trm.devices.seeding import set_seed
    from trm.model import TinyRecursiveModel
    from trm.render.console import Console
    from trm.runs.checkpoint import load_tensors
    from trm.training.monitor import Monitor
    from trm.training.tracking import tracked
    from trm.training.trainer import Trainer

    console = Console(stderr=as_json, quiet=not processes.leader)
    run, checkpoint = resumed or (None, None)
    start = load_for_task(experiment.init) if experiment.init and not checkpoint else None
    with console.status("Preparing the data ..."):
        puzzles, test = experiment.split("train"), _test_split(experiment)
    set_seed(experiment.seed)
    model = TinyRecursiveModel(experiment.model_config(puzzles))
    if start is not None:
        load_tensors(model, dict(start.model.state_dict()), start.path)
    run_config = experiment.run_config(model.config)
    monitor = Monitor()
    if processes.leader:
        monitor = tracked(_monitor(console, experiment, quiet or as_json), trackers, output, run_config)
    if run is None:
        run = run_folder(processes).create(output, run_config)
        note_job(run)
    assert experiment.training is not None
    keep_rest = experiment.training.refill == "next"
    stream = GroupSampler(puzzles, experiment.seed, experiment.build_augmentation(), keep_rest)
    trainer = Trainer(
        model, experiment.training, backend, run=run, monitor=monitor, seed=experiment.seed, processes=processes
    )
    with run.locked(), interruptible(run):
        if checkpoint:
            trainer.resume(checkpoint, stream)
        summary = trainer.fit(stream, experiment.test_batches(test), experiment.build_metrics())
        if not processes.leader:
            return
        if experiment.spec.evaluate is not None:
            summary["final_metrics"] |= score_trained(experiment, trainer, output)
        summary |= {"run": str(output), "train_puzzles": len(puzzles), "test_puzzles": len(test)}
        run.write_summary(summary)
    if as_json:
        print_json(summary)
    else:
        _print_summary(console, experiment, trainer, test, summary)


def _test_split(experiment: Experiment) -> PuzzleSet:
    """The test puzzles; where a folder of arrays has none, those of the task's dataset."""
    from dataclasses import replace

    if experiment.data is not None and experiment.data.is_dir() and not (experiment.data / "test").exists():
        echo(f"{experiment.data} has no test half: scoring on dataset {experiment.dataset!r}.", err=True)
        experiment = replace(experiment, data=None)
    return experiment.split("test")


def _monitor(console: Any, experiment: Experiment, quiet: bool) -> Monitor:
    from trm.training.monitor import Monitor, PrintMonitor

    if quiet:
        return Monitor()
    if not for_people():
        return PrintMonitor()
    from trm.experiment.live import LiveMonitor

    return LiveMonitor(console, experiment)


def _print_summary(
    console: Any, experiment: Experiment, trainer: Any, test: PuzzleSet, summary: dict[str, Any]
) -> None:
    """The scores, and one unseen puzzle with its answer."""
    from rich.text import Text

    from trm.cli.show import show_solved

    show_solved(console, experiment, trainer, test)
    metrics = summary["final_metrics"]
    learned = [name for name in metrics if name.startswith("train_")]
    scores = ", ".join(f"{name} {value:.2%}" for name, value in metrics.items() if name not in learned)
    trained_on = "".join(f"On what it was trained on: {name} {metrics[name]:.2%}\n" for name in learned)
    text = Text.assemble(
        f"On {summary['test_puzzles']:,} unseen puzzles: ",
        (scores, "bold"),
        f"\n{trained_on}"
        f"{summary['parameters']:,} parameters, {summary['steps']:,} steps, {summary['seconds'] / 60:.1f} minutes of training\n"
        f"The run is in {summary['run']}; score it again with: trm evaluate {summary['run']}",
    )
    console.print(text, soft_wrap=True)
