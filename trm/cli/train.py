"""`trm train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trm.cli.common import (
    device_option,
    for_people,
    json_option,
    print_json,
    registry_with_warnings,
    seed_option,
    task_options,
    threads_option,
    use_threads,
)
from trm.errors import UsageError

if TYPE_CHECKING:
    from trm.data.puzzle_set import PuzzleSet
    from trm.devices import Backend
    from trm.experiment import Experiment
    from trm.training.monitor import Monitor


def _show_help(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    """The command's help; with a task, its presets and every setting as well."""
    if not value or ctx.resilient_parsing:
        return
    click.echo(ctx.get_help())
    task = ctx.params.get("task")
    if task:
        from trm.cli.settings_help import settings_help

        click.echo(settings_help(task))
    ctx.exit()


@click.command("train", add_help_option=False)
@click.argument("task", required=False, is_eager=True)
@task_options
@click.option("--augmentation", help="Another of the task's augmentations; `none` for none.")
@click.option(
    "--data", type=click.Path(path_type=Path), help="A folder of arrays (see `trm data build`) in place of the dataset."
)
@device_option
@seed_option
@threads_option
@click.option("--output", type=click.Path(path_type=Path), help="The run folder; left out, a new one under runs/.")
@click.option(
    "--resume", type=click.Path(path_type=Path), help="Continue the run in this folder exactly where it was saved."
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
    device: str,
    seed: int,
    threads: int | None,
    output: Path | None,
    resume: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Train a model on TASK: `trm train sudoku` is all it takes.

    `trm train TASK --help` lists the task's presets and settings.
    """
    registry_with_warnings()
    use_threads(threads)
    from trm.devices import get_backend

    backend = get_backend(device)
    if resume is not None:
        _resume(resume, backend, task, preset, sets, quiet, as_json)
        return
    if task is None:
        raise UsageError("Which task? `trm list-tasks` shows them; then `trm train TASK`.")
    from trm.experiment import Experiment

    augmentation = "" if augmentation == "none" else augmentation
    experiment = Experiment.from_preset(
        task, preset, sets, dataset=dataset, augmentation=augmentation, data=data, seed=seed
    )
    from trm.training.run_folder import check_free

    output = output or _new_run_path(experiment)
    check_free(output)
    _train(experiment, backend, output, None, quiet, as_json)


def _resume(
    folder: Path,
    backend: Backend,
    task: str | None,
    preset: str | None,
    sets: tuple[str, ...],
    quiet: bool,
    as_json: bool,
) -> None:
    from trm.experiment import Experiment
    from trm.training.checkpoint import checkpoint_folder, read_run_config

    if preset or sets:
        raise UsageError("--resume continues a run with its own settings: leave out --preset and --set.")
    run = read_run_config(folder)
    if task is not None and task != run.task:
        raise UsageError(f"The run in {folder} is of task {run.task!r}, not {task!r}.")
    _train(Experiment.from_run(run), backend, folder, checkpoint_folder(folder), quiet, as_json)


def _new_run_path(experiment: Experiment) -> Path:
    stem = f"{experiment.spec.name.replace('/', '-')}-{experiment.preset}"
    number = 1
    while (path := Path("runs") / f"{stem}-{number}").exists():
        number += 1
    return path


def _train(
    experiment: Experiment, backend: Backend, output: Path, checkpoint: Path | None, quiet: bool, as_json: bool
) -> None:
    from rich.console import Console

    from trm.data.sampler import GroupSampler
    from trm.model import TinyRecursiveModel
    from trm.training.run_folder import RunFolder
    from trm.training.trainer import Trainer
    from trm.utils import set_seed

    console = Console(stderr=as_json)
    with console.status("Preparing the data ..."):
        train, test = experiment.split("train"), experiment.split("test")
    set_seed(experiment.seed)
    model = TinyRecursiveModel(experiment.model_config(train))
    run_config = experiment.run_config(model.config)
    run = RunFolder(output) if checkpoint else RunFolder.create(output, run_config)
    stream = GroupSampler(train, experiment.seed, experiment.build_augmentation())
    assert experiment.training is not None
    monitor = _monitor(console, experiment, quiet or as_json)
    trainer = Trainer(model, experiment.training, backend, run=run, monitor=monitor, seed=experiment.seed)
    if checkpoint:
        trainer.resume(checkpoint, stream)
    summary = trainer.fit(stream, experiment.test_batches(test), experiment.build_metrics())
    summary |= {"run": str(output), "train_puzzles": len(train), "test_puzzles": len(test)}
    run.write_summary(summary)
    if as_json:
        print_json(summary)
    else:
        _print_summary(console, experiment, trainer, test, summary)


def _monitor(console: Any, experiment: Experiment, quiet: bool) -> Monitor:
    from trm.training.monitor import Monitor, PrintMonitor

    if quiet:
        return Monitor()
    if not for_people():
        return PrintMonitor()
    from trm.render.live import LiveMonitor

    return LiveMonitor(console, experiment)


def _print_summary(
    console: Any, experiment: Experiment, trainer: Any, test: PuzzleSet, summary: dict[str, Any]
) -> None:
    """The scores, and one unseen puzzle with its answer."""
    from trm.cli.show import show_solved

    show_solved(console, experiment, trainer, test)
    scores = ", ".join(f"{name} {value:.2%}" for name, value in summary["final_metrics"].items())
    console.print(
        f"On {summary['test_puzzles']:,} unseen puzzles: [bold]{scores}[/bold]\n"
        f"{summary['parameters']:,} parameters, {summary['steps']:,} steps, {summary['seconds'] / 60:.1f} minutes of training\n"
        f"The run is in {summary['run']}; score it again with: trm evaluate {summary['run']}",
        highlight=False,
        soft_wrap=True,
    )
