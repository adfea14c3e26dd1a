"""`trm evaluate`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trm.cli import complete
from trm.cli.common import (
    device_option,
    json_option,
    registry_with_warnings,
    search_options,
    threads_option,
    use_threads,
)
from trm.cli.output import echo, print_json
from trm.cli.task_overrides import refuse_search, score_own_way

if TYPE_CHECKING:
    from trm.experiment.experiment import Experiment


@click.command("evaluate")
@click.argument("checkpoint", shell_complete=complete.checkpoints)
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
@search_options
@click.option(
    "--split", type=click.Choice(["train", "test"]), default="test", show_default=True, help="Which half to score."
)
@click.option("--limit", type=click.IntRange(min=1), help="Score only so many puzzles.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of the data; left out, the run's.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Folder for what some tasks write beside their scores, as ARC its submission; left out, one in the run. "
    "An interrupted evaluation goes on from it.",
)
@device_option
@threads_option
@json_option
def command(
    checkpoint: str,
    data: Path | None,
    dataset: str | None,
    sets: tuple[str, ...],
    steps: int | None,
    restarts: int,
    votes: int | None,
    answer: str | None,
    use_check: bool | None,
    split: str,
    limit: int | None,
    seed: int | None,
    output: Path | None,
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
    experiment = _chosen(loaded.run, data, dataset, sets, seed)
    if experiment.spec.evaluate is not None:
        refuse_search(experiment.spec, restarts, answer, use_check)
        report = score_own_way(loaded, experiment, backend, steps, votes, limit, output)
    else:
        search = {"restarts": restarts, "votes": votes or 1, "answer": answer, "use_check": bool(use_check)}
        report = _score(loaded, experiment, backend, steps, search, split, limit)
    if as_json:
        print_json(report)
    else:
        _print(report)


def _chosen(run: Any, data: Path | None, dataset: str | None, sets: tuple[str, ...], seed: int | None) -> Experiment:
    """The experiment of a run, with the data that was asked for."""
    from dataclasses import replace

    from trm.config.overrides import changed_task_config
    from trm.experiment.experiment import Experiment

    experiment = Experiment.from_run(run)
    experiment = replace(
        experiment,
        task_config=changed_task_config(experiment.task_config, sets),
        data=data or (None if dataset else experiment.data),
        dataset=dataset or experiment.dataset,
        seed=experiment.seed if seed is None else seed,
    )
    experiment.check_names()
    return experiment


def _score(
    loaded: Any,
    experiment: Experiment,
    backend: Any,
    steps: int | None,
    search: dict[str, Any],
    split: str,
    limit: int | None,
) -> dict[str, Any]:
    from rich.progress import Progress

    from trm.evaluation.scoring import evaluate
    from trm.experiment.experiment import check_identifiers
    from trm.render.console import Console

    model = experiment.fitted(loaded).to(backend.device)
    puzzles = experiment.split(split)
    check_identifiers(loaded, puzzles)
    puzzles = puzzles if limit is None else puzzles.head(limit)
    steps = steps or experiment.evaluation_steps(model.config)
    plan = experiment.search_plan(steps, **search)
    search["answer"] = plan.answer
    started = time.perf_counter()
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("scoring", total=len(puzzles))
        metrics = evaluate(
            model,
            puzzles.batches(experiment.evaluation_batch_size),
            experiment.build_metrics(),
            backend,
            on_batch=lambda count: progress.advance(bar, count),
            plan=plan,
        )
    return {
        "checkpoint": str(loaded.path),
        "task": experiment.spec.name,
        "step": loaded.step,
        "split": split,
        "puzzles": len(puzzles),
        "supervision_steps": steps,
        **search,
        "seconds": round(time.perf_counter() - started, 2),
        "metrics": metrics,
    }


def _print(report: dict[str, Any]) -> None:
    tries = report.get("restarts", 1) * (report["votes"] or 1)
    searched = f", {tries} tries" if tries > 1 else ""
    searched += ", the answers most trusted in all steps" if report.get("answer") == "surest" else ""
    searched += ", checked by the rules" if report.get("use_check") else ""
    echo(
        f"{report['task']}: {report['puzzles']:,} puzzles, {report['supervision_steps']} supervision steps{searched}, "
        f"{report['seconds']:.1f} s"
    )
    for name, value in report["metrics"].items():
        echo(f"  {name:<20} {value:.2%}")
    if report.get("output"):
        echo(f"Written to {report['output']}")
