"""`trm evaluate`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from trm.cli.common import (
    device_option,
    json_option,
    print_json,
    registry_with_warnings,
    threads_option,
    use_threads,
)


@click.command("evaluate")
@click.argument("checkpoint")
@click.option(
    "--data", type=click.Path(path_type=Path), help="A folder of arrays in place of the run's own test puzzles."
)
@click.option("--dataset", help="Another of the task's datasets.")
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="task.A=B",
    help="Change a setting of the task's data, as in task.test_puzzles=5000.",
)
@click.option("--steps", type=click.IntRange(min=1), help="Supervision steps; left out, as in training.")
@click.option("--limit", type=click.IntRange(min=1), help="Score only so many puzzles.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of the data; left out, the run's.")
@device_option
@threads_option
@json_option
def command(
    checkpoint: str,
    data: Path | None,
    dataset: str | None,
    sets: tuple[str, ...],
    steps: int | None,
    limit: int | None,
    seed: int | None,
    device: str,
    threads: int | None,
    as_json: bool,
) -> None:
    """Score CHECKPOINT: a run folder, a step_N folder of it, a weights file, or a task that ships weights."""
    registry_with_warnings()
    use_threads(threads)
    from trm.cli.checkpoints import load_for_task
    from trm.devices import get_backend

    backend = get_backend(device)
    loaded = load_for_task(checkpoint)
    report = _score(loaded, backend, data, dataset, sets, steps, limit, seed)
    if as_json:
        print_json(report)
    else:
        _print(report)


def _score(
    loaded: Any,
    backend: Any,
    data: Path | None,
    dataset: str | None,
    sets: tuple[str, ...],
    steps: int | None,
    limit: int | None,
    seed: int | None,
) -> dict[str, Any]:
    from dataclasses import replace

    from rich.console import Console
    from rich.progress import Progress

    from trm.evaluation.evaluate import evaluate
    from trm.experiment import Experiment
    from trm.settings import changed_task_config

    experiment = Experiment.from_run(loaded.run)
    experiment = replace(
        experiment,
        task_config=changed_task_config(experiment.task_config, sets),
        data=data or (None if dataset else experiment.data),
        dataset=dataset or experiment.dataset,
        seed=experiment.seed if seed is None else seed,
    )
    experiment.check_names()
    model = experiment.fitted(loaded).to(backend.device)
    puzzles = experiment.split("test")
    puzzles = puzzles if limit is None else puzzles.head(limit)
    started = time.perf_counter()
    batch_size = loaded.run.training.eval_batch_size if loaded.run.training else 128
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("scoring", total=len(puzzles))
        metrics = evaluate(
            model,
            puzzles.batches(batch_size),
            experiment.build_metrics(),
            backend,
            steps,
            lambda count: progress.advance(bar, count),
        )
    return {
        "checkpoint": str(loaded.path),
        "task": experiment.spec.name,
        "step": loaded.step,
        "puzzles": len(puzzles),
        "supervision_steps": steps or model.config.n_supervision,
        "seconds": round(time.perf_counter() - started, 2),
        "metrics": metrics,
    }


def _print(report: dict[str, Any]) -> None:
    click.echo(
        f"{report['task']}: {report['puzzles']:,} puzzles, {report['supervision_steps']} supervision steps, "
        f"{report['seconds']:.1f} s"
    )
    for name, value in report["metrics"].items():
        click.echo(f"  {name:<20} {value:.2%}")
